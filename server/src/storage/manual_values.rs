//! Manual values: figures that a person entered. Rows are inserted once.

use sync_core::record::{AreaPath, PersonId, Role};

use super::{StorageError, Tx, Value, table::table};

table! {
    /// A manual value.
    pub struct Manual in "manual_value" key 1 {
        /// The value.
        id: [u8; 16],
        /// The area that it is about.
        area: String,
        /// The indicator.
        indicator: String,
        /// First day, yyyy-mm-dd.
        period_from: String,
        /// Last day, yyyy-mm-dd.
        period_to: String,
        /// Thousandths of the unit.
        milli: i64,
        /// Why the value was typed.
        reason: String,
        /// Who typed it.
        person: PersonId,
        /// In which role.
        role: Role,
        /// When, milliseconds UTC.
        at: i64,
    }
}

/// Inserts a manual value.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, manual: &Manual) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = manual.values().collect();
    Manual::TABLE.insert(tx, &values, "")
}

/// The manual values for exactly this period, of an area and the areas below it, oldest first.
///
/// # Errors
/// [`StorageError`].
pub fn list(
    tx: &mut dyn Tx,
    area: &AreaPath,
    period: (&str, &str),
) -> Result<Vec<Manual>, StorageError> {
    let (from, to) = area.below();
    let names = Manual::TABLE.names();
    let sql = format!(
        "SELECT {names} FROM manual_value
         WHERE (area = $1 OR (area >= $2 AND area < $3)) AND period_from = $4 AND period_to = $5
         ORDER BY at, id"
    );
    let values = [
        area.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        period.0.into(),
        period.1.into(),
    ];
    tx.all(&sql, &values, Manual::read)
}
