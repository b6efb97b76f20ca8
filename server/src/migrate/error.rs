//! Why a move failed.

use crate::{refusal::Refusal, storage::StorageError};

/// Why a move failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A photo store failed.
    #[error("photo {object}")]
    Photo {
        /// The name of the object.
        object: String,
        /// The error of the store.
        source: Refusal,
    },
    /// The target is already in use.
    #[error(
        "the target database holds records that did not come from here; choose an empty database"
    )]
    InUse,
    /// The old database was released to another target.
    #[error(
        "the records were moved to another database than this one, which was released; nothing more can be moved from here"
    )]
    Elsewhere,
}
