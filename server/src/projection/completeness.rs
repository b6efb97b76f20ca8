//! Whether the ledger is complete, how far it is behind the log, and how it is rebuilt.

use sync_core::record::ServerTime;

use super::{LEASE_MS, Projection, progress::Progress};
use crate::storage::{StorageError, Tx, hazards, marks};

impl Projection {
    /// Deletes the ledger and rebuilds it; the counter behind "changed since" continues.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rebuild(&self) -> Result<Progress, StorageError> {
        let _pass = self.pass.lock().await;
        let (worker, own) = (self.worker, (self.now)().0);
        let clear = move |tx: &mut dyn Tx| {
            let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
            hazards::clear(tx, worker, until)?;
            marks::begin_making(tx)
        };
        self.storage.write(clear).await?;
        self.project_all().await
    }

    /// How often a rebuild of the ledger began, and whether the ledger is complete. What is read between two equal
    /// responses that state that it is complete was read from a complete ledger.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn is_whole(&self) -> Result<(u64, bool), StorageError> {
        let making = self.storage.read(|tx| marks::making(tx)).await?;
        Ok((making.times, making.upto.is_empty()))
    }

    /// The number of changes that are in the log but not yet in the ledger.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn lag(&self) -> Result<u64, StorageError> {
        self.storage.read(|tx| marks::lag(tx)).await
    }
}
