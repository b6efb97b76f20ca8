//! The rules and the edition of the catalogue by which a ledger was folded.

use sync_core::{catalogue::Catalogue, document::FOLD_VERSION, record::Edition};

use crate::storage::{StorageError, Tx, spaces};

/// The name of the database's note on the rules by which its ledger was folded; absent: version 1.
const FOLD: &str = "fold";

/// The name of the database's note on the edition of the catalogue by which its ledger was folded; absent: of none.
const EDITION: &str = "edition";

/// The rules and the catalogue by which a ledger was folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    rules: u16,
    /// [`Catalogue::newest`].
    edition: Edition,
}

impl Basis {
    /// That of this program and its catalogue.
    pub(super) fn own(catalogue: &Catalogue) -> Self {
        Self {
            rules: FOLD_VERSION,
            edition: catalogue.newest(),
        }
    }

    pub(super) fn read(tx: &mut dyn Tx) -> Result<Self, StorageError> {
        Ok(Self {
            rules: fold_version(tx)?,
            edition: ledger_edition(tx)?,
        })
    }

    pub(super) fn write(self, tx: &mut dyn Tx) -> Result<(), StorageError> {
        spaces::set_meta(tx, FOLD, &self.rules.to_be_bytes())?;
        spaces::set_meta(tx, EDITION, &self.edition.0.to_be_bytes())
    }

    /// Whether neither the rules nor the catalogue of `other` are newer.
    pub(super) fn covers(self, other: Self) -> bool {
        self.rules >= other.rules && self.edition >= other.edition
    }

    /// Whether a process with this basis may write rows of the ledger. A process that was not restarted since newer editions
    /// were installed, or that is an older program, must not write rows between those that a newer one folded.
    pub(super) fn may_write(self, tx: &mut dyn Tx) -> Result<bool, StorageError> {
        Ok(self.covers(Self::read(tx)?))
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
