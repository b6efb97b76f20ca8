//! One set of SQL for two engines: the only room of the server that speaks SQL.
//!
//! In come plain values inside a transaction, out come rows; one file for each noun. What a row means (who may see
//! it, whether a change is legal) is decided elsewhere. A write is answered only after its commit is durable.

pub mod blobs;
pub mod devices;
pub mod driver;
pub mod hazards;
pub mod log;
mod migrate;
pub mod names;
pub mod spaces;

use std::{path::Path, sync::Arc};

use driver::sqlite::{Done, Sqlite};
pub use driver::{Row, StorageError, Tx, Value};

/// The database: cheap to clone, safe to share.
#[derive(Clone)]
pub struct Storage {
    engine: Arc<Sqlite>,
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
        migrate::run(path)?;
        Ok(Self {
            engine: Arc::new(Sqlite::open(path)?),
        })
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
        let engine = Arc::clone(&self.engine);
        let joined = tokio::task::spawn_blocking(move || engine.read(|tx| Ok(f(tx)))).await;
        joined.map_err(|_| StorageError::Closed)??
    }

    /// Writes in one transaction, together with whatever else is waiting; returns once it is durable. An error
    /// undoes exactly this write.
    ///
    /// # Errors
    /// Whatever `f` returns, and [`StorageError`] from the engine.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.engine.submit(Box::new(move |tx| {
            let result = f(tx);
            Done {
                keep: result.is_ok(),
                answer: Box::new(move |committed| {
                    let _ = sender.send(committed.map_err(E::from).and(result));
                }),
            }
        }))?;
        receiver.await.map_err(|_| StorageError::Closed)?
    }

    /// Rows that reads have handed out since the start: what requests cost, whatever the machine.
    pub fn rows_read(&self) -> u64 {
        self.engine.rows_read()
    }

    /// Copies the whole database to `to`, consistent, while others write.
    ///
    /// # Errors
    /// [`StorageError`] if `to` exists or cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StorageError> {
        let (engine, to) = (Arc::clone(&self.engine), to.to_owned());
        let joined = tokio::task::spawn_blocking(move || engine.backup(&to)).await;
        joined.map_err(|_| StorageError::Closed)?
    }
}
