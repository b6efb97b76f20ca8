//! PostgreSQL: a pool of connections for reads, writers with group commit, retries of what the engine gave up.
//!
//! Each connection has its own small runtime, so a transaction is used from an ordinary blocking thread like
//! SQLite's. Rows that two processes could both read and then write are locked first, see [`Tx::lock`]. Many keys
//! and many rows travel as arrays: one plan, whatever their number.

mod bell;
mod connection;
mod many;
mod target;
mod tx;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use bell::Bell;
use connection::Connection;
use target::Target;
use tokio::sync::{Notify, watch};
use tx::PgTx;

use super::{Job, StorageError, Tx};

/// Jobs committed together at most.
const GROUP: usize = 64;
/// Connections that write to spaces. A space is always written by the same one: a second would wait for its lock.
const SPACE_WRITERS: usize = 4;
/// Connections for all other writes.
const OTHER_WRITERS: usize = 2;
/// Times a group is tried again after the engine gave it up (deadlock, serialization, lost connection).
const TRIES: u32 = 8;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    target: Target,
    spaces: Vec<mpsc::Sender<Job>>,
    others: mpsc::Sender<Job>,
    readers: Mutex<Vec<Connection>>,
    rows_read: AtomicU64,
    bell: Bell,
}

impl Postgres {
    /// Connects, which is tried at once so that a wrong address shows at the start.
    pub(crate) fn open(url: &str, authority: Option<&Path>) -> Result<Self, StorageError> {
        let target = Target::parse(url, authority)?;
        let first = Connection::open(&target)?;
        let bell = Bell::hang(target.clone())?;
        let mut spaces = Vec::new();
        for n in 0..SPACE_WRITERS {
            let (jobs, queue) = mpsc::channel::<Job>();
            let queue = Arc::new(Mutex::new(queue));
            writer(&format!("space-{n}"), &target, &queue, Some(bell.ring()))?;
            spaces.push(jobs);
        }
        let (others, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..OTHER_WRITERS {
            writer(&format!("other-{n}"), &target, &queue, None)?;
        }
        Ok(Self {
            target,
            spaces,
            others,
            readers: Mutex::new(vec![first]),
            rows_read: AtomicU64::new(0),
            bell,
        })
    }

    pub(crate) fn submit(&self, job: Job) -> Result<(), StorageError> {
        let queue = job.space.as_ref().map_or(&self.others, |space| {
            let mut hasher = DefaultHasher::new();
            space.hash(&mut hasher);
            &self.spaces[(hasher.finish() % SPACE_WRITERS as u64) as usize]
        });
        queue.send(job).map_err(|_| StorageError::Closed)
    }

    /// Counts what was heard of growing logs, in this process and in others.
    pub(crate) fn heard(&self) -> watch::Receiver<u64> {
        self.bell.heard()
    }

    /// Runs `f` on a snapshot.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = self.reader()?;
        let mut tx = PgTx::on(&mut connection);
        let result = f(&mut tx);
        let (rows, broken) = (tx.rows, tx.lost);
        self.rows_read.fetch_add(rows, Relaxed);
        if !broken && connection.batch("ROLLBACK").is_ok() {
            // All are kept: opening one costs far more than what most of them read. `Storage` bounds how many there are.
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.push(connection);
        }
        result
    }

    /// A connection in a snapshot. An idle one may have died with its server: the next is tried then.
    fn reader(&self) -> Result<Connection, StorageError> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        loop {
            let idle = self
                .readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(connection) = idle else { break };
            if connection.batch(BEGIN).is_ok() {
                return Ok(connection);
            }
        }
        let connection = Connection::open(&self.target)?;
        connection.batch(BEGIN)?;
        Ok(connection)
    }

    /// Runs the migrations that `missing` names for the version found, in one transaction under a lock.
    pub(crate) fn migrate(
        &self,
        missing: impl FnOnce(i64) -> Result<Vec<(i64, String)>, StorageError>,
    ) -> Result<(), StorageError> {
        let mut connection = Connection::open(&self.target)?;
        connection.batch(
            "BEGIN; SELECT pg_advisory_xact_lock(7862347);
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);",
        )?;
        let mut tx = PgTx::on(&mut connection);
        let tx: &mut dyn Tx = &mut tx;
        let found = tx.first("SELECT version FROM schema_version", &[], |row| row.int(0))?;
        for (version, sql) in missing(found.unwrap_or(0))? {
            connection.batch(&sql)?;
            connection.batch(&format!(
                "DELETE FROM schema_version; INSERT INTO schema_version VALUES ({version});"
            ))?;
        }
        connection.batch("COMMIT")
    }

    pub(crate) fn rows_read(&self) -> u64 {
        self.rows_read.load(Relaxed)
    }
}

/// Starts a thread that writes what comes in a queue, and rings the bell after each commit.
fn writer(
    name: &str,
    target: &Target,
    queue: &Arc<Mutex<mpsc::Receiver<Job>>>,
    bell: Option<Arc<Notify>>,
) -> Result<(), StorageError> {
    let (target, queue) = (target.clone(), Arc::clone(queue));
    std::thread::Builder::new()
        .name(format!("postgres-{name}"))
        .spawn(move || write_loop(&target, &queue, bell.as_deref()))
        .map_err(|e| StorageError::Engine(e.to_string()))?;
    Ok(())
}

fn write_loop(target: &Target, queue: &Mutex<mpsc::Receiver<Job>>, bell: Option<&Notify>) {
    let mut connection = None;
    while let Some(mut group) = next_group(queue) {
        let mut result = Err(StorageError::Closed);
        for attempt in 1..=TRIES {
            let last = attempt == TRIES;
            let (error, again) = match write_group(target, &mut connection, &mut group, last) {
                Ok(()) => {
                    result = Ok(());
                    break;
                }
                Err(failed) => failed,
            };
            result = Err(error);
            // What is left of the transaction must not meet the next group.
            connection = connection.filter(|c| c.batch("ROLLBACK").is_ok());
            if !again {
                break;
            }
            // Those who deadlocked must not meet again at once; a database that restarts needs a moment.
            std::thread::sleep(Duration::from_millis(5 << attempt));
        }
        if let (Ok(()), Some(bell)) = (&result, bell) {
            bell.notify_one();
        }
        for job in group {
            (job.answer)(result.as_ref().copied().map_err(StorageError::again));
        }
    }
}

/// The jobs that wait, at least one; `None` when nobody can send more. In the order of their spaces, so that groups
/// of several processes hold spaces in one order and never wait for each other in a circle.
fn next_group(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut group = vec![queue.recv().ok()?];
    while group.len() < GROUP
        && let Ok(job) = queue.try_recv()
    {
        group.push(job);
    }
    group.sort_by(|a, b| a.space.cmp(&b.space));
    Some(group)
}

/// One transaction for a group; each job in a savepoint. On failure says whether to try again. At the last try a job
/// whose statement still fails undoes only itself, and the others go on.
fn write_group(
    target: &Target,
    connection: &mut Option<Connection>,
    group: &mut [Job],
    last: bool,
) -> Result<(), (StorageError, bool)> {
    if connection.is_none() {
        *connection = Some(Connection::open(target).map_err(|e| (e, true))?);
    }
    let Some(connection) = connection else {
        return Err((StorageError::Closed, false));
    };
    // The end of one savepoint travels with the begin of the next.
    let mut next = "BEGIN; SAVEPOINT job";
    for job in group {
        connection.batch(next).map_err(|e| (e, true))?;
        let mut tx = PgTx::on(connection);
        let keep = super::run(job, &mut tx);
        if let Some(error) = tx.again.take_if(|_| tx.lost || !last) {
            return Err((error, true));
        }
        next = if keep {
            "RELEASE job; SAVEPOINT job"
        } else {
            "ROLLBACK TO job; RELEASE job; SAVEPOINT job"
        };
    }
    let end = next.trim_end_matches("; SAVEPOINT job");
    connection.batch(end).map_err(|e| (e, true))?;
    connection.batch("COMMIT").map_err(|e| (e, false))
}
