//! What goes into a statement and what comes out of it: parameters and the columns of a row.

use super::error::StorageError;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA.
    Bytes(&'a [u8]),
    /// BLOB or BYTEA: a digest, which is stored big-endian.
    Digest([u8; 16]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}
impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a result; columns count from 0.
pub trait Row {
    /// A BIGINT, `None` if NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if the column is of another type.
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError>;
    /// A TEXT, `None` if NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if the column is of another type.
    fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError>;
    /// A BLOB, `None` if NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if the column is of another type.
    fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError>;

    /// A BIGINT that is not NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if it is NULL or of another type.
    fn int(&self, column: usize) -> Result<i64, StorageError> {
        self.opt_int(column)?.ok_or(StorageError::Column(column))
    }
    /// A TEXT that is not NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if it is NULL or of another type.
    fn text(&self, column: usize) -> Result<String, StorageError> {
        self.opt_text(column)?.ok_or(StorageError::Column(column))
    }
    /// A BLOB that is not NULL.
    ///
    /// # Errors
    /// [`StorageError::Column`] if it is NULL or of another type.
    fn bytes(&self, column: usize) -> Result<Vec<u8>, StorageError> {
        self.opt_bytes(column)?.ok_or(StorageError::Column(column))
    }
}
