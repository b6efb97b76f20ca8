//! Tables declared once: struct, columns, types, reader and writer come from one declaration.
//!
//! `table!` makes a row type and its [`Table`]. A table that no code reads as a row is declared without a row type, so that
//! it is still copied when a server moves to another database.

use sync_core::{
    activity::State,
    catalogue::StateCode,
    record::{
        AreaPath, BlobHash, ChangeHash, CompoundId, DeviceId, DeviceTime, DocId, EncodedListRow,
        GrantId, OrganId, PackHash, PersonId, ServerTime,
    },
};

use super::{Row, StorageError, Tx, Value};

/// The type of a column: INT is BIGINT, BYTES is BLOB or BYTEA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A type that a column holds.
pub(crate) trait Column: Sized {
    /// The type of the column.
    const KIND: Kind;
    /// Reads the column at a position.
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError>;
    /// The value that is written.
    fn value(&self) -> Value<'_>;
}

impl Column for i64 {
    const KIND: Kind = Kind::Int;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.int(at)
    }
    fn value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

/// Counters and sequence numbers; they never exceed 2^63.
impl Column for u64 {
    const KIND: Kind = Kind::Int;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.int(at).map(i64::unsigned_abs)
    }
    fn value(&self) -> Value<'_> {
        Value::Int(self.cast_signed())
    }
}

impl Column for bool {
    const KIND: Kind = Kind::Int;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        Ok(row.int(at)? != 0)
    }
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Column for String {
    const KIND: Kind = Kind::Text;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at)
    }
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Column for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.bytes(at)
    }
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
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

impl Column for Lines {
    const KIND: Kind = Kind::Text;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at).map(Self)
    }
    fn value(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

impl<C: Column> Column for Option<C> {
    const KIND: Kind = C::KIND;
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
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Column::value)
    }
}

impl Column for AreaPath {
    const KIND: Kind = Kind::Text;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.text(at)?.parse().map_err(|_| StorageError::Column(at))
    }
    fn value(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }
}

impl Column for EncodedListRow {
    const KIND: Kind = Kind::Bytes;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        row.bytes(at).map(Self::from_stored)
    }
    fn value(&self) -> Value<'_> {
        Value::Bytes(self.as_bytes())
    }
}

/// Identifiers are stored as bytes.
macro_rules! identifiers {
    ($($id:ty),+) => {$(
        impl Column for $id {
            const KIND: Kind = Kind::Bytes;
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                Ok(Self::from_slice(&row.bytes(at)?)?)
            }
            fn value(&self) -> Value<'_> {
                Value::Bytes(self.as_bytes())
            }
        }
    )+};
}
identifiers!(
    BlobHash, ChangeHash, CompoundId, DeviceId, DocId, GrantId, OrganId, PackHash, PersonId
);

/// Times are stored as milliseconds UTC.
macro_rules! times {
    ($($time:ident),+) => {$(
        impl Column for $time {
            const KIND: Kind = Kind::Int;
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                row.int(at).map($time)
            }
            fn value(&self) -> Value<'_> {
                Value::Int(self.0)
            }
        }
    )+};
}
times!(DeviceTime, ServerTime);

/// Small numbers are stored as BIGINT.
macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Column for $number {
            const KIND: Kind = Kind::Int;
            fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
                Self::try_from(row.int(at)?).map_err(|_| StorageError::Column(at))
            }
            fn value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }
    )+};
}
numbers!(u16, u32, i32);

impl Column for StateCode {
    const KIND: Kind = Kind::Int;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        u16::read(row, at).map(Self)
    }
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(self.0))
    }
}

/// Closed lists are stored by their names.
impl Column for State {
    const KIND: Kind = Kind::Text;
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        Self::from_name(&row.text(at)?).ok_or(StorageError::Column(at))
    }
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }
}

/// A table: its first `key` columns are its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: usize,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

impl Table {
    /// The names of its columns, in the order of the declaration.
    pub(crate) fn names(&self) -> String {
        join(self.columns.iter().map(|(name, _)| (*name).to_owned()))
    }

    /// The same with the alias of the table in a query.
    pub(crate) fn names_of(&self, alias: &str) -> String {
        join(
            self.columns
                .iter()
                .map(|(name, _)| format!("{alias}.{name}")),
        )
    }

    /// The names of its key.
    pub(crate) fn key_names(&self) -> String {
        let key = &self.columns[..self.key];
        join(key.iter().map(|(name, _)| (*name).to_owned()))
    }

    /// Inserts rows of values in the order of the columns; `conflict` is the clause for existing keys, or empty.
    pub(crate) fn insert(
        &self,
        tx: &mut dyn Tx,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError> {
        let into = format!("{} ({})", self.name, self.names());
        tx.insert_all(&into, self.columns.len(), values, conflict)
    }

    /// The clause that replaces a row with the same key.
    pub(crate) fn replace(&self) -> String {
        let others = &self.columns[self.key..];
        let set = join(
            others
                .iter()
                .map(|(name, _)| format!("{name} = excluded.{name}")),
        );
        format!("ON CONFLICT ({}) DO UPDATE SET {set}", self.key_names())
    }
}

fn join(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A row of a table.
pub(crate) trait TableRow: Sized {
    /// The table.
    const TABLE: Table;
    /// Reads a row whose columns are those of the table, in order.
    fn read(row: &dyn Row) -> Result<Self, StorageError>;
    /// The values of its columns, in order.
    fn values(&self) -> impl Iterator<Item = Value<'_>>;
}

/// Declares a table: its row type, its columns with their types, and how a row is read and written. The first `key` fields
/// are the key. A field may have another name than its column: `kind = "type": String`.
macro_rules! table {
    (@name $field:ident $column:literal) => { $column };
    (@name $field:ident) => { stringify!($field) };
    (
        $(#[$meta:meta])*
        pub struct $row:ident in $name:literal key $key:literal {
            $($(#[$field_meta:meta])* $field:ident $(= $column:literal)?: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $row { $($(#[$field_meta])* pub $field: $type,)+ }

        impl $crate::storage::table::TableRow for $row {
            const TABLE: $crate::storage::table::Table = $crate::storage::table::Table {
                name: $name,
                key: $key,
                columns: &[$((
                    $crate::storage::table::table!(@name $field $($column)?),
                    <$type as $crate::storage::table::Column>::KIND,
                ),)+],
            };

            fn read(row: &dyn $crate::storage::Row) -> Result<Self, $crate::storage::StorageError> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($field: <$type as $crate::storage::table::Column>::read(row, next())?,)+
                })
            }

            fn values(&self) -> impl Iterator<Item = $crate::storage::Value<'_>> {
                [$($crate::storage::table::Column::value(&self.$field),)+].into_iter()
            }
        }
    };
    (
        $(#[$meta:meta])*
        const $table:ident in $name:literal key $key:literal {
            $($column:literal: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        pub(crate) const $table: $crate::storage::table::Table = $crate::storage::table::Table {
            name: $name,
            key: $key,
            columns: &[$(($column, <$type as $crate::storage::table::Column>::KIND),)+],
        };
    };
}
pub(crate) use table;
