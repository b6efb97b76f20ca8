//! SQLite: one writer thread with group commit, and a pool of readers; WAL, `synchronous=FULL`.
//!
//! Statements come in as jobs and reads, their results go out. It contains no statement about records: the tables belong
//! to the files of `storage`.

mod error;
mod tx;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub(crate) use self::error::engine;
use self::tx::SqliteTx;
use super::{Job, StorageError, Tx};

/// Jobs committed together at most: with more of them, the cost of the fsync per job is already small.
const GROUP: usize = 256;
/// Idle read connections kept.
const READERS: usize = 8;

/// A SQLite database.
pub(crate) struct Sqlite {
    path: PathBuf,
    /// The path or URI with which further connections are opened.
    address: String,
    flags: OpenFlags,
    /// `None`: closed. Each read holds the lock, so that closing waits for it.
    open: RwLock<Option<Open>>,
    /// Rows that reads have returned: the cost of requests, independent of the machine.
    rows_read: AtomicU64,
}

/// What closing ends.
struct Open {
    /// `None`: opened for reading only.
    writer: Option<Writer>,
    /// Idle connections for reading.
    readers: Mutex<Vec<Connection>>,
}

/// The writer's thread and its queue.
struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: std::thread::JoinHandle<()>,
}

/// Page cache of the writer in KiB, negative as SQLite wants it. The pages that one transaction changes must fit:
/// otherwise SQLite writes them out before the commit and reads them again. Keys that are hashes touch pages all over
/// their trees. Measured on the ingest benchmark (72,000 changes): 16 MiB, 137,000 reads and 331,000 writes; 32 MiB,
/// 57,000 and 258,000.
const WRITER_CACHE: i64 = -32 * 1024;

/// Flags of read connections to a database that has a writer.
const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StorageError> {
        let connection = connect(path, OpenFlags::default())?;
        connection
            .pragma_update(None, "cache_size", WRITER_CACHE)
            .map_err(engine)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_loop(&connection, &queue))
            .map_err(StorageError::engine)?;
        Ok(Self {
            path: path.to_owned(),
            address: path.to_string_lossy().into_owned(),
            flags: READING,
            open: RwLock::new(Some(Open {
                writer: Some(Writer { jobs, thread }),
                readers: Mutex::default(),
            })),
            rows_read: AtomicU64::new(0),
        })
    }

    /// Opens a database that no process writes to, without creating a file: a copy, or a database on a read-only disk.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, StorageError> {
        let address = immutable(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&address, flags).map_err(engine)?;
        connection
            .query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))
            .map_err(engine)?;
        Ok(Self {
            path: path.to_owned(),
            address,
            flags,
            open: RwLock::new(Some(Open {
                writer: None,
                readers: Mutex::new(vec![connection]),
            })),
            rows_read: AtomicU64::new(0),
        })
    }

    pub(crate) fn submit(&self, job: Job) -> Result<(), StorageError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or(StorageError::Closed)?;
        let writer = open.writer.as_ref().ok_or(StorageError::ReadOnly)?;
        writer.jobs.send(job).map_err(|_| StorageError::Closed)
    }

    /// Waits for the reads in progress and for all accepted writes, then closes every connection; closing the last one
    /// removes the write-ahead log.
    pub(crate) fn close(&self) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Open { writer, readers }) = open.take() else {
            return;
        };
        drop(readers);
        if let Some(Writer { jobs, thread }) = writer {
            drop(jobs);
            let _ = thread.join();
        }
    }

    /// Reads every page; the error states what is damaged.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        let connection = Connection::open_with_flags(&self.address, self.flags).map_err(engine)?;
        let said: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(engine)?;
        if said == "ok" {
            return Ok(());
        }
        Err(StorageError::Damaged(format!("integrity check: {said}")))
    }

    /// Runs `f` on a snapshot.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let Open { writer, readers } = open.as_ref().ok_or(StorageError::Closed)?;
        let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None if writer.is_some() => connect(&self.path, self.flags)?,
            None => Connection::open_with_flags(&self.address, self.flags).map_err(engine)?,
        };
        connection.execute_batch("BEGIN").map_err(engine)?;
        let mut tx = SqliteTx::on(&connection);
        let result = f(&mut tx);
        self.rows_read.fetch_add(tx.rows, Relaxed);
        connection.execute_batch("ROLLBACK").map_err(engine)?;
        let mut readers = readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    /// Rows that reads have returned since the start.
    pub(crate) fn rows_read(&self) -> u64 {
        self.rows_read.load(Relaxed)
    }

    /// Stops all writing, in every process, or permits it again.
    pub(crate) fn set_moved(&self, moved: bool) -> Result<(), StorageError> {
        let mut connection = connect(&self.path, OpenFlags::default())?;
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(engine)?;
        let released: bool = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'moved' AND length(value) > 1)",
                [],
                |row| row.get(0),
            )
            .map_err(engine)?;
        if released {
            return Err(StorageError::Released);
        }
        let sql = if moved {
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('moved', x'31')"
        } else {
            "DELETE FROM meta WHERE name = 'moved'"
        };
        tx.execute(sql, []).map_err(engine)?;
        tx.commit().map_err(engine)
    }

    /// Stops all writing permanently: another database serves the contents under this name.
    pub(crate) fn set_released(&self, name: &[u8]) -> Result<(), StorageError> {
        let value = [b"released ", name].concat();
        let connection = connect(&self.path, OpenFlags::default())?;
        // The move may have been undone while it compared both databases; this one has then accepted writes since.
        let sql = "UPDATE meta SET value = $1 WHERE name = 'moved' AND value IN (x'31', $1)";
        match connection.execute(sql, [value]).map_err(engine)? {
            0 => Err(StorageError::Undone),
            _ => Ok(()),
        }
    }

    /// Copies the whole database, consistently, while other transactions write.
    pub(crate) fn backup(&self, to: &Path) -> Result<(), StorageError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or(StorageError::Closed)?;
        let source = if open.writer.is_some() {
            connect(&self.path, self.flags)?
        } else {
            Connection::open_with_flags(&self.address, self.flags).map_err(engine)?
        };
        source
            .execute("VACUUM INTO $1", [to.to_string_lossy()])
            .map_err(engine)?;
        Ok(())
    }
}

/// The URI of a file that does not change while it is open.
fn immutable(path: &Path) -> String {
    let mut name = String::new();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => name.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("file:{name}?immutable=1")
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StorageError> {
    let connection = Connection::open_with_flags(path, flags).map_err(engine)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;
             PRAGMA cache_size=-16384; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=8000;
             PRAGMA temp_store=MEMORY;", // memory, because savepoints keep their journal of pages there
        )
        .map_err(engine)?;
    Ok(connection)
}

fn write_loop(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut done = Vec::new();
        let result = write_group(connection, first, queue, &mut done);
        if result.is_err() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for job in done {
            (job.answer)(result.clone());
        }
    }
}

/// Runs all waiting jobs in one transaction. A failed job must roll back only itself: if one fails after it has
/// written, all are rolled back and run again, each in a savepoint. Savepoints from the start would copy every page
/// that each job touches.
fn write_group(
    connection: &Connection,
    first: Job,
    queue: &mpsc::Receiver<Job>,
    done: &mut Vec<Job>,
) -> Result<(), StorageError> {
    let begun = begin(connection);
    let mut clean = true;
    let mut next = Some(first);
    while let Some(mut job) = next {
        if begun.is_ok() && clean {
            let before = connection.total_changes();
            let keep = super::run(&mut job, &mut SqliteTx::on(connection));
            clean = keep || connection.total_changes() == before;
        }
        done.push(job);
        next = if begun.is_ok() && clean && done.len() < GROUP {
            queue.try_recv().ok()
        } else {
            None
        };
    }
    begun?;
    if !clean {
        // A full disk may already have ended the transaction.
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").map_err(engine)?;
        }
        begin(connection)?;
        for job in done {
            connection.execute_batch("SAVEPOINT job").map_err(engine)?;
            let end = if super::run(job, &mut SqliteTx::on(connection)) {
                "RELEASE job"
            } else {
                "ROLLBACK TO job; RELEASE job"
            };
            connection.execute_batch(end).map_err(engine)?;
        }
    }
    connection.execute_batch("COMMIT").map_err(engine)
}

fn begin(connection: &Connection) -> Result<(), StorageError> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(engine)?;
    // The transaction holds the write lock, so no other process can start a move before it ends.
    still_here(connection)
}

/// Checks that this database still accepts writes: another process may be moving its contents.
fn still_here(connection: &Connection) -> Result<(), StorageError> {
    let sql = "SELECT 1 FROM meta WHERE name = 'moved'";
    let mut statement = connection.prepare_cached(sql).map_err(engine)?;
    if statement.exists([]).map_err(engine)? {
        return Err(StorageError::Moved);
    }
    Ok(())
}
