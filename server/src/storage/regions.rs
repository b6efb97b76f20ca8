//! The table of regions: what each area is, and under which area it is counted.

use super::{Row, StorageError, Tx};

/// A row of the table of regions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Region {
    pub path: String,
    pub code: String,
    pub name: String,
    pub name_en: String,
    pub level: String,
    pub parent: Option<String>,
    pub report_parent: Option<String>,
    pub valid_from: String,
    pub valid_to: Option<String>,
    pub replaced_by: Option<String>,
}

const COLUMNS: &str =
    "path, code, name, name_en, level, parent, report_parent, valid_from, valid_to, replaced_by";

fn read(row: &dyn Row) -> Result<Region, StorageError> {
    Ok(Region {
        path: row.text(0)?,
        code: row.text(1)?,
        name: row.text(2)?,
        name_en: row.text(3)?,
        level: row.text(4)?,
        parent: row.opt_text(5)?,
        report_parent: row.opt_text(6)?,
        valid_from: row.text(7)?,
        valid_to: row.opt_text(8)?,
        replaced_by: row.opt_text(9)?,
    })
}

/// Every region, in the order of paths.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Region>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM region ORDER BY path");
    tx.all(&sql, &[], read)
}

/// The regions down to the counties, and those below that report elsewhere: all that the reporting tree needs.
///
/// # Errors
/// [`StorageError`].
pub fn deciding(tx: &mut dyn Tx) -> Result<Vec<Region>, StorageError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM region
         WHERE level NOT IN ('street', 'community', 'grid') OR parent IS NOT NULL
           OR report_parent IS NOT NULL OR replaced_by IS NOT NULL ORDER BY path"
    );
    tx.all(&sql, &[], read)
}

/// Writes regions.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, regions: &[Region]) -> Result<(), StorageError> {
    let values: Vec<_> = regions
        .iter()
        .flat_map(|r| {
            [
                r.path.as_str().into(),
                r.code.as_str().into(),
                r.name.as_str().into(),
                r.name_en.as_str().into(),
                r.level.as_str().into(),
                r.parent.as_deref().into(),
                r.report_parent.as_deref().into(),
                r.valid_from.as_str().into(),
                r.valid_to.as_deref().into(),
                r.replaced_by.as_deref().into(),
            ]
        })
        .collect();
    let then = "ON CONFLICT (path) DO UPDATE SET code = excluded.code, name = excluded.name,
        name_en = excluded.name_en, level = excluded.level, parent = excluded.parent,
        report_parent = excluded.report_parent, valid_from = excluded.valid_from,
        valid_to = excluded.valid_to, replaced_by = excluded.replaced_by";
    tx.insert_all(&format!("region ({COLUMNS})"), 10, &values, then)
}
