//! Threads that write: those that share what comes, and one for each space that somebody else holds.
//!
//! In come jobs, out go their answers after the commit. A space whose row another transaction holds for longer than a
//! moment gets a thread of its own, so that its neighbours do not wait for it; there it is tried for a while and then
//! answered as busy. A commit whose answer is lost is asked for.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::{connection::Connection, target::Target, tx::PgTx};
use crate::storage::driver::{self, Job, StorageError};

/// Jobs committed together at most.
const GROUP: usize = 64;
/// Connections that write to spaces. A space is always written by the same one: a second would wait for its lock.
const SPACE_WRITERS: usize = 4;
/// Connections for all other writes.
const OTHER_WRITERS: usize = 2;
/// Threads for spaces that are held by others, at most: what comes for more of them is busy at once.
const APART: usize = 8;
/// Times a group is tried again after the engine gave it up (deadlock, serialization, lost connection).
const TRIES: u32 = 8;
/// How long a shared writer waits for a lock. Other processes hold a space for some milliseconds.
const MOMENT: &str = "SET lock_timeout = '400ms'";
/// How long a thread of one space is kept when nothing comes.
const IDLE: Duration = Duration::from_millis(500);

/// The threads of one process.
pub(super) struct Writers {
    spaces: Vec<mpsc::Sender<Job>>,
    others: mpsc::Sender<Job>,
    apart: Arc<Apart>,
}

/// Spaces that have a thread of their own now.
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

    /// Gives a job of a space that is held to the space's own thread.
    fn take(self: &Arc<Self>, job: Job) {
        let space = job.space.clone().unwrap_or_default();
        let mut threads = self.lock();
        if let Some(thread) = threads.get(&space) {
            // It leaves the map before it ends, so it is there to take this.
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

    /// Writes what comes for one space until nothing comes any more.
    fn follow(&self, space: &str, queue: &mpsc::Receiver<Job>) {
        let mut writer = Writer::new(&self.target, Some(&self.bell), None);
        loop {
            let first = match queue.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    // Under the lock nobody can send: what is not here now goes to the shared writers.
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

/// Starts a thread that writes what comes in a queue.
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
        .map_err(|e| StorageError::Engine(e.to_string()))?;
    Ok(())
}

/// The jobs that wait, at least one; `None` when nobody can send more. In the order of their spaces, so that groups
/// of several processes hold spaces in one order and never wait for each other in a circle.
fn next_group(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.recv().ok()?;
    let mut group = gather(first, &queue);
    group.sort_by(|a, b| a.space.cmp(&b.space));
    Some(group)
}

/// A connection and what it writes.
struct Writer {
    target: Target,
    connection: Option<Connection>,
    /// Rung after each commit.
    bell: Option<Arc<Notify>>,
    /// Where jobs of a space go that somebody else holds; without it they wait here.
    apart: Option<Arc<Apart>>,
}

/// How a group's transaction failed.
struct Failed {
    error: StorageError,
    /// Whether the same may succeed when tried again.
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
            // What is left of the transaction must not meet the next group.
            self.connection = self
                .connection
                .take()
                .filter(|c| c.batch("ROLLBACK").is_ok());
            if !failed.again {
                break;
            }
            // Those who deadlocked must not meet again at once; a database that restarts needs a moment.
            std::thread::sleep(Duration::from_millis(5 << attempt));
        }
        if let (Ok(()), Some(bell)) = (&result, &self.bell) {
            bell.notify_one();
        }
        for (at, job) in group.into_iter().enumerate() {
            match &self.apart {
                Some(apart) if held.contains(&at) => apart.take(job),
                _ => (job.answer)(result.as_ref().copied().map_err(StorageError::again)),
            }
        }
    }

    /// One transaction for a group; each job in a savepoint. On failure says whether to try again. At the last try a
    /// job whose statement still fails undoes only itself, and the others go on. Returns the jobs of spaces that
    /// somebody else holds: nothing of them was written.
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
        // The end of one savepoint travels with the begin of the next.
        let mut next = "BEGIN; SAVEPOINT job";
        for at in 0..group.len() {
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
        // The transaction's number, for the case that the answer to its commit is lost.
        let end = format!("{end}; SELECT pg_current_xact_id_if_assigned()::text");
        let number = connection
            .ask(&end)
            .map_err(|e| again(super::connection::engine(&e)))?;
        let Err(error) = connection.batch("COMMIT") else {
            return Ok(held);
        };
        self.connection = None;
        match number {
            // It wrote nothing.
            None => Err(again(error)),
            Some(number) => self.became(&number, error).map(|()| held),
        }
    }

    /// Asks what became of a transaction whose commit was not answered.
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
                    tracing::warn!(%error, "the answer to a commit was lost; the database says that it was kept");
                    return Ok(());
                }
                Some("aborted") => return Err(again(error)),
                // Its connection has not noticed yet.
                _ => {}
            }
        }
        tracing::error!(%error, "the answer to a commit was lost and the database does not say what became of it");
        Err(Failed {
            error,
            again: false,
        })
    }
}
