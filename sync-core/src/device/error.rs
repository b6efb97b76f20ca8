//! Errors of the device store, each with what it means for the documents.

use crate::{
    causes::Cause,
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
    #[error("the phone's database refused")]
    Database(#[source] rusqlite::Error),
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
    #[error("record {doc} cannot be read and is kept as it is")]
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
    #[error("the phone's database holds a damaged value")]
    Damaged(#[source] Cause),
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

/// The cause of [`DeviceError::Damaged`], with the name of what is damaged.
#[derive(Debug, thiserror::Error)]
#[error("{name}")]
struct DamagedValue {
    name: String,
    source: Cause,
}

impl DeviceError {
    /// Whether the same operation may succeed later, without a change by the caller.
    ///
    /// True while another connection holds the store, and for a reply that does not fit its call: a cached one, or
    /// another server's. A reply and a stored value are damaged in the same way, so a caller must limit its retries.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => is_busy(error),
            Self::Signature(_) | Self::Damaged(_) => true,
            Self::Full
            | Self::File(_)
            | Self::Event(_)
            | Self::Document { .. }
            | Self::UnknownDocument(_)
            | Self::NotEnrolled
            | Self::NoGrant { .. }
            | Self::Newer { .. } => false,
        }
    }

    /// A value that is damaged, with the cause.
    pub(super) fn damaged(cause: impl Into<Cause>) -> Self {
        Self::Damaged(cause.into())
    }

    /// A value that is damaged, with its name and the cause.
    pub(super) fn damaged_value(name: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::damaged(DamagedValue {
            name: name.into(),
            source: cause.into(),
        })
    }
}

/// Whether another connection holds the store.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    )
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

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;
    use crate::causes::with_causes;

    #[test]
    fn an_error_names_every_cause_once() {
        let path = "42//01".parse::<crate::record::AreaPath>().unwrap_err();
        let expected =
            format!("the phone's database holds a damaged value: path of a document: {path}");
        let error = DeviceError::damaged_value("path of a document", path);
        assert_eq!(with_causes(&error), expected);
        let frame = crate::wire::frame::read::<u8>(&[0x10, 0x20], 10).unwrap_err();
        let text = with_causes(&DeviceError::from(frame));
        let start = "the phone's database holds a damaged value: the frame is damaged: ";
        let cause = text.strip_prefix(start).unwrap();
        assert!(!cause.is_empty() && !cause.contains("frame"), "{text}");
    }

    #[test]
    fn a_store_that_another_connection_holds_and_a_damaged_reply_are_transient() {
        let sqlite = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            DeviceError::from(error).is_transient()
        };
        assert!(sqlite(ffi::SQLITE_BUSY) && sqlite(ffi::SQLITE_LOCKED));
        assert!(!sqlite(ffi::SQLITE_CORRUPT) && !sqlite(ffi::SQLITE_FULL));
        assert!(DeviceError::damaged("a page that leads back").is_transient());
        assert!(!DeviceError::NotEnrolled.is_transient());
    }
}
