//! PostgreSQL: a pool of connections for reads, writers with group commit, retries of what the engine gave up.
//!
//! Each connection has its own small runtime, so a transaction is used from an ordinary blocking thread like
//! SQLite's. Rows that two processes could both read and then write are locked first, see [`Tx::lock`].

mod connection;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use tokio_postgres::{
    Config,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use connection::{Connection, engine, may_succeed_again, parse};

use super::{Job, Row, StorageError, Tx, Value};

/// Jobs committed together at most.
const GROUP: usize = 64;
/// Connections that write: more only wait for each other's locks.
const WRITERS: usize = 4;
/// Idle read connections kept.
const READERS: usize = 8;
/// Times a group is tried again after the engine gave it up (deadlock, serialization, lost connection).
const TRIES: u32 = 8;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    config: Config,
    jobs: mpsc::Sender<Job>,
    readers: Mutex<Vec<Connection>>,
    rows_read: AtomicU64,
}

impl Postgres {
    /// Connects, which is tried at once so that a wrong address shows at the start.
    pub(crate) fn open(url: &str) -> Result<Self, StorageError> {
        let config = parse(url)?;
        let first = Connection::open(&config)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..WRITERS {
            let (queue, config) = (Arc::clone(&queue), config.clone());
            std::thread::Builder::new()
                .name(format!("postgres-writer-{n}"))
                .spawn(move || write_loop(&config, &queue))
                .map_err(|e| StorageError::Engine(e.to_string()))?;
        }
        Ok(Self {
            config,
            jobs,
            readers: Mutex::new(vec![first]),
            rows_read: AtomicU64::new(0),
        })
    }

    pub(crate) fn submit(&self, job: Job) -> Result<(), StorageError> {
        self.jobs.send(job).map_err(|_| StorageError::Closed)
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
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS {
                readers.push(connection);
            }
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
        let connection = Connection::open(&self.config)?;
        connection.batch(BEGIN)?;
        Ok(connection)
    }

    /// Runs the migrations that `missing` names for the version found, in one transaction under a lock.
    pub(crate) fn migrate(
        &self,
        missing: impl FnOnce(i64) -> Result<Vec<(i64, String)>, StorageError>,
    ) -> Result<(), StorageError> {
        let mut connection = Connection::open(&self.config)?;
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

fn write_loop(config: &Config, queue: &Mutex<mpsc::Receiver<Job>>) {
    let mut connection = None;
    while let Some(mut group) = next_group(queue) {
        let mut result = Err(StorageError::Closed);
        for attempt in 1..=TRIES {
            let last = attempt == TRIES;
            let (error, again) = match write_group(config, &mut connection, &mut group, last) {
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
        for job in group {
            (job.answer)(result.as_ref().copied().map_err(StorageError::again));
        }
    }
}

/// The jobs that wait, at least one; `None` when nobody can send more.
fn next_group(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut group = vec![queue.recv().ok()?];
    while group.len() < GROUP
        && let Ok(job) = queue.try_recv()
    {
        group.push(job);
    }
    Some(group)
}

/// One transaction for a group; each job in a savepoint. On failure says whether to try again. At the last try a job
/// whose statement still fails undoes only itself, and the others go on.
fn write_group(
    config: &Config,
    connection: &mut Option<Connection>,
    group: &mut [Job],
    last: bool,
) -> Result<(), (StorageError, bool)> {
    if connection.is_none() {
        *connection = Some(Connection::open(config).map_err(|e| (e, true))?);
    }
    let Some(connection) = connection else {
        return Err((StorageError::Closed, false));
    };
    connection.batch("BEGIN").map_err(|e| (e, true))?;
    for job in group {
        let mut tx = PgTx::on(connection);
        tx.batch("SAVEPOINT job")?;
        let keep = super::run(job, &mut tx);
        if let Some(error) = tx.again.take_if(|_| tx.lost || !last) {
            return Err((error, true));
        }
        tx.batch(if keep {
            "RELEASE job"
        } else {
            "ROLLBACK TO job; RELEASE job"
        })?;
    }
    connection.batch("COMMIT").map_err(|e| (e, false))
}

struct PgTx<'c> {
    connection: &'c mut Connection,
    rows: u64,
    /// A statement failed in a way that may succeed when the whole is tried again.
    again: Option<StorageError>,
    lost: bool,
}

impl<'c> PgTx<'c> {
    fn on(connection: &'c mut Connection) -> Self {
        Self {
            connection,
            rows: 0,
            again: None,
            lost: false,
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), (StorageError, bool)> {
        self.connection.batch(sql).map_err(|e| (e, true))
    }

    fn failed(&mut self, error: &tokio_postgres::Error) -> StorageError {
        if may_succeed_again(error) {
            self.again = Some(engine(error));
        }
        self.lost |= error.is_closed();
        engine(error)
    }

    fn run(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        let statement = self.connection.statement(sql)?;
        let parameters: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        let Connection {
            client, runtime, ..
        } = &mut *self.connection;
        runtime.block_on(client.query(&statement, &parameters))
    }
}

impl Tx for PgTx<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StorageError> {
        let statement = self
            .connection
            .statement(sql)
            .map_err(|e| self.failed(&e))?;
        let parameters: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        let Connection {
            client, runtime, ..
        } = &mut *self.connection;
        let done = runtime.block_on(client.execute(&statement, &parameters));
        done.map_err(|e| self.failed(&e))
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let rows = self.run(sql, values).map_err(|e| self.failed(&e))?;
        for row in &rows {
            self.rows += 1;
            each(&PgRow(row))?;
        }
        Ok(())
    }

    fn lock(&mut self, select: &str, values: &[Value<'_>]) -> Result<bool, StorageError> {
        let sql = format!("{select} FOR UPDATE");
        let locked = self.run(&sql, values);
        locked.map(|_| true).map_err(|e| self.failed(&e))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(v) => v.to_sql(ty, out),
            Self::Text(v) => v.to_sql(ty, out),
            Self::Bytes(v) => v.to_sql(ty, out),
        }
    }
    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }
    to_sql_checked!();
}

struct PgRow<'r>(&'r tokio_postgres::Row);

impl PgRow<'_> {
    fn get<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<Option<T>, StorageError> {
        self.0
            .try_get(column)
            .map_err(|_| StorageError::Column(column))
    }
}

impl Row for PgRow<'_> {
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        self.get(column)
    }
    fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        self.get(column)
    }
    fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        self.get(column)
    }
}
