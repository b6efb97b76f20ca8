//! SQLite: one writer thread with group commit, and a pool of readers; WAL, `synchronous=FULL`.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
};

use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior, types::ValueRef};

use super::{Job, Row, StorageError, Tx, Value, places};
use crate::storage::table::Table;

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

struct SqliteTx<'c> {
    connection: &'c Connection,
    rows: u64,
}

impl<'c> SqliteTx<'c> {
    fn on(connection: &'c Connection) -> Self {
        Self {
            connection,
            rows: 0,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Bytes(v) => ValueRef::Blob(v),
            Self::Digest(v) => ValueRef::Blob(v),
        }))
    }
}

/// Whether the parameters `$1`, `$2` … of a statement first occur in this order. SQLite takes them for names and numbers
/// them as they occur, PostgreSQL takes them for numbers: in another order the engines bind different values.
fn is_in_order(sql: &str) -> bool {
    let mut known = 0;
    sql.split('$').skip(1).all(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: usize = rest[..digits].parse().unwrap_or(0);
        let next = number == known + 1;
        known += usize::from(next);
        next || number <= known
    })
}

impl Tx for SqliteTx<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StorageError> {
        debug_assert!(is_in_order(sql), "{sql}");
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(values))
            .map_err(engine)?;
        Ok(changed as u64)
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        debug_assert!(is_in_order(sql), "{sql}");
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(engine)?;
        while let Some(row) = rows.next().map_err(engine)? {
            self.rows += 1;
            each(&SqliteRow(row))?;
        }
        Ok(())
    }

    /// Row by row: a statement with many rows would keep its own journal to roll itself back.
    fn insert_all(
        &mut self,
        table: &Table,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError> {
        let width = table.columns.len();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} {conflict}",
            table.name,
            table.names(),
            places(0, width)
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(engine)?;
        for row in values.chunks_exact(width) {
            statement
                .execute(rusqlite::params_from_iter(row))
                .map_err(engine)?;
        }
        Ok(())
    }

    /// Nothing to lock: there is one writer.
    fn lock(&mut self, _: &str, _: &[Value<'_>]) -> Result<bool, StorageError> {
        Ok(false)
    }

    /// None: the program restores files itself.
    fn origin(&mut self) -> Result<Option<String>, StorageError> {
        Ok(None)
    }

    /// None: one process writes, by its own clock.
    fn clock(&mut self) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    /// Nothing to create: one file holds all spaces.
    fn open_space(&mut self, _: &str) -> Result<(), StorageError> {
        Ok(())
    }
}

struct SqliteRow<'r>(&'r rusqlite::Row<'r>);

impl Row for SqliteRow<'_> {
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
    fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
    fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
}

pub(crate) fn engine(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::Full,
        Some(ErrorCode::ReadOnly) => StorageError::ReadOnly,
        // Another process held the lock for longer than the busy timeout.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Blocked,
        _ => StorageError::engine(without_statement(error)),
    }
}

/// The same error with a text that does not repeat the statement.
fn without_statement(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(msg))
        }
        other => other,
    }
}
