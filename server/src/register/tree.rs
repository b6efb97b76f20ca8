//! The hierarchy over time: the reporting tree of each day, from the built-in regions and the stored ones.
//!
//! A row holds from `valid_from` on: before that day the area follows its path. After `valid_to` its successor takes its
//! place, if it has one.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::{Catalogue, Level, ReportingCycle, ReportingNode, ReportingTree},
    wire::Code,
};

use super::csv::next_day;
use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        regions::{self, Region},
    },
};

/// China Standard Time is this much ahead of UTC, in milliseconds.
const AHEAD_MS: i64 = 8 * 3_600_000;

/// First day of a region for which no file gives one.
pub(in crate::register) const ALWAYS: &str = "1949-10-01";

/// The stored regions, from which the reporting tree of every day follows.
#[derive(Debug, Clone, Default)]
pub struct Hierarchy {
    rows: Vec<Region>,
}

impl Hierarchy {
    /// The stored regions, as far as the reporting tree depends on them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn read(tx: &mut dyn Tx) -> Result<Self, StorageError> {
        Ok(Self {
            rows: regions::deciding(tx)?,
        })
    }

    /// These regions.
    pub(in crate::register) fn of(rows: Vec<Region>) -> Self {
        Self { rows }
    }

    /// The regions.
    pub(in crate::register) fn rows(&self) -> &[Region] {
        &self.rows
    }

    /// The reporting tree of a day (`yyyy-mm-dd`).
    ///
    /// # Errors
    /// [`ReportingCycle`] if areas report to each other in a circle on this day.
    pub(in crate::register) fn tree(&self, day: &str) -> Result<ReportingTree, ReportingCycle> {
        let built_in = Catalogue::embedded().regions.regions.iter();
        let built_in = built_in.map(|region| ReportingNode {
            path: region.path.clone(),
            levels: region.levels.clone(),
            parent: None,
            report_parent: None,
            replaced_by: None,
        });
        let rows = self.rows.iter().filter_map(|row| node(row, day));
        ReportingTree::new(built_in.chain(rows))
    }

    /// The reporting tree of a day (`yyyy-mm-dd`), for figures and permissions of that day.
    ///
    /// # Errors
    /// `regions-circular` naming every area of the circle: no figure can be computed then.
    pub fn on(&self, day: &str) -> Result<ReportingTree, Refusal> {
        self.tree(day).map_err(|circle| {
            let detail = format!("on {day}: {circle}; correct the table of regions and import it");
            Refusal::new(Code::RegionsCircular, detail)
        })
    }

    /// The days on which the tree changes, in order: what holds on one holds until the next.
    pub(in crate::register) fn days(&self) -> BTreeSet<String> {
        let mut days = BTreeSet::from([ALWAYS.to_owned()]);
        for row in &self.rows {
            days.insert(row.valid_from.clone());
            days.extend(row.valid_to.as_deref().and_then(next_day));
        }
        days
    }

    /// The reporting trees of every day that the table names, from the first day on.
    ///
    /// # Errors
    /// `regions-circular`.
    pub fn trees(&self) -> Result<Vec<ReportingTree>, Refusal> {
        self.days().iter().map(|day| self.on(day)).collect()
    }
}

/// The day of a time in China, `yyyy-mm-dd`; the time is in milliseconds UTC.
pub fn day(at: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(at.saturating_add(AHEAD_MS));
    let text = text.map(|time| time.to_string()).unwrap_or_default();
    text.get(..10).unwrap_or_default().to_owned()
}

/// The reporting tree of a day (`yyyy-mm-dd`).
///
/// # Errors
/// `regions-circular` naming every area of the circle, or of the storage.
pub fn parents(tx: &mut dyn Tx, day: &str) -> Result<ReportingTree, Refusal> {
    Hierarchy::read(tx)?.on(day)
}

fn node(row: &Region, day: &str) -> Option<ReportingNode> {
    if row.valid_from.as_str() > day {
        return None;
    }
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
    levels.filter(|levels| match levels.as_slice() {
        [_] => true,
        two => *two == [Level::City, Level::County],
    })
}
