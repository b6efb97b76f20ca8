//! Who reports to whom: areas rolled up by the table of parents, never by the digits of a code.
//!
//! An area's parent is the one it reports to, else its administrative parent, else the area its path lies in. Only
//! areas that differ from their path need a row; everything else follows from the path and its county.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

use super::Level;
use crate::record::AreaPath;

/// Steps upwards at most: more is a circle.
const DEPTH: usize = 24;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportingNode {
    /// The area.
    pub path: AreaPath,
    /// What it counts as.
    pub levels: Vec<Level>,
    /// Its administrative parent, if that is not the path's.
    pub parent: Option<AreaPath>,
    /// Whom it reports to instead.
    pub report_parent: Option<AreaPath>,
    /// Its successor, if it is no longer valid.
    pub replaced_by: Option<AreaPath>,
}

/// The table, as it holds on one day.
#[derive(Debug, Clone, Default)]
pub struct ReportingTree {
    nodes: BTreeMap<AreaPath, ReportingNode>,
}

/// An area that reports to itself by way of others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} reports to itself by way of others")]
pub struct ReportingCycle(pub AreaPath);

impl ReportingTree {
    /// A table of these rows; of two for one area the later holds.
    pub fn new(nodes: impl IntoIterator<Item = ReportingNode>) -> Self {
        let by_path = |node: ReportingNode| (node.path.clone(), node);
        Self {
            nodes: nodes.into_iter().map(by_path).collect(),
        }
    }

    /// Refuses a table in which somebody reports to itself.
    ///
    /// # Errors
    /// [`ReportingCycle`].
    pub fn check(&self) -> Result<(), ReportingCycle> {
        for path in self.nodes.keys() {
            let mut at = self.above(path);
            for _ in 0..DEPTH {
                let Some(above) = at else { break };
                if above == *path {
                    return Err(ReportingCycle(above));
                }
                at = self.above(&above);
            }
        }
        Ok(())
    }

    fn above(&self, path: &AreaPath) -> Option<AreaPath> {
        let own = self.nodes.get(path).and_then(|node| {
            let successor = node.replaced_by.as_ref();
            let said = successor.or(node.report_parent.as_ref());
            said.or(node.parent.as_ref()).cloned()
        });
        own.or_else(|| path.parent())
    }

    /// The area and those above it, as it reports; a successor stands for what it replaced.
    pub fn chain(&self, path: &AreaPath) -> Vec<AreaPath> {
        let (mut chain, mut at) = (Vec::new(), Some(path.clone()));
        for _ in 0..DEPTH {
            let Some(here) = at else { break };
            at = self.above(&here);
            let replaced = |node: &ReportingNode| node.replaced_by.is_some();
            if !self.nodes.get(&here).is_some_and(replaced) {
                chain.push(here);
            }
        }
        chain
    }

    /// Whether an area reports to another, or is it.
    pub fn is_within(&self, path: &AreaPath, area: &AreaPath) -> bool {
        self.chain(path).contains(area)
    }

    /// What an area counts as; `county` is the space it lies in.
    pub fn levels(&self, path: &AreaPath, county: &AreaPath) -> Vec<Level> {
        if let Some(node) = self.nodes.get(path) {
            return node.levels.clone();
        }
        let (codes, base) = (path.codes().count(), county.codes().count());
        let level = match codes.checked_sub(base) {
            Some(0) => Level::County,
            Some(1) => Level::Street,
            Some(2) => Level::Community,
            Some(_) => Level::Grid,
            None if codes == 1 => Level::Province,
            None => Level::City,
        };
        // A county that hangs on the top itself stands beside the cities.
        if level == Level::County && codes <= 2 {
            return vec![Level::City, Level::County];
        }
        vec![level]
    }

    /// The place of a level that an area is counted in; an area above that level is its own.
    pub fn place(&self, level: Level, path: &AreaPath, county: &AreaPath) -> AreaPath {
        let chain = self.chain(path);
        let shows = |area: &&AreaPath| {
            let levels = self.levels(area, county);
            levels.iter().any(|l| l.shows_as(level))
        };
        let found = chain.iter().find(shows).or_else(|| chain.first());
        found.cloned().unwrap_or_else(|| path.clone())
    }

    /// Whether parts of a county may count elsewhere, so that its figures must be taken apart by path.
    pub fn is_split(&self, county: &AreaPath) -> bool {
        let moved =
            |node: &ReportingNode| node.report_parent.is_some() || node.replaced_by.is_some();
        let inside = |node: &&ReportingNode| node.path != *county && county.covers(&node.path);
        self.nodes.values().filter(inside).any(moved)
    }

    /// Areas outside `area` that report to it: with it they hold everything that counts in it.
    pub fn members(&self, area: &AreaPath) -> BTreeSet<AreaPath> {
        let outside = self.nodes.keys().filter(|path| !area.covers(path));
        let mut members: BTreeSet<AreaPath> = outside
            .filter(|path| self.is_within(path, area))
            .cloned()
            .collect();
        members.insert(area.clone());
        members
    }

    /// The areas of a level that report to `area`, as the table has them.
    pub fn registered(&self, level: Level, area: &AreaPath) -> BTreeSet<AreaPath> {
        let of_level = self.nodes.values().filter(|node| {
            node.replaced_by.is_none() && node.levels.iter().any(|l| l.shows_as(level))
        });
        let within = of_level.filter(|node| self.is_within(&node.path, area));
        within.map(|node| node.path.clone()).collect()
    }
}

/// Values of areas, each with its county, rolled up to a level.
///
/// # Properties
/// The sum over all areas stays what it was, whatever the level.
pub fn roll_up<V: AddAssign + Default>(
    parents: &ReportingTree,
    level: Level,
    values: impl IntoIterator<Item = (AreaPath, AreaPath, V)>,
) -> BTreeMap<AreaPath, V> {
    let (mut sums, mut known) = (BTreeMap::new(), BTreeMap::new());
    for (path, county, value) in values {
        let place = known
            .entry(path)
            .or_insert_with_key(|path| parents.place(level, path, &county))
            .clone();
        *sums.entry(place).or_insert_with(V::default) += value;
    }
    sums
}

#[cfg(test)]
mod tests;
