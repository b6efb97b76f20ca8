//! Storage: one set of SQL statements for two engines. It is the only room of the server that contains SQL.
//!
//! Its functions take plain values inside a transaction and return rows; each file holds one kind of row. What a row
//! means (who may read it, whether a change is legal) is decided elsewhere. A write returns only after its commit is
//! durable.

pub mod accounts;
pub mod activities;
pub mod activity_queries;
pub mod aliases;
pub mod arrivals;
pub mod assignments;
pub mod audits;
pub mod bodies;
pub(crate) mod column;
pub mod comparables;
pub mod compounds;
pub mod credentials;
pub mod devices;
pub mod docs;
pub mod driver;
pub mod duties;
pub mod grant_uses;
pub mod hazards;
pub mod held_photos;
pub mod indicators;
pub mod lanes;
pub mod ledger;
pub mod links;
pub mod listings;
pub mod log;
pub mod manual_values;
pub mod marks;
mod migrate;
pub mod names;
pub mod opened;
pub mod packs;
pub mod persons;
pub mod photos;
pub mod proofs;
pub mod quarantine;
pub mod quotas;
pub mod regions;
pub mod reports;
pub mod returned;
pub mod server_notices;
pub mod sessions;
pub mod spaces;
pub mod spans;
pub mod suggestions;
pub(crate) mod table;
pub mod tables;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use sync_core::record::AreaPath;
use tokio::sync::{Semaphore, watch};

use driver::{Job, postgres::Postgres, sqlite::Sqlite};
pub use driver::{Row, StorageError, Tx, Value};

/// The database. A clone is cheap and shares the same connections.
#[derive(Clone)]
pub struct Storage {
    engine: Arc<Engine>,
    turns: Arc<Semaphore>,
}

/// Concurrent reads at most: each holds a connection, and a database accepts a limited number of them.
const READS: usize = 24;

/// The engines that run the statements.
enum Engine {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").finish_non_exhaustive()
    }
}

impl Storage {
    /// Opens (and migrates) the embedded database at `path`.
    ///
    /// # Errors
    /// [`StorageError`] if the file cannot be opened or a newer version wrote it.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        migrate::sqlite(path)?;
        Ok(Self::over(Engine::Sqlite(Sqlite::open(path)?)))
    }

    /// Opens (and migrates) a PostgreSQL database, `postgres://user:password@host:port/name`. The connection uses TLS
    /// unless the database is on this machine or the address contains `sslmode=disable`. `authority`: certificates
    /// (PEM) to trust.
    ///
    /// # Errors
    /// [`StorageError`] that names the target without its password if it cannot be reached, or if a newer version wrote
    /// it.
    pub fn connect(url: &str, authority: Option<&Path>) -> Result<Self, StorageError> {
        let engine = Postgres::open(url, authority)?;
        migrate::postgres(&engine)?;
        let storage = Self::over(Engine::Postgres(Box::new(engine)));
        // A migration may have added partitioned tables; they need a partition for each existing space.
        storage.write_now(|tx| {
            for space in spaces::list(tx)? {
                tx.open_space(space.id.as_str())?;
            }
            Ok::<_, StorageError>(())
        })?;
        Ok(storage)
    }

    /// Opens an embedded database that no process writes to, and creates no file: a copy, or a database on a read-only
    /// disk. Every write is refused with [`StorageError::ReadOnly`]. The contents of a write-ahead log next to the file
    /// are ignored.
    ///
    /// # Errors
    /// [`StorageError`] if the file cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Self, StorageError> {
        Ok(Self::over(Engine::Sqlite(Sqlite::open_read_only(path)?)))
    }

    /// Whether the embedded database has the newest schema; only a database that was opened without being migrated has
    /// another.
    ///
    /// # Errors
    /// [`StorageError`], also if a newer version wrote it.
    pub fn is_newest_schema(&self) -> Result<bool, StorageError> {
        let found = self.read_now(|tx| tx.first("PRAGMA user_version", &[], |row| row.int(0)))?;
        migrate::is_newest(found.unwrap_or(0))
    }

    /// Waits for the reads in progress and for all accepted writes, then closes an embedded database for all its handles:
    /// later reads and writes fail with [`StorageError::Closed`]. Only the database file remains, without a write-ahead
    /// log. A database server does without. Blocks; must not be called from a read.
    pub fn close(&self) {
        if let Engine::Sqlite(engine) = self.engine.as_ref() {
            engine.close();
        }
    }

    /// Checks that an embedded database can be read completely. A database server has its own means, so nothing is
    /// checked there.
    ///
    /// # Errors
    /// [`StorageError`] with what is damaged.
    pub async fn check(&self) -> Result<(), StorageError> {
        let engine = Arc::clone(&self.engine);
        let checking = move || match engine.as_ref() {
            Engine::Sqlite(engine) => engine.check(),
            Engine::Postgres(_) => Ok(()),
        };
        let joined = tokio::task::spawn_blocking(checking).await;
        joined.map_err(|_| StorageError::Closed)?
    }

    fn over(engine: Engine) -> Self {
        Self {
            engine: Arc::new(engine),
            turns: Arc::new(Semaphore::new(READS)),
        }
    }

    /// Reads from one snapshot, on a blocking thread.
    ///
    /// # Errors
    /// The error of `f`, or [`StorageError`] from the engine.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| StorageError::Closed)?;
        let engine = Arc::clone(&self.engine);
        let joined = tokio::task::spawn_blocking(move || {
            let result = engine.read(|tx| Ok(f(tx)));
            drop(turn);
            result
        })
        .await;
        joined.map_err(|_| StorageError::Closed)??
    }

    /// Writes in one transaction, possibly together with other waiting writes, and returns once the commit is durable.
    /// An error rolls back exactly this write.
    ///
    /// # Errors
    /// The error of `f`, or [`StorageError`] from the engine.
    pub async fn write<T, E>(
        &self,
        f: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        self.queue(None, f).await
    }

    /// As [`Self::write`], for a write that locks the row of `space`: writes to one space are grouped into one
    /// transaction.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_in<T, E>(
        &self,
        space: Option<AreaPath>,
        f: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let space = space.map_or_else(String::new, |space| space.to_string());
        self.queue(Some(space), f).await
    }

    async fn queue<T, E>(
        &self,
        space: Option<String>,
        f: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.submit(space, f, move |result| {
            let _ = sender.send(result);
        })?;
        receiver.await.map_err(|_| StorageError::Closed)?
    }

    /// As [`Self::read`], for start-up code that is not asynchronous.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_now<T, E: From<StorageError>>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.engine.read(|tx| Ok(f(tx)))?
    }

    /// As [`Self::write`], for start-up code that is not asynchronous.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_now<T, E>(
        &self,
        f: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel();
        self.submit(None, f, move |result| {
            let _ = sender.send(result);
        })?;
        receiver.recv().map_err(|_| StorageError::Closed)?
    }

    fn submit<T, E>(
        &self,
        space: Option<String>,
        mut f: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StorageError>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        // The result of the last run counts: an engine may roll a transaction back and run the job again.
        let slot = Arc::new(Mutex::new(None));
        let take = Arc::clone(&slot);
        self.engine.submit(Job {
            space,
            run: Box::new(move |tx| {
                // If this run panics, the result of an earlier run must not be returned.
                slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                let result = f(tx);
                let keep = result.is_ok();
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                keep
            }),
            answer: Box::new(move |committed| {
                let own = take.lock().unwrap_or_else(PoisonError::into_inner).take();
                answer(match (committed, own) {
                    // The error of this job is more precise than the error of its group.
                    (_, Some(Err(own))) => Err(own),
                    (Err(error), _) => Err(error.into()),
                    (Ok(()), Some(kept)) => kept,
                    (Ok(()), None) => Err(StorageError::Closed.into()),
                });
            }),
        })
    }

    /// Whether this is the embedded database, which only one process writes.
    pub fn is_embedded(&self) -> bool {
        matches!(self.engine.as_ref(), Engine::Sqlite(_))
    }

    /// Counts notifications that a log has grown, from this and other processes; `None` if there is only one process.
    pub fn heard(&self) -> Option<watch::Receiver<u64>> {
        match self.engine.as_ref() {
            Engine::Sqlite(_) => None,
            Engine::Postgres(engine) => Some(engine.heard()),
        }
    }

    /// Rows that reads have returned since the start: the cost of requests, independent of the machine.
    pub fn rows_read(&self) -> u64 {
        self.engine.rows_read()
    }

    /// Stops all writing to an embedded database, in every process that has it open, because its contents are being
    /// moved. `false` permits writing again.
    ///
    /// # Errors
    /// [`StorageError::Released`] if the move was completed; [`StorageError::Unsupported`] for PostgreSQL, whose contents
    /// cannot be moved.
    pub fn set_moved(&self, moved: bool) -> Result<(), StorageError> {
        match self.engine.as_ref() {
            Engine::Sqlite(engine) => engine.set_moved(moved),
            Engine::Postgres(_) => Err(StorageError::Unsupported(
                "only an embedded database can be moved from",
            )),
        }
    }

    /// Notes that the move was completed and under which name. From now on this database accepts no writes.
    ///
    /// # Errors
    /// As [`Self::set_moved`].
    pub fn set_released(&self, name: &[u8]) -> Result<(), StorageError> {
        match self.engine.as_ref() {
            Engine::Sqlite(engine) => engine.set_released(name),
            Engine::Postgres(_) => self.set_moved(true),
        }
    }

    /// The name under which the move was completed, if it was.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn released(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let moved = self.read_now(|tx| spaces::meta(tx, "moved"))?;
        Ok(moved.and_then(|moved| moved.strip_prefix(b"released ").map(<[u8]>::to_vec)))
    }

    /// Copies the whole database to `to`, consistently, while other transactions write.
    ///
    /// # Errors
    /// [`StorageError`] if `to` exists or cannot be written, or if the engine has its own tools for backups.
    pub async fn backup(&self, to: &Path) -> Result<(), StorageError> {
        let (engine, to) = (Arc::clone(&self.engine), to.to_owned());
        let joined = tokio::task::spawn_blocking(move || engine.backup(&to)).await;
        joined.map_err(|_| StorageError::Closed)?
    }
}

impl Engine {
    fn read<T>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match self {
            Self::Sqlite(engine) => engine.read(f),
            Self::Postgres(engine) => engine.read(f),
        }
    }

    fn submit(&self, job: Job) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(engine) => engine.submit(job),
            Self::Postgres(engine) => engine.submit(job),
        }
    }

    fn rows_read(&self) -> u64 {
        match self {
            Self::Sqlite(engine) => engine.rows_read(),
            Self::Postgres(engine) => engine.rows_read(),
        }
    }

    fn backup(&self, to: &Path) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(engine) => engine.backup(to),
            Self::Postgres(_) => Err(StorageError::Unsupported(
                "PostgreSQL is backed up with its own tools (pg_basebackup, pg_dump)",
            )),
        }
    }
}
