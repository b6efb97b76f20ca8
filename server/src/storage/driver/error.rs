//! Why the database did not do what was asked.

use sync_core::record::ids::BadId;

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused a statement.
    #[error("the database refused a statement: {0}")]
    Engine(String),
    /// No space is left on the database's disk.
    #[error("the database's disk is full; free space or move the data folder")]
    Full,
    /// A column has not the expected type.
    #[error("column {0} has not the expected type")]
    Column(usize),
    /// An identifier in the database is damaged.
    #[error("the database holds a damaged identifier: {0}")]
    Id(#[from] BadId),
    /// A newer version wrote the database.
    #[error(
        "the database was written by a newer version (schema {found}, this program knows {known}); update it"
    )]
    Newer {
        /// Schema version of the database.
        found: i64,
        /// Newest schema version that this program supports.
        known: i64,
    },
    /// The contents are being moved, or were moved, to another database.
    #[error(
        "its records are moving, or have moved, to another database: start the server with --database of the new place, or let this one go on with `xuncha admin migrate-store --undo`"
    )]
    Moved,
    /// The database was opened for reading only, or its disk is read-only.
    #[error(
        "the database's disk takes no writes (it is read-only): backup and lists work, everything else needs a disk that can be written to"
    )]
    ReadOnly,
    /// A bound on waiting was reached, usually because another transaction holds a lock.
    #[error("another transaction holds what this one needs; nothing was written, try again")]
    Blocked,
    /// The contents were moved, and another database serves them.
    #[error(
        "the records were moved and the new database was released: this one must not take work again, or both would; keep it as a copy of before"
    )]
    Released,
    /// The move was undone before it was completed.
    #[error(
        "搬迁已被撤销 / the move was undone while it ran, and the old server may have taken work since: run migrate-store again"
    )]
    Undone,
    /// The writer has stopped.
    #[error("the storage is shutting down")]
    Closed,
}

impl StorageError {
    /// The same error for another job of a group that failed.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Closed => Self::Closed,
            Self::Moved => Self::Moved,
            Self::ReadOnly => Self::ReadOnly,
            Self::Blocked => Self::Blocked,
            Self::Released => Self::Released,
            Self::Undone => Self::Undone,
            other => Self::Engine(other.to_string()),
        }
    }
}
