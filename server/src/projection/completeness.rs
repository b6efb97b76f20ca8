//! Whether the ledger is complete, how far it is behind the log, and how it is rebuilt.

use sync_core::record::ServerTime;

use super::{LEASE_MS, Projection, basis::Basis, progress::Progress};
use crate::storage::{StorageError, Tx, compounds, hazards, marks, spaces};

impl Projection {
    /// Deletes the ledger if it was folded by older rules or an older catalogue, so that it is rebuilt; the caller holds
    /// [`Self::pass`]. A ledger that newer rules or a newer catalogue folded is left as it is.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) async fn follow_rules(&self) -> Result<(), StorageError> {
        let (found, own) = (
            self.storage.read(Basis::read).await?,
            Basis::own(&self.catalogue),
        );
        if found == own {
            return Ok(());
        }
        if !own.covers(found) {
            tracing::warn!(
                ?found,
                ?own,
                "the ledger was folded by newer rules or a newer catalogue / 台账由更新的版本生成，请升级本程序"
            );
            return Ok(());
        }
        let (worker, now) = (self.worker, (self.now)().0);
        let begins = move |tx: &mut dyn Tx| {
            // Another process may have begun since.
            if Basis::read(tx)?.covers(own) {
                return Ok(());
            }
            own.write(tx)?;
            // The register is no part of the ledger, but its buildings have place keys too.
            compounds::respell_buildings(tx)?;
            // Nothing was folded by any rules: a new database is not a ledger that is being rebuilt.
            if spaces::list(tx)?.iter().all(|space| space.head == 0) {
                return Ok(());
            }
            let until = ServerTime(tx.clock()?.unwrap_or(now) + LEASE_MS);
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
        let basis = Basis::own(&self.catalogue);
        let clear = move |tx: &mut dyn Tx| {
            let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
            hazards::clear(tx, worker, until)?;
            compounds::respell_buildings(tx)?;
            basis.write(tx)?;
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
