//! One set of SQL for two engines: the only room of the server that speaks SQL.
//!
//! In come plain values inside a transaction, out come rows; one file for each noun. What a row means (who may see
//! it, whether a change is legal) is decided elsewhere. A write is answered only after its commit is durable.

pub mod blobs;
pub mod bodies;
pub mod campaign;
pub mod comparables;
pub mod compounds;
pub mod devices;
pub mod docs;
pub mod driver;
pub mod duties;
pub mod grant_uses;
pub mod hazards;
mod held;
pub mod indicators;
pub mod ledger;
pub mod links;
pub mod listings;
pub mod log;
pub mod marks;
mod migrate;
pub mod names;
pub mod opened;
pub mod packs;
pub mod quotas;
pub mod records;
pub mod regions;
pub mod reports;
pub mod revocations;
pub mod spaces;
pub mod suggestions;
pub mod tables;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use sync_core::record::AreaPath;
use tokio::sync::{Semaphore, watch};

use driver::{Job, postgres::Postgres, sqlite::Sqlite};
pub use driver::{Row, StorageError, Tx, Value};

/// The database: cheap to clone, safe to share.
#[derive(Clone)]
pub struct Storage {
    engine: Arc<Engine>,
    turns: Arc<Semaphore>,
}

/// Reads at the same time at most: each holds a connection, and a database gives out only so many.
const READS: usize = 24;

/// The engines that run the one set of statements.
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
    /// [`StorageError`] if the file cannot be opened or is of a newer program.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        migrate::sqlite(path)?;
        Ok(Self::over(Engine::Sqlite(Sqlite::open(path)?)))
    }

    /// Opens (and migrates) a PostgreSQL database, `postgres://user:password@host:port/name`; over TLS unless it is on
    /// this machine or the address says `sslmode=disable`. `authority`: certificates (PEM) to trust.
    ///
    /// # Errors
    /// [`StorageError`] that names the target without its password if it cannot be reached, or is of a newer program.
    pub fn connect(url: &str, authority: Option<&Path>) -> Result<Self, StorageError> {
        let engine = Postgres::open(url, authority)?;
        let storage = Self::over(Engine::Postgres(Box::new(engine)));
        migrate::postgres(&storage)?;
        Ok(storage)
    }

    /// Opens an embedded database that nobody writes to, and makes no file: a copy, or one on a read-only disk. Every
    /// write is refused with [`StorageError::ReadOnly`]. What is in a write-ahead log beside it is not seen.
    ///
    /// # Errors
    /// [`StorageError`] if the file cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Self, StorageError> {
        Ok(Self::over(Engine::Sqlite(Sqlite::open_read_only(path)?)))
    }

    /// Ends all work and closes the database, if this is the last handle to it: nothing is beside its file afterwards.
    pub fn close(self) {
        if let Some(Engine::Sqlite(engine)) = Arc::into_inner(self.engine) {
            engine.close();
        }
    }

    /// Proves that the engine can read all it keeps, where it is embedded; a server proves that by its own means.
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

    /// Reads from one snapshot, off the async threads.
    ///
    /// # Errors
    /// Whatever `f` returns, and [`StorageError`] from the engine.
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

    /// Writes in one transaction, together with whatever else is waiting; returns once it is durable. An error
    /// undoes exactly this write.
    ///
    /// # Errors
    /// Whatever `f` returns, and [`StorageError`] from the engine.
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

    /// As [`Self::write`], for a write that holds a space's row: those of one space share a transaction.
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

    /// As [`Self::read`], for a start-up that is not yet asynchronous.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_now<T, E: From<StorageError>>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.engine.read(|tx| Ok(f(tx)))?
    }

    /// As [`Self::write`], for a start-up that is not yet asynchronous.
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
        // The last run's result counts: an engine may give up a transaction and run the job again.
        let slot = Arc::new(Mutex::new(None));
        let take = Arc::clone(&slot);
        self.engine.submit(Job {
            space,
            run: Box::new(move |tx| {
                // Nothing of an earlier run may be answered, should this one panic.
                slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                let result = f(tx);
                let keep = result.is_ok();
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                keep
            }),
            answer: Box::new(move |committed| {
                let own = take.lock().unwrap_or_else(PoisonError::into_inner).take();
                answer(match (committed, own) {
                    // What went wrong in the write itself says more than that its group was given up.
                    (_, Some(Err(own))) => Err(own),
                    (Err(error), _) => Err(error.into()),
                    (Ok(()), Some(kept)) => kept,
                    (Ok(()), None) => Err(StorageError::Closed.into()),
                });
            }),
        })
    }

    /// Whether this is the embedded database, which one process writes alone.
    pub fn is_embedded(&self) -> bool {
        matches!(self.engine.as_ref(), Engine::Sqlite(_))
    }

    /// Counts news of growing logs from other processes; `None` where there is one process only.
    pub fn heard(&self) -> Option<watch::Receiver<u64>> {
        match self.engine.as_ref() {
            Engine::Sqlite(_) => None,
            Engine::Postgres(engine) => Some(engine.heard()),
        }
    }

    /// Rows that reads have handed out since the start: what requests cost, whatever the machine.
    pub fn rows_read(&self) -> u64 {
        self.engine.rows_read()
    }

    /// Ends all writing of an embedded database, in every process that has it open, because its records are moving;
    /// or lets it go on again.
    ///
    /// # Errors
    /// [`StorageError::Released`] if they were moved for good; [`StorageError`]; also for PostgreSQL, which records do not move away from.
    pub fn set_moved(&self, moved: bool) -> Result<(), StorageError> {
        match self.engine.as_ref() {
            Engine::Sqlite(engine) => engine.set_moved(moved),
            Engine::Postgres(_) => Err(StorageError::Engine(
                "only an embedded database can be moved from".to_owned(),
            )),
        }
    }

    /// Notes under which name the records were moved for good: from now on this database takes no work again.
    ///
    /// # Errors
    /// As [`Self::set_moved`].
    pub fn set_released(&self, name: &[u8]) -> Result<(), StorageError> {
        match self.engine.as_ref() {
            Engine::Sqlite(engine) => engine.set_released(name),
            Engine::Postgres(_) => self.set_moved(true),
        }
    }

    /// The name under which the records were moved for good, if they were.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn released(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let moved = self.read_now(|tx| spaces::meta(tx, "moved"))?;
        Ok(moved.and_then(|moved| moved.strip_prefix(b"released ").map(<[u8]>::to_vec)))
    }

    /// Copies the whole database to `to`, consistent, while others write.
    ///
    /// # Errors
    /// [`StorageError`] if `to` exists or cannot be written, or the engine has tools of its own for that.
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
            Self::Postgres(_) => Err(StorageError::Engine(
                "PostgreSQL is backed up with its own tools (pg_basebackup, pg_dump)".to_owned(),
            )),
        }
    }
}
