//! The reporting tree of a day, from the built-in regions and the stored ones.

use sync_core::catalogue::{Catalogue, Level, ReportingNode, ReportingTree};

use crate::storage::{
    StorageError, Tx,
    regions::{self, Region},
};

/// The reporting tree that holds on a day (`yyyy-mm-dd`).
///
/// # Errors
/// [`StorageError`].
pub fn parents(tx: &mut dyn Tx, day: &str) -> Result<ReportingTree, StorageError> {
    let rows = regions::deciding(tx)?;
    Ok(ReportingTree::new(nodes(&rows, day)))
}

/// The built-in regions and the stored rows, which take precedence.
pub(in crate::register) fn nodes(rows: &[Region], day: &str) -> Vec<ReportingNode> {
    let built_in = Catalogue::embedded().regions.regions.iter();
    let built_in = built_in.map(|region| ReportingNode {
        path: region.path.clone(),
        levels: region.levels.clone(),
        parent: None,
        report_parent: None,
        replaced_by: None,
    });
    built_in
        .chain(rows.iter().filter_map(|row| node(row, day)))
        .collect()
}

fn node(row: &Region, day: &str) -> Option<ReportingNode> {
    let ended = row.valid_to.as_deref().is_some_and(|to| to < day);
    Some(ReportingNode {
        path: row.path.clone(),
        levels: levels(&row.level)?,
        parent: row.parent.clone(),
        report_parent: row.report_parent.clone(),
        replaced_by: row.replaced_by.clone().filter(|_| ended),
    })
}

/// Levels as in the table: one, or `city county` for a county directly below the province.
pub(in crate::register) fn levels(text: &str) -> Option<Vec<Level>> {
    let levels: Option<Vec<_>> = text.split_whitespace().map(Level::from_name).collect();
    levels.filter(|levels| !levels.is_empty())
}
