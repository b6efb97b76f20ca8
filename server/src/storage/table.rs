//! Tables declared once: columns, types, reader and writer come from one declaration.
//!
//! `table!` makes a row type with its [`Table`]. A table whose rows no code holds as values is declared without a row type.

pub(crate) use super::driver::Table;
use super::{StorageError, Tx, Value, driver::places};

impl Table {
    /// Inserts rows of values in the order of the columns; `conflict` is the clause for existing keys, or empty.
    pub(crate) fn insert(
        &self,
        tx: &mut dyn Tx,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError> {
        tx.insert_all(self, values, conflict)
    }

    /// Inserts one row, unless there is one with the same key or another unique value. Returns whether it was inserted.
    pub(crate) fn insert_once<'v>(
        &self,
        tx: &mut dyn Tx,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> Result<bool, StorageError> {
        let values: Vec<_> = values.into_iter().collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} ON CONFLICT DO NOTHING",
            self.name,
            self.names(),
            places(0, values.len())
        );
        Ok(tx.execute(&sql, &values)? > 0)
    }

    /// Writes one row; a row with the same key is replaced.
    pub(crate) fn put_one<'v>(
        &self,
        tx: &mut dyn Tx,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> Result<(), StorageError> {
        let values: Vec<_> = values.into_iter().collect();
        self.insert(tx, &values, &self.replace())
    }
}

/// Declares a table: its row type, its columns with their types, and how a row is read and written. The first `key` fields
/// are the key. A field may have another name than its column: `kind = "type": String`. A row type with a lifetime borrows
/// what it writes and is not read. `const` declares a table without a row type.
macro_rules! table {
    (@name $field:ident $column:literal) => { $column };
    (@name $field:ident) => { stringify!($field) };
    (@row $row:ident [$($life:lifetime)?] $name:literal $key:literal $($field:ident $(= $column:literal)?: $type:ty,)+) => {
        impl$(<$life>)? $row$(<$life>)? {
            pub(crate) const TABLE: $crate::storage::table::Table = $crate::storage::table::Table {
                name: $name,
                key: $key,
                columns: &[$((
                    $crate::storage::table::table!(@name $field $($column)?),
                    <$type as $crate::storage::column::Stored>::KIND,
                ),)+],
            };

            /// The values of its columns, in order.
            pub(crate) fn values(&self) -> impl Iterator<Item = $crate::storage::Value<'_>> {
                [$($crate::storage::column::Stored::value(&self.$field),)+].into_iter()
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $row:ident in $name:literal key $key:literal {
            $($(#[$field_meta:meta])* $field:ident $(= $column:literal)?: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $row { $($(#[$field_meta])* pub $field: $type,)+ }

        $crate::storage::table::table!(@row $row [] $name $key $($field $(= $column)?: $type,)+);

        impl $row {
            /// Reads a row whose columns are those of the table, in order.
            pub(crate) fn read(row: &dyn $crate::storage::Row) -> Result<Self, $crate::storage::StorageError> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($field: <$type as $crate::storage::column::Column>::read(row, next())?,)+
                })
            }
        }

        // Rows of some tables are only written.
        const _: fn(&dyn $crate::storage::Row) -> Result<$row, $crate::storage::StorageError> = $row::read;
    };
    (
        $(#[$meta:meta])*
        pub struct $row:ident<$life:lifetime> in $name:literal key $key:literal {
            $($(#[$field_meta:meta])* $field:ident $(= $column:literal)?: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $row<$life> { $($(#[$field_meta])* pub $field: $type,)+ }

        $crate::storage::table::table!(@row $row [$life] $name $key $($field $(= $column)?: $type,)+);
    };
    (
        $(#[$meta:meta])*
        const $table:ident in $name:literal key $key:literal {
            $($column:ident: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        pub(crate) const $table: $crate::storage::table::Table = $crate::storage::table::Table {
            name: $name,
            key: $key,
            columns: &[$((stringify!($column), <$type as $crate::storage::column::Stored>::KIND),)+],
        };
    };
}
pub(crate) use table;
