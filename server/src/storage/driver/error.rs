//! Why the database did not do what was asked.

use std::{error::Error, path::PathBuf, sync::Arc};

use sync_core::record::ids::BadId;

/// The error of an engine or of the operating system. It is shared, because one failed transaction answers several jobs.
pub type SharedCause = Arc<dyn Error + Send + Sync>;

/// An error of the storage. Its own text does not contain that of its source.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The engine refused a statement, or the operating system refused what the engine needs.
    #[error("the database failed")]
    Engine(#[source] SharedCause),
    /// The engine ended the transaction or the connection for a reason outside of the transaction: a deadlock, a
    /// conflict with a concurrent transaction, a restart.
    #[error("the database ended the transaction or the connection")]
    Interrupted(#[source] SharedCause),
    /// No connection to the database server can be opened.
    #[error("{target} cannot be reached")]
    Unreachable {
        /// The database, without its password.
        target: String,
        /// The error of the connection.
        source: SharedCause,
    },
    /// The address of the database has another form.
    #[error(
        "the address of the database is wrong: expected postgres://user:password@host:port/name"
    )]
    Address,
    /// The file of trusted certificates cannot be used.
    #[error("--database-ca {}: no certificates (PEM) can be read from it", .file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: SharedCause,
    },
    /// The engine does not offer the operation.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The database contains what this program never writes.
    #[error("the database is damaged: {0}")]
    Damaged(String),
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
        "its records are moving, or have moved, to another database: start the server with --database of the new place, or let this one accept writes again with `xuncha admin migrate-store --undo`"
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
        "the records were moved and the new database was released: this one must not accept writes again, or both would; keep it as a copy of the records before the move"
    )]
    Released,
    /// The move was undone before it was completed.
    #[error(
        "搬迁已被撤销 / the move was undone while it ran, and the old server may have accepted writes since: run migrate-store again"
    )]
    Undone,
    /// The writer has stopped.
    #[error("the storage is shutting down")]
    Closed,
}

impl StorageError {
    /// An error of an engine or of the operating system.
    pub(crate) fn engine(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Engine(Arc::new(error))
    }

    /// Whether the same operation may succeed later without a change of the program, of its settings or of the stored
    /// contents: after other transactions have ended, the database or this process was restarted, a move was undone or
    /// completed, or space was freed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Interrupted(_)
            | Self::Unreachable { .. }
            | Self::Full
            | Self::Moved
            | Self::Blocked
            | Self::Closed => true,
            Self::Engine(_)
            | Self::Address
            | Self::Authority { .. }
            | Self::Unsupported(_)
            | Self::Damaged(_)
            | Self::Column(_)
            | Self::Id(_)
            | Self::Newer { .. }
            | Self::ReadOnly
            | Self::Released
            | Self::Undone => false,
        }
    }
}
