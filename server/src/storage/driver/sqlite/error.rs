//! Errors of SQLite as errors of the storage.

use rusqlite::ErrorCode;

use super::super::StorageError;

/// The storage error of an error of the engine. Its text does not repeat the statement.
pub(crate) fn engine(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::Full,
        Some(ErrorCode::ReadOnly) => StorageError::ReadOnly,
        // Another process held the lock for longer than the busy timeout.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Blocked,
        _ => StorageError::engine(without_statement(error)),
    }
}

/// The same error with a text that does not repeat the statement.
fn without_statement(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(msg))
        }
        other => other,
    }
}
