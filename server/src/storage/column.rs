//! Types of columns: what a value is stored as, and how it is read.

use sync_core::{
    activity::State,
    catalogue::StateCode,
    grouping::Counting,
    identity::PublicKey,
    record::{
        AreaPath, ChangeHash, CompoundId, DeviceId, DeviceTime, Digest, DocId, EncodedListRow,
        GrantId, LogEpoch, OrganId, PackHash, PersonId, PhotoHash, Role, ServerTime,
    },
};

use super::{Row, StorageError, Value};

/// The type of a column: INT is BIGINT, BYTES is BLOB or BYTEA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A type that a column can be written from.
pub(crate) trait Stored {
    /// The type of the column.
    const KIND: Kind;
    /// The value that is written.
    fn value(&self) -> Value<'_>;
}

/// A type that a column can be read as.
pub(crate) trait Column: Stored + Sized {
    /// Reads the column at a position.
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError>;
}

impl<S: Stored + ?Sized> Stored for &S {
    const KIND: Kind = S::KIND;
    fn value(&self) -> Value<'_> {
        (*self).value()
    }
}

impl Stored for str {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Stored for [u8] {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl Stored for i64 {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

impl Column for i64 {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.int(at)
    }
}

/// Counters and sequence numbers, which never exceed 2^63, and hashes of 64 bits.
impl Stored for u64 {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(self.cast_signed())
    }
}

impl Column for u64 {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.int(at).map(i64::cast_unsigned)
    }
}

impl Stored for bool {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Column for bool {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        Ok(row.int(at)? != 0)
    }
}

impl Stored for String {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Column for String {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at)
    }
}

impl Stored for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl Column for Vec<u8> {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.bytes(at)
    }
}

/// A digest, big-endian.
impl Stored for Digest {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Digest(self.to_bytes())
    }
}

impl Column for Digest {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.bytes(at).map(|bytes| Self::from_slice(&bytes))
    }
}

/// Bytes of a fixed length.
impl<const N: usize> Stored for [u8; N] {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        let bytes = row.bytes(at)?;
        bytes.try_into().map_err(|_| StorageError::Column(at))
    }
}

/// Several texts in one column, one in each line.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lines(String);

impl Lines {
    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

impl FromIterator<String> for Lines {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        Self(texts.into_iter().collect::<Vec<_>>().join("\n"))
    }
}

impl Stored for Lines {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

impl Column for Lines {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at).map(Self)
    }
}

impl<C: Stored> Stored for Option<C> {
    const KIND: Kind = C::KIND;
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Stored::value)
    }
}

impl<C: Column> Column for Option<C> {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        let null = match C::KIND {
            Kind::Int => row.opt_int(at)?.is_none(),
            Kind::Text => row.opt_text(at)?.is_none(),
            Kind::Bytes => row.opt_bytes(at)?.is_none(),
        };
        if null {
            return Ok(None);
        }
        C::read(row, at).map(Some)
    }
}

impl Stored for AreaPath {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }
}

impl Column for AreaPath {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at)?.parse().map_err(|_| StorageError::Column(at))
    }
}

impl Stored for EncodedListRow {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Bytes(self.as_bytes())
    }
}

impl Column for EncodedListRow {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.bytes(at).map(Self::from_stored)
    }
}

/// Identifiers are stored as bytes.
macro_rules! identifiers {
    ($($id:ty),+) => {$(
        impl Stored for $id {
            const KIND: Kind = Kind::Bytes;
            fn value(&self) -> Value<'_> {
                Value::Bytes(self.as_bytes())
            }
        }

        impl Column for $id {
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                Ok(Self::from_slice(&row.bytes(at)?)?)
            }
        }
    )+};
}
identifiers!(
    PhotoHash, ChangeHash, CompoundId, DeviceId, DocId, GrantId, LogEpoch, OrganId, PackHash,
    PersonId
);

/// Times are stored as milliseconds UTC.
macro_rules! times {
    ($($time:ident),+) => {$(
        impl Stored for $time {
            const KIND: Kind = Kind::Int;
            fn value(&self) -> Value<'_> {
                Value::Int(self.0)
            }
        }

        impl Column for $time {
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                row.int(at).map($time)
            }
        }
    )+};
}
times!(DeviceTime, ServerTime);

/// Small numbers are stored as BIGINT.
macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Stored for $number {
            const KIND: Kind = Kind::Int;
            fn value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }

        impl Column for $number {
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                Self::try_from(row.int(at)?).map_err(|_| StorageError::Column(at))
            }
        }
    )+};
}
numbers!(u16, u32, i32);

impl Stored for StateCode {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(self.0))
    }
}

impl Column for StateCode {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        u16::read(row, at).map(Self)
    }
}

impl Stored for PublicKey {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value<'_> {
        Value::Bytes(&self.0)
    }
}

impl Column for PublicKey {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        <[u8; 32]>::read(row, at).map(Self)
    }
}

/// A role is stored by its number.
impl Stored for Role {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(self.number()))
    }
}

impl Column for Role {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        let number = u16::read(row, at)?;
        Self::from_number(number).ok_or(StorageError::Column(at))
    }
}

/// How a document of a group counts.
impl Stored for Counting {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(match self {
            Self::Elsewhere => 0,
            Self::Itself => 1,
            Self::AsOpen => 2,
        })
    }
}

impl Column for Counting {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        match row.int(at)? {
            0 => Ok(Self::Elsewhere),
            1 => Ok(Self::Itself),
            2 => Ok(Self::AsOpen),
            _ => Err(StorageError::Column(at)),
        }
    }
}

/// Closed lists are stored by their names.
impl Stored for State {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }
}

impl Column for State {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        Self::from_name(&row.text(at)?).ok_or(StorageError::Column(at))
    }
}
