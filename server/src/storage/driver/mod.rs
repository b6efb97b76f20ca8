//! The interface between our SQL and an engine: values in, rows out, inside one transaction.
//!
//! Statements are written once, in the subset that SQLite and PostgreSQL share, with `$1…$n` in order of first use. A
//! driver runs them; no code above this folder depends on the engine.

mod columns;
mod error;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use columns::Table;
pub use error::{SharedCause, StorageError};
pub use value::{Row, Value};

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
    /// What tells this database from a copy of it that was restored elsewhere or to an earlier time, as far as the engine
    /// knows it: its cluster, timeline and number. `None` for an engine of files.
    ///
    /// # Errors
    /// [`StorageError`] from the engine.
    fn origin(&mut self) -> Result<Option<String>, StorageError>;
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
