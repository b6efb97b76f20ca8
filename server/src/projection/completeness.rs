//! Whether the ledger is complete, how far it is behind the log, and how it is rebuilt.

use sync_core::{document::FOLD_VERSION, record::ServerTime};

use super::{LEASE_MS, Projection, progress::Progress};
use crate::storage::{StorageError, Tx, hazards, marks, spaces};

/// The name of the database's note on the rules by which its ledger was folded; absent: version 1.
const FOLD: &str = "fold";

/// The version of the rules by which the ledger was folded.
///
/// # Errors
/// [`StorageError`].
pub(super) fn fold_version(tx: &mut dyn Tx) -> Result<u16, StorageError> {
    let bytes = spaces::meta(tx, FOLD)?;
    let version = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok(version.map_or(1, u16::from_be_bytes))
}

impl Projection {
    /// Deletes the ledger if it was folded by older rules, so that it is rebuilt; the caller holds [`Self::pass`].
    /// A ledger that newer rules folded is left as it is.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) async fn follow_rules(&self) -> Result<(), StorageError> {
        let found = self.storage.read(|tx| fold_version(tx)).await?;
        if found >= FOLD_VERSION {
            if found > FOLD_VERSION {
                tracing::warn!(
                    found,
                    own = FOLD_VERSION,
                    "the ledger was folded by newer rules / 台账由更新的版本生成，请升级本程序"
                );
            }
            return Ok(());
        }
        let (worker, own) = (self.worker, (self.now)().0);
        let begins = move |tx: &mut dyn Tx| {
            // Another process may have begun since.
            if fold_version(tx)? >= FOLD_VERSION {
                return Ok(());
            }
            spaces::set_meta(tx, FOLD, &FOLD_VERSION.to_be_bytes())?;
            // Nothing was folded by any rules: a new database is not a ledger that is being rebuilt.
            if spaces::list(tx)?.iter().all(|space| space.head == 0) {
                return Ok(());
            }
            let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
            hazards::clear(tx, worker, until)?;
            marks::begin_making(tx)
        };
        self.storage.write(begins).await
    }

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
            spaces::set_meta(tx, FOLD, &FOLD_VERSION.to_be_bytes())?;
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
