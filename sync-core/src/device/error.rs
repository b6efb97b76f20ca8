//! Errors of the device store, each with what it means for the documents.

use crate::{
    crdt::CrdtError,
    host::FileError,
    identity::BadSignature,
    record::{DocId, EventError, ids::BadId},
    wire::FrameError,
};

/// An operation of the device store that failed. Nothing that was saved before is affected.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// SQLite returned an error.
    #[error("the phone's database refused: {0}")]
    Database(rusqlite::Error),
    /// No space is left.
    #[error(
        "手机存储空间已满，本次内容未保存，请清理后重试 / the phone is full, this was not saved; free some space and try again"
    )]
    Full,
    /// A photo file failed.
    #[error(transparent)]
    File(FileError),
    /// The event breaks a limit.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A document is damaged; it is kept as it is.
    #[error("record {doc} cannot be read and is kept as it is: {source}")]
    Document {
        /// The document.
        doc: DocId,
        /// The cause.
        source: CrdtError,
    },
    /// The document is not on this device.
    #[error("record {0} is not on this phone; sync first or check the number")]
    UnknownDocument(DocId),
    /// The device was never enrolled.
    #[error("这台手机尚未登记 / this phone is not enrolled; ask for a code and run enrol")]
    NotEnrolled,
    /// No grant of this device covers the place.
    #[error("您在该区域没有权限 / no grant of this phone covers {area}; ask for one")]
    NoGrant {
        /// The place.
        area: String,
    },
    /// An answer has no valid signature of the enrolled server.
    #[error("an answer is not signed by the enrolled server; nothing was changed")]
    Signature(#[from] BadSignature),
    /// A stored value is damaged; the cause says which, and how.
    #[error("the phone's database holds a damaged value: {0}")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A newer app migrated the database.
    #[error(
        "the phone's database is of a newer app (schema {found}, this one knows {known}); update the app"
    )]
    Newer {
        /// Schema found.
        found: i64,
        /// Schema known.
        known: i64,
    },
}

impl DeviceError {
    /// A stored value that is damaged, with the cause.
    pub(super) fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Damaged(cause.into())
    }
}

impl From<rusqlite::Error> for DeviceError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error),
        }
    }
}
impl From<FileError> for DeviceError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Full { .. } => Self::Full,
            other => Self::File(other),
        }
    }
}
impl From<BadId> for DeviceError {
    fn from(error: BadId) -> Self {
        Self::damaged(error)
    }
}
impl From<minicbor::decode::Error> for DeviceError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::damaged(error)
    }
}
impl From<FrameError> for DeviceError {
    fn from(error: FrameError) -> Self {
        Self::damaged(error)
    }
}
