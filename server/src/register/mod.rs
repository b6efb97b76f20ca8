//! The register of places: regions with the areas that they report to, compounds with their buildings.
//!
//! Imports tables of an administrator, and provides the [`Parents`] that figures are rolled up by. An import is planned
//! completely before anything is written: if one line is bad, nothing is written. Documents and figures are not handled
//! here.

mod compounds;
mod csv;
mod regions;

use sync_core::{
    catalogue::{Catalogue, Level},
    catalogue::{ReportingNode, ReportingTree},
};

pub use compounds::import_compounds;
pub use regions::import_regions;

use crate::storage::{StorageError, Tx, regions::Region};

/// A line that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

/// The result of an import, or of a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// New rows.
    pub added: usize,
    /// Rows that differ from the stored ones.
    pub changed: usize,
    /// Rows that are stored already.
    pub same: usize,
    /// Buildings that are new or differ; for compounds only.
    pub buildings: usize,
    /// Lines that are imported and should be checked.
    pub warnings: Vec<String>,
    /// Lines that cannot be imported; if there is one, nothing is imported.
    pub bad: Vec<BadLine>,
    /// Whether the rows were written.
    pub written: bool,
}

impl Import {
    fn refuse(&mut self, line: usize, problem: impl Into<String>) {
        let problem = problem.into();
        self.bad.push(BadLine { line, problem });
    }
}

/// The reporting tree that holds on a day (`yyyy-mm-dd`).
///
/// # Errors
/// [`StorageError`].
pub fn parents(tx: &mut dyn Tx, day: &str) -> Result<ReportingTree, StorageError> {
    let rows = crate::storage::regions::deciding(tx)?;
    Ok(ReportingTree::new(nodes(&rows, day)))
}

/// The built-in regions and the stored rows, which take precedence.
fn nodes(rows: &[Region], day: &str) -> Vec<ReportingNode> {
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
fn levels(text: &str) -> Option<Vec<Level>> {
    let levels: Option<Vec<_>> = text.split_whitespace().map(Level::from_name).collect();
    levels.filter(|levels| !levels.is_empty())
}
