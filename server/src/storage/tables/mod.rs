//! Tables as rows of typed values, independent of their meaning: their keys, their columns, and one way to copy them.
//!
//! Rows of one database are read, counted, hashed and written to another. Every table that cannot be rebuilt from the
//! log is in `LOGGED` or `WHOLE`; derived tables are not.

mod whole;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sync_core::record::{AreaPath, Digest, DocId};

use crate::storage::{
    Row, StorageError, Tx, Value,
    column::{Kind, Stored},
    table::Table,
};
pub(crate) use whole::{LOGGED, TRANSIENT, WHOLE};

/// The number of rows of each table that is not derived.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn counts(tx: &mut dyn Tx) -> Result<BTreeMap<String, u64>, StorageError> {
    let all = LOGGED.iter().chain(WHOLE);
    all.map(|table| Ok((table.name.to_owned(), table.count(tx)?)))
        .collect()
}

/// The number of rows of these tables, in a database that an earlier version may have written: the names are those of
/// its schema.
///
/// # Errors
/// [`StorageError`], also if one of the tables does not exist.
pub(crate) fn counts_of<'n>(
    tx: &mut dyn Tx,
    names: impl Iterator<Item = &'n String>,
) -> Result<BTreeMap<String, u64>, StorageError> {
    let count = |name: &String| {
        // A name cannot be a parameter of a statement.
        if !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(StorageError::Damaged(format!("{name:?} is not a table")));
        }
        let sql = format!("SELECT COUNT(*) FROM {name}");
        let rows = tx.first(&sql, &[], |row| row.int(0))?;
        Ok((name.clone(), rows.unwrap_or(0).unsigned_abs()))
    };
    names.map(count).collect()
}

/// Rows that are read and written together.
pub(crate) const PAGE: i64 = 500;

/// Tables whose rows are immutable.
const FROZEN: [&str; 3] = ["report", "report_step", "report_source"];

/// A value of a row.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(v) => Value::Int(*v),
            Self::Text(v) => Value::Text(v),
            Self::Bytes(v) => Value::Bytes(v),
        }
    }
}

impl Table {
    fn read(&self, row: &dyn Row) -> Result<Vec<Cell>, StorageError> {
        let cell = |(at, (_, kind)): (usize, &(&str, Kind))| {
            let cell = match kind {
                Kind::Int => row.opt_int(at)?.map(Cell::Int),
                Kind::Text => row.opt_text(at)?.map(Cell::Text),
                Kind::Bytes => row.opt_bytes(at)?.map(Cell::Bytes),
            };
            Ok(cell.unwrap_or(Cell::Null))
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    /// The number of rows.
    pub(crate) fn count(&self, tx: &mut dyn Tx) -> Result<u64, StorageError> {
        let sql = format!("SELECT COUNT(*) FROM {}", self.name);
        let count = tx.first(&sql, &[], |row| row.int(0))?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }

    /// The page of rows after a key, in the order of keys.
    pub(crate) fn page(
        &self,
        tx: &mut dyn Tx,
        after: Option<&[Cell]>,
    ) -> Result<Vec<Vec<Cell>>, StorageError> {
        let (names, key) = (self.names(), self.key_names());
        let mut values: Vec<Value<'_>> = Vec::new();
        let mut only = String::new();
        if let Some(after) = after {
            values.extend(after[..self.key].iter().map(Cell::value));
            let places: Vec<_> = (1..=self.key).map(|n| format!("${n}")).collect();
            only = format!("WHERE ({key}) > ({})", places.join(", "));
        }
        let name = self.name;
        let sql = format!("SELECT {names} FROM {name} {only} ORDER BY {key} LIMIT {PAGE}");
        tx.all(&sql, &values, |row| self.read(row))
    }

    /// Rows of these documents of a space; with `after`, only those with a higher sequence number.
    pub(crate) fn of_docs(
        &self,
        tx: &mut dyn Tx,
        space: &AreaPath,
        docs: &[DocId],
        after: Option<i64>,
    ) -> Result<Vec<Vec<Cell>>, StorageError> {
        let (names, name) = (self.names(), self.name);
        let mut fixed = vec![space.value()];
        let mut only = String::new();
        if let Some(after) = after {
            fixed.push(Value::Int(after));
            "AND seq > $2".clone_into(&mut only);
        }
        let keys: Vec<_> = docs.iter().map(Stored::value).collect();
        let sql = format!("SELECT {names} FROM {name} WHERE space = $1 {only} AND doc IN (?)");
        tx.all_of(&sql, &fixed, &keys, |row| self.read(row))
    }

    /// Deletes the rows of a space that have the same value in the column `column` as one of these.
    pub(crate) fn forget(
        &self,
        tx: &mut dyn Tx,
        space: &AreaPath,
        column: &str,
        rows: &[Vec<Cell>],
    ) -> Result<(), StorageError> {
        let at = self.columns.iter().position(|(name, _)| *name == column);
        let keys: Vec<_> = rows
            .iter()
            .filter_map(|row| row.get(at?).map(Cell::value))
            .collect();
        let name = self.name;
        let sql =
            format!("DELETE FROM {name} WHERE space = $1 AND {column} IN (?) RETURNING space");
        tx.all_of(&sql, &[space.value()], &keys, |_| Ok(()))?;
        Ok(())
    }

    /// Deletes all rows.
    pub(crate) fn clear(&self, tx: &mut dyn Tx) -> Result<(), StorageError> {
        tx.execute(&format!("DELETE FROM {}", self.name), &[])?;
        Ok(())
    }

    /// Writes rows. Existing rows with the same keys are replaced, unless the table is immutable.
    pub(crate) fn put(&self, tx: &mut dyn Tx, rows: &[Vec<Cell>]) -> Result<(), StorageError> {
        let values: Vec<_> = rows.iter().flatten().map(Cell::value).collect();
        let conflict = if self.columns.len() == self.key || FROZEN.contains(&self.name) {
            format!("ON CONFLICT ({}) DO NOTHING", self.key_names())
        } else {
            self.replace()
        };
        self.insert(tx, &values, &conflict)
    }
}

/// The number of rows and the sum of their hashes: equal for equal contents in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    /// Rows.
    pub rows: u64,
    /// Sum of the rows' hashes.
    pub digest: Digest,
}

impl Contents {
    pub(crate) fn add(&mut self, rows: &[Vec<Cell>]) {
        for row in rows {
            let mut hash = Sha256::new();
            for cell in row {
                let (tag, bytes): (u8, &[u8]) = match cell {
                    Cell::Null => (0, &[]),
                    Cell::Int(v) => (1, &v.to_be_bytes()),
                    Cell::Text(v) => (2, v.as_bytes()),
                    Cell::Bytes(v) => (3, v),
                };
                hash.update([tag]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
            let hash: [u8; 32] = hash.finalize().into();
            self.rows += 1;
            self.digest = self.digest.plus(Digest::from_slice(&hash[..16]));
        }
    }
}
