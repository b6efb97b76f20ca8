//! The interface between our SQL and an engine: values in, rows out, inside one transaction.
//!
//! Statements are written once, in the subset that SQLite and PostgreSQL share, with `$1…$n` in order of first use. A
//! driver runs them; no code above this folder depends on the engine.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::panic::{AssertUnwindSafe, catch_unwind};

use sync_core::record::ids::BadId;

use super::table::Table;

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

/// A transaction. Its writes are atomic. A read transaction reads one snapshot; in a write transaction of PostgreSQL a
/// later statement may see newer commits of others, unless rows are locked with [`Tx::lock`].
pub trait Tx {
    /// Runs a statement and returns the number of rows it changed.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StorageError>;
    /// Runs a query and passes each row to `each`.
    ///
    /// # Errors
    /// [`StorageError`] from the engine or from `each`.
    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;
    /// Locks the rows with these keys, in the order of keys, until the transaction ends, so that what is read of them
    /// afterwards stays true. `(?)` in the query becomes the list of keys. Returns whether other transactions may have
    /// written the rows before: an engine with a single writer locks nothing and returns `false`.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn lock(&mut self, select: &str, keys: &[Value<'_>]) -> Result<bool, StorageError>;
    /// The engine's clock in milliseconds UTC, if several processes share the engine: their own clocks may differ.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn clock(&mut self) -> Result<Option<i64>, StorageError>;
    /// Creates the partitions for a space, if the engine partitions tables by space.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn open_space(&mut self, space: &str) -> Result<(), StorageError>;

    /// As [`Self::query`] for many keys: `(?)` in the statement becomes the list of keys, after the `fixed` values.
    ///
    /// # Errors
    /// [`StorageError`] from the engine or from `each`.
    fn query_of(
        &mut self,
        sql: &str,
        fixed: &[Value<'_>],
        keys: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for part in keys.chunks(MANY) {
            // Lengths are rounded up to powers of two, so that few statements are prepared: the last key fills the
            // rest.
            let width = part.len().next_power_of_two();
            let mut values = fixed.to_vec();
            values.extend(part);
            values.resize(fixed.len() + width, part[part.len() - 1]);
            let places = places(fixed.len(), width);
            self.query(&sql.replacen("(?)", &places, 1), &values, each)?;
        }
        Ok(())
    }

    /// Inserts many rows of a table, whose values are in the order of its columns; `conflict` is the clause for existing
    /// keys, or empty.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn insert_all(
        &mut self,
        table: &Table,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError>;
}

/// Keys of one statement at most: with more of them, the fixed cost of a statement is already small.
const MANY: usize = 128;

type Work = Box<dyn FnMut(&mut dyn Tx) -> bool + Send>;

/// A queued write. It may run more than once: an engine may roll its transaction back and retry.
pub(crate) struct Job {
    /// The space whose row it locks, if any: such jobs are grouped, in the order of spaces.
    pub(crate) space: Option<String>,
    /// Does the work; returns whether to keep it.
    pub(crate) run: Work,
    /// Called once the work is durable, or with the error.
    pub(crate) answer: Box<dyn FnOnce(Result<(), StorageError>) + Send>,
}

/// Runs a job. A panic rolls back only this job; its caller gets [`StorageError::Closed`].
fn run(job: &mut Job, tx: &mut dyn Tx) -> bool {
    catch_unwind(AssertUnwindSafe(|| (job.run)(tx))).unwrap_or(false)
}

impl dyn Tx + '_ {
    /// All rows, mapped.
    ///
    /// # Errors
    /// [`StorageError`] from the engine or from `map`.
    pub fn all<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        map: impl Fn(&dyn Row) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut rows = Vec::new();
        self.query(sql, values, &mut |row| {
            rows.push(map(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row, mapped.
    ///
    /// # Errors
    /// [`StorageError`] from the engine or from `map`.
    pub fn first<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        map: impl Fn(&dyn Row) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        Ok(self.all(sql, values, map)?.into_iter().next())
    }

    /// The rows of many keys: `(?)` in the statement becomes the list of keys, after the `fixed` values.
    ///
    /// # Errors
    /// [`StorageError`] from the engine or from `map`.
    pub fn all_of<T>(
        &mut self,
        sql: &str,
        fixed: &[Value<'_>],
        keys: &[Value<'_>],
        map: impl Fn(&dyn Row) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut rows = Vec::new();
        self.query_of(sql, fixed, keys, &mut |row| {
            rows.push(map(row)?);
            Ok(())
        })?;
        Ok(rows)
    }
}

/// `($n, …)` for `count` parameters after the first `before`.
pub(super) fn places(before: usize, count: usize) -> String {
    use std::fmt::Write;
    let mut text = "(".to_owned();
    for n in 1..=count {
        let comma = if n > 1 { ", " } else { "" };
        let _ = write!(text, "{comma}${}", before + n);
    }
    text + ")"
}

impl StorageError {
    /// The same error for another job of a group that failed.
    fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Closed => Self::Closed,
            Self::Moved => Self::Moved,
            Self::ReadOnly => Self::ReadOnly,
            Self::Blocked => Self::Blocked,
            Self::Released => Self::Released,
            Self::Undone => Self::Undone,
            other => Self::Engine(other.to_string()),
        }
    }
}

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused a statement.
    #[error("the database refused a statement: {0}")]
    Engine(String),
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
        "its records are moving, or have moved, to another database: start the server with --database of the new place, or let this one go on with `xuncha admin migrate-store --undo`"
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
        "the records were moved and the new database was released: this one must not take work again, or both would; keep it as a copy of before"
    )]
    Released,
    /// The move was undone before it was completed.
    #[error(
        "搬迁已被撤销 / the move was undone while it ran, and the old server may have taken work since: run migrate-store again"
    )]
    Undone,
    /// The writer has stopped.
    #[error("the storage is shutting down")]
    Closed,
}
