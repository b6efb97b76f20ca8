//! Writer threads: shared ones, and one for each space whose row another transaction holds.
//!
//! A job is answered after its commit. If another transaction holds the row of a space for longer than the short
//! timeout of the shared writers, the space gets its own thread, so that jobs of other spaces do not wait for it. There
//! a job waits up to the connection's lock timeout and then fails with [`StorageError::Blocked`]. If the answer to a
//! commit is lost, the database is asked for the state of the transaction.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use sync_core::causes::with_causes;
use tokio::sync::Notify;

use super::{connection::Connection, target::Target, tx::PgTx};
use crate::storage::driver::{self, Job, StorageError};

/// Jobs committed together at most.
const GROUP: usize = 64;
/// Connections that write to spaces. A space is always written by the same one: a second one would wait for its lock.
const SPACE_WRITERS: usize = 4;
/// Connections for all other writes.
const OTHER_WRITERS: usize = 2;
/// Threads for spaces whose row another transaction holds, at most. Jobs of further such spaces fail with
/// [`StorageError::Blocked`] at once.
const APART: usize = 8;
/// Attempts to commit a group: it is retried after a deadlock, a serialization failure or a lost connection.
const TRIES: u32 = 8;
/// How long a shared writer waits for a lock. Other processes normally hold a space for some milliseconds.
const MOMENT: &str = "SET lock_timeout = '400ms'";
/// How long the thread of a space waits for another job before it ends.
const IDLE: Duration = Duration::from_millis(500);

/// The writer threads of one process.
pub(super) struct Writers {
    spaces: Vec<mpsc::Sender<Job>>,
    others: mpsc::Sender<Job>,
    apart: Arc<Apart>,
}

/// The spaces that have their own thread now.
struct Apart {
    target: Target,
    bell: Arc<Notify>,
    threads: Mutex<HashMap<String, mpsc::Sender<Job>>>,
}

impl Writers {
    pub(super) fn start(target: &Target, bell: &Arc<Notify>) -> Result<Self, StorageError> {
        let apart = Arc::new(Apart {
            target: target.clone(),
            bell: Arc::clone(bell),
            threads: Mutex::default(),
        });
        let mut spaces = Vec::new();
        for n in 0..SPACE_WRITERS {
            let (jobs, queue) = mpsc::channel::<Job>();
            let writer = Writer::new(target, Some(bell), Some(&apart));
            spawn(format!("space-{n}"), writer, Arc::new(Mutex::new(queue)))?;
            spaces.push(jobs);
        }
        let (others, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..OTHER_WRITERS {
            let writer = Writer::new(target, None, None);
            spawn(format!("other-{n}"), writer, Arc::clone(&queue))?;
        }
        Ok(Self {
            spaces,
            others,
            apart,
        })
    }

    pub(super) fn submit(&self, job: Job) -> Result<(), StorageError> {
        let Some(space) = &job.space else {
            return self.others.send(job).map_err(|_| StorageError::Closed);
        };
        let threads = self.apart.lock();
        // Sent under the lock: a thread leaves the map only under the same lock, so it still receives this job.
        if let Some(thread) = threads.get(space) {
            return thread.send(job).map_err(|_| StorageError::Closed);
        }
        drop(threads);
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        let writer = &self.spaces[(hasher.finish() % SPACE_WRITERS as u64) as usize];
        writer.send(job).map_err(|_| StorageError::Closed)
    }
}

impl Apart {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::Sender<Job>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a job of a space that another transaction holds to the space's own thread.
    fn take(self: &Arc<Self>, job: Job) {
        let space = job.space.clone().unwrap_or_default();
        let mut threads = self.lock();
        if let Some(thread) = threads.get(&space) {
            // The thread leaves the map under this lock before it ends, so it still receives the job.
            if let Err(back) = thread.send(job) {
                (back.0.answer)(Err(StorageError::Closed));
            }
            return;
        }
        if threads.len() >= APART {
            drop(threads);
            (job.answer)(Err(StorageError::Blocked));
            return;
        }
        tracing::warn!(%space, "another transaction holds the space; its writes wait apart from the others");
        let (jobs, queue) = mpsc::channel::<Job>();
        let (apart, own) = (Arc::clone(self), space.clone());
        let spawned = std::thread::Builder::new()
            .name("postgres-apart".to_owned())
            .spawn(move || apart.follow(&own, &queue));
        if spawned.is_err() {
            (job.answer)(Err(StorageError::Blocked));
            return;
        }
        if let Err(back) = jobs.send(job) {
            (back.0.answer)(Err(StorageError::Closed));
        }
        threads.insert(space, jobs);
    }

    /// Writes the jobs of one space until none arrives for [`IDLE`].
    fn follow(&self, space: &str, queue: &mpsc::Receiver<Job>) {
        let mut writer = Writer::new(&self.target, Some(&self.bell), None);
        loop {
            let first = match queue.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    // Under the lock no job can be sent: later jobs go to the shared writers.
                    let mut threads = self.lock();
                    let Ok(job) = queue.try_recv() else {
                        threads.remove(space);
                        return;
                    };
                    job
                }
            };
            writer.write(gather(first, queue));
        }
    }
}

fn gather(first: Job, queue: &mpsc::Receiver<Job>) -> Vec<Job> {
    let mut group = vec![first];
    while group.len() < GROUP
        && let Ok(job) = queue.try_recv()
    {
        group.push(job);
    }
    group
}

/// Starts a thread that writes the jobs of a queue.
fn spawn(
    name: String,
    mut writer: Writer,
    queue: Arc<Mutex<mpsc::Receiver<Job>>>,
) -> Result<(), StorageError> {
    let follow = move || {
        while let Some(group) = next_group(&queue) {
            writer.write(group);
        }
    };
    std::thread::Builder::new()
        .name(format!("postgres-{name}"))
        .spawn(follow)
        .map_err(StorageError::engine)?;
    Ok(())
}

/// The waiting jobs, at least one; `None` if no sender is left. They are in the order of their spaces, so that groups
/// of several processes lock spaces in the same order and do not deadlock.
fn next_group(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.recv().ok()?;
    let mut group = gather(first, &queue);
    group.sort_by(|a, b| a.space.cmp(&b.space));
    Some(group)
}

/// A connection and the groups that it writes.
struct Writer {
    target: Target,
    connection: Option<Connection>,
    /// Notified after each commit.
    bell: Option<Arc<Notify>>,
    /// Takes the jobs of spaces that another transaction holds; without it they wait here.
    apart: Option<Arc<Apart>>,
}

/// How a group's transaction failed.
struct Failed {
    error: StorageError,
    /// Whether a retry may succeed.
    again: bool,
}

fn again(error: StorageError) -> Failed {
    Failed { error, again: true }
}

impl Writer {
    fn new(target: &Target, bell: Option<&Arc<Notify>>, apart: Option<&Arc<Apart>>) -> Self {
        Self {
            target: target.clone(),
            connection: None,
            bell: bell.cloned(),
            apart: apart.cloned(),
        }
    }

    /// Writes a group and answers its jobs.
    fn write(&mut self, mut group: Vec<Job>) {
        let mut result = Err(StorageError::Closed);
        let mut held = Vec::new();
        for attempt in 1..=TRIES {
            let failed = match self.attempt(&mut group, attempt == TRIES) {
                Ok(found) => {
                    (held, result) = (found, Ok(()));
                    break;
                }
                Err(failed) => failed,
            };
            result = Err(failed.error);
            // The next group must not run in the rest of this transaction.
            self.connection = self
                .connection
                .take()
                .filter(|c| c.batch("ROLLBACK").is_ok());
            if !failed.again {
                break;
            }
            // Back-off: transactions that deadlocked must not meet again at once, and a database that restarts needs
            // time.
            std::thread::sleep(Duration::from_millis(5 << attempt));
        }
        if let (Ok(()), Some(bell)) = (&result, &self.bell) {
            bell.notify_one();
        }
        for (at, job) in group.into_iter().enumerate() {
            match &self.apart {
                Some(apart) if held.contains(&at) => apart.take(job),
                _ => (job.answer)(result.clone()),
            }
        }
    }

    /// Runs a group in one transaction, each job in a savepoint. A failure states whether to retry. In the last
    /// attempt, a job whose statement still fails is rolled back alone and the others are committed. Returns the jobs
    /// of spaces that another transaction holds; none of their writes is kept.
    fn attempt(&mut self, group: &mut [Job], last: bool) -> Result<Vec<usize>, Failed> {
        if self.connection.is_none() {
            let connection = Connection::open(&self.target).map_err(again)?;
            if self.apart.is_some() {
                connection.batch(MOMENT).map_err(again)?;
            }
            self.connection = Some(connection);
        }
        let Some(connection) = &mut self.connection else {
            return Err(again(StorageError::Closed));
        };
        let mut held: Vec<usize> = Vec::new();
        // One request ends a savepoint and begins the next.
        let mut next = "BEGIN; SAVEPOINT job";
        for at in 0..group.len() {
            // Once a job of a space is blocked, the later ones of the space wait too: their order is kept.
            let same = |other: &usize| group[*other].space == group[at].space;
            if self.apart.is_some() && held.iter().any(same) {
                held.push(at);
                continue;
            }
            connection.batch(next).map_err(again)?;
            let mut tx = PgTx::on(connection);
            let keep = driver::run(&mut group[at], &mut tx);
            if tx.lost && tx.again.is_none() {
                return Err(again(StorageError::Closed));
            }
            if let Some(error) = tx.again.take_if(|_| tx.lost || !last) {
                return Err(again(error));
            }
            if tx.blocked {
                held.push(at);
            }
            next = if keep {
                "RELEASE job; SAVEPOINT job"
            } else {
                "ROLLBACK TO job; RELEASE job; SAVEPOINT job"
            };
        }
        let end = next.trim_end_matches("; SAVEPOINT job");
        // The transaction's id is needed if the answer to its commit is lost.
        let end = format!("{end}; SELECT pg_current_xact_id_if_assigned()::text");
        let number = connection
            .ask(&end)
            .map_err(|e| again(super::connection::engine(e)))?;
        let Err(error) = connection.batch("COMMIT") else {
            return Ok(held);
        };
        self.connection = None;
        match number {
            // Without an id the transaction has written nothing.
            None => Err(again(error)),
            Some(number) => self.became(&number, error).map(|()| held),
        }
    }

    /// Asks for the state of a transaction whose commit was not answered.
    fn became(&mut self, number: &str, error: StorageError) -> Result<(), Failed> {
        let sql = format!("SELECT pg_xact_status('{number}'::xid8)");
        for attempt in 1..=TRIES {
            std::thread::sleep(Duration::from_millis(5 << attempt));
            let Ok(connection) = Connection::open(&self.target) else {
                continue;
            };
            let Ok(said) = connection.ask(&sql) else {
                continue;
            };
            match said.as_deref() {
                Some("committed") => {
                    tracing::warn!(error = %with_causes(&error), "the answer to a commit was lost; the database says that it was kept");
                    return Ok(());
                }
                Some("aborted") => return Err(again(error)),
                // The server has not yet noticed that the connection is lost.
                _ => {}
            }
        }
        tracing::error!(error = %with_causes(&error), "the answer to a commit was lost and the database does not say what became of it");
        Err(Failed {
            error,
            again: false,
        })
    }
}
