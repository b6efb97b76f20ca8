//! PostgreSQL: a pool of connections for reads, writers with group commit, and retries of transactions that the engine
//! rolled back.
//!
//! Each connection has its own small runtime, so that a transaction runs on an ordinary blocking thread as with SQLite.
//! Rows that two processes could both read and then write are locked first, see [`Tx::lock`]. Many keys and many rows
//! are sent as arrays: one plan for any number of them.

mod bell;
mod connection;
mod many;
mod target;
mod tx;
mod writers;

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bell::Bell;
use connection::Connection;
use target::Target;
use tokio::sync::watch;
use tx::PgTx;
use writers::Writers;

use super::{Job, StorageError, Tx};

/// A PostgreSQL database.
pub(crate) struct Postgres {
    target: Target,
    writers: Writers,
    readers: Mutex<Vec<Connection>>,
    rows_read: AtomicU64,
    bell: Bell,
}

impl Postgres {
    /// Connects at once, so that a wrong address is reported at the start.
    pub(crate) fn open(url: &str, authority: Option<&Path>) -> Result<Self, StorageError> {
        let target = Target::parse(url, authority)?;
        let first = Connection::open(&target)?;
        let bell = Bell::hang(target.clone())?;
        let writers = Writers::start(&target, &bell.ring())?;
        Ok(Self {
            target,
            writers,
            readers: Mutex::new(vec![first]),
            rows_read: AtomicU64::new(0),
            bell,
        })
    }

    pub(crate) fn submit(&self, job: Job) -> Result<(), StorageError> {
        self.writers.submit(job)
    }

    /// Counts notifications that a log has grown, from this and other processes.
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
            // All connections are kept: opening one costs more than most reads. `Storage` bounds their number.
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.push(connection);
        }
        result
    }

    /// A connection in a snapshot. An idle connection may have been closed by the server; then the next one is tried.
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

    /// Runs the migrations that `missing` returns for the version found, in one transaction under a lock.
    pub(crate) fn migrate(
        &self,
        missing: impl FnOnce(&mut dyn Tx, i64) -> Result<Vec<(i64, String)>, StorageError>,
    ) -> Result<(), StorageError> {
        let mut connection = Connection::open(&self.target)?;
        // No timeouts: another process may migrate for a long time, and so may this one.
        connection.batch(
            "SET lock_timeout = 0; SET statement_timeout = 0; BEGIN; SELECT pg_advisory_xact_lock(7862347);
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);",
        )?;
        let mut tx = PgTx::on(&mut connection);
        let tx: &mut dyn Tx = &mut tx;
        let found = tx.first("SELECT version FROM schema_version", &[], |row| row.int(0))?;
        for (version, sql) in missing(tx, found.unwrap_or(0))? {
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
