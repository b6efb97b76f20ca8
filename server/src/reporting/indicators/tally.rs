//! Tallies: the figures of a place while they are counted, in the order of the table of indicators.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

use sync_core::{
    catalogue::{Inspected, Measure},
    record::{AreaPath, OrganId},
};

/// A figure in thousandths of its unit: of the period, and cumulative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) period: i64,
    pub(crate) cumulative: i64,
}

/// All figures of a place, in the order of the table. Companies are kept as a set, because each is counted once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) cells: Vec<Cell>,
    pub(super) companies: BTreeSet<(OrganId, bool)>,
}

/// The result of counting.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(super) places: BTreeMap<AreaPath, Tally>,
    pub(crate) unreadable: i64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), Cell::default());
        }
        for (cell, more) in self.cells.iter_mut().zip(other.cells) {
            cell.period += more.period;
            cell.cumulative += more.cumulative;
        }
        self.companies.extend(other.companies);
    }
}

impl Tally {
    /// Adds an amount to the indicator at this index of the table.
    pub(super) fn add(&mut self, at: usize, recent: bool, milli: i64) {
        if self.cells.len() <= at {
            self.cells.resize(at + 1, Cell::default());
        }
        self.cells[at].cumulative += milli;
        self.cells[at].period += if recent { milli } else { 0 };
    }

    /// The figure of the indicator at this index of the table.
    pub(super) fn cell(&self, at: usize, value: &Measure) -> Cell {
        let mut cell = self.cells.get(at).copied().unwrap_or_default();
        let companies = Inspected::Companies;
        if matches!(value, Measure::Inspected { inspected } if *inspected == companies) {
            let recent = self.companies.iter().filter(|(_, recent)| *recent);
            cell.period += 1000 * recent.count() as i64;
            let all: BTreeSet<_> = self.companies.iter().map(|(company, _)| company).collect();
            cell.cumulative += 1000 * all.len() as i64;
        }
        cell
    }
}

impl Counted {
    /// The tally of a place.
    pub(super) fn at(&mut self, place: &AreaPath) -> &mut Tally {
        self.places.entry(place.clone()).or_default()
    }

    /// Drops the places that the predicate matches: a sealed report contains them, or they are outside the sheet.
    pub(crate) fn leave(&mut self, gone: impl Fn(&AreaPath) -> bool) {
        self.places.retain(|place, _| !gone(place));
    }
}
