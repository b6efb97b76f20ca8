//! Whether the ledger is complete, how far it is behind the log, and how it is rebuilt.

use sync_core::{
    catalogue::Catalogue,
    document::FOLD_VERSION,
    record::{Edition, ServerTime},
};

use super::{LEASE_MS, Projection, progress::Progress};
use crate::storage::{StorageError, Tx, compounds, hazards, marks, spaces};

/// The name of the database's note on the rules by which its ledger was folded; absent: version 1.
const FOLD: &str = "fold";

/// The name of the database's note on the edition of the catalogue by which its ledger was folded; absent: of none.
const EDITION: &str = "edition";

/// The rules and the catalogue by which a ledger was folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Basis {
    rules: u16,
    /// [`Catalogue::newest`].
    edition: Edition,
}

impl Basis {
    /// That of this program and its catalogue.
    fn own(catalogue: &Catalogue) -> Self {
        Self {
            rules: FOLD_VERSION,
            edition: catalogue.newest(),
        }
    }

    fn read(tx: &mut dyn Tx) -> Result<Self, StorageError> {
        Ok(Self {
            rules: fold_version(tx)?,
            edition: ledger_edition(tx)?,
        })
    }

    fn write(self, tx: &mut dyn Tx) -> Result<(), StorageError> {
        spaces::set_meta(tx, FOLD, &self.rules.to_be_bytes())?;
        spaces::set_meta(tx, EDITION, &self.edition.0.to_be_bytes())
    }

    /// Whether neither the rules nor the catalogue of `other` are newer.
    fn covers(self, other: Self) -> bool {
        self.rules >= other.rules && self.edition >= other.edition
    }
}

/// The version of the rules by which the ledger was folded.
///
/// # Errors
/// [`StorageError`].
pub(super) fn fold_version(tx: &mut dyn Tx) -> Result<u16, StorageError> {
    let bytes = spaces::meta(tx, FOLD)?;
    let version = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok(version.map_or(1, u16::from_be_bytes))
}

/// The edition of the catalogue by which the ledger was folded; 0 before the first fold.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn ledger_edition(tx: &mut dyn Tx) -> Result<Edition, StorageError> {
    let bytes = spaces::meta(tx, EDITION)?;
    let edition = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok(Edition(edition.map_or(0, u32::from_be_bytes)))
}

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
