//! A transaction of SQLite, its values and its rows.

use rusqlite::{Connection, ToSql, types::ValueRef};

use super::{
    super::{Row, StorageError, Tx, Value, places},
    error::engine,
};
use crate::storage::table::Table;

/// A transaction that has begun on a connection.
pub(super) struct SqliteTx<'c> {
    connection: &'c Connection,
    /// Rows that it has returned.
    pub(super) rows: u64,
}

impl<'c> SqliteTx<'c> {
    pub(super) fn on(connection: &'c Connection) -> Self {
        Self {
            connection,
            rows: 0,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Bytes(v) => ValueRef::Blob(v),
            Self::Digest(v) => ValueRef::Blob(v),
        }))
    }
}

/// Whether the parameters `$1`, `$2` … of a statement first occur in this order. SQLite takes them for names and numbers
/// them as they occur, PostgreSQL takes them for numbers: in another order the engines bind different values.
fn is_in_order(sql: &str) -> bool {
    let mut known = 0;
    sql.split('$').skip(1).all(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: usize = rest[..digits].parse().unwrap_or(0);
        let next = number == known + 1;
        known += usize::from(next);
        next || number <= known
    })
}

impl Tx for SqliteTx<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StorageError> {
        debug_assert!(is_in_order(sql), "{sql}");
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(values))
            .map_err(engine)?;
        Ok(changed as u64)
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        debug_assert!(is_in_order(sql), "{sql}");
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(engine)?;
        while let Some(row) = rows.next().map_err(engine)? {
            self.rows += 1;
            each(&SqliteRow(row))?;
        }
        Ok(())
    }

    /// Row by row: a statement with many rows would keep its own journal to roll itself back.
    fn insert_all(
        &mut self,
        table: &Table,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError> {
        let width = table.columns.len();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} {conflict}",
            table.name,
            table.names(),
            places(0, width)
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(engine)?;
        for row in values.chunks_exact(width) {
            statement
                .execute(rusqlite::params_from_iter(row))
                .map_err(engine)?;
        }
        Ok(())
    }

    /// Nothing to lock: there is one writer.
    fn lock(&mut self, _: &str, _: &[Value<'_>]) -> Result<bool, StorageError> {
        Ok(false)
    }

    /// None: the program restores files itself.
    fn origin(&mut self) -> Result<Option<String>, StorageError> {
        Ok(None)
    }

    /// None: one process writes, by its own clock.
    fn clock(&mut self) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    /// Nothing to create: one file holds all spaces.
    fn open_space(&mut self, _: &str) -> Result<(), StorageError> {
        Ok(())
    }
}

struct SqliteRow<'r>(&'r rusqlite::Row<'r>);

impl Row for SqliteRow<'_> {
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
    fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
    fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(column).map_err(|_| StorageError::Column(column))
    }
}
