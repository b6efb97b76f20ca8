//! The table of regions: what each area is, and under which area it is counted.

use sync_core::record::AreaPath;

use super::{StorageError, Tx, Value, table::table};

table! {
    /// A row of the table of regions.
    #[derive(PartialEq, Eq)]
    pub struct Region in "region" key 1 {
        /// The area.
        path: AreaPath,
        /// Its administrative code.
        code: String,
        /// Its Chinese name.
        name: String,
        /// Its English name.
        name_en: String,
        /// What it counts as, such as `county`; several are separated by spaces.
        level: String,
        /// Its administrative parent, if that is not the prefix of its path.
        parent: Option<AreaPath>,
        /// The area that it reports to.
        report_parent: Option<AreaPath>,
        /// First day on which the row holds, yyyy-mm-dd; before it the area follows its path.
        valid_from: String,
        /// Last day, yyyy-mm-dd; from the day after it on the successor takes its place.
        valid_to: Option<String>,
        /// Its successor.
        replaced_by: Option<AreaPath>,
    }
}

/// Every region, in the order of paths.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Region>, StorageError> {
    let names = Region::TABLE.names();
    let sql = format!("SELECT {names} FROM region ORDER BY path");
    tx.all(&sql, &[], Region::read)
}

/// The regions down to the counties, and those below that report elsewhere: all that the reporting tree needs.
///
/// # Errors
/// [`StorageError`].
pub fn deciding(tx: &mut dyn Tx) -> Result<Vec<Region>, StorageError> {
    let names = Region::TABLE.names();
    let sql = format!(
        "SELECT {names} FROM region
         WHERE level NOT IN ('street', 'community', 'grid') OR parent IS NOT NULL
           OR report_parent IS NOT NULL OR replaced_by IS NOT NULL ORDER BY path"
    );
    tx.all(&sql, &[], Region::read)
}

/// Writes regions.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, regions: &[Region]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = regions.iter().flat_map(Region::values).collect();
    Region::TABLE.insert(tx, &values, &Region::TABLE.replace())
}
