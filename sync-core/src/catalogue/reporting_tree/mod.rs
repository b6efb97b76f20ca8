//! The reporting tree: under which area each area is counted. Areas are rolled up by a table of parents, never by the
//! digits of a code.
//!
//! The parent of an area is the area that it reports to, else its administrative parent, else the parent of its path.
//! Only areas that differ from their path need a row; everything else follows from the path and its county.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

use super::Level;
use crate::record::AreaPath;

/// The maximum number of steps upwards; more steps mean a cycle.
const DEPTH: usize = 24;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportingNode {
    /// The area.
    pub path: AreaPath,
    /// The levels that it counts as.
    pub levels: Vec<Level>,
    /// Its administrative parent, if that is not the parent of its path.
    pub parent: Option<AreaPath>,
    /// The area that it reports to instead.
    pub report_parent: Option<AreaPath>,
    /// Its successor, if it is no longer valid.
    pub replaced_by: Option<AreaPath>,
}

/// The table as it is valid on one day.
#[derive(Debug, Clone, Default)]
pub struct ReportingTree {
    nodes: BTreeMap<AreaPath, ReportingNode>,
}

/// An area that reports to itself through other areas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} reports to itself by way of others")]
pub struct ReportingCycle(pub AreaPath);

impl ReportingTree {
    /// A table of these rows; of two rows for one area the later one is kept.
    pub fn new(nodes: impl IntoIterator<Item = ReportingNode>) -> Self {
        let by_path = |node: ReportingNode| (node.path.clone(), node);
        Self {
            nodes: nodes.into_iter().map(by_path).collect(),
        }
    }

    /// Checks that no area of the table reports to itself.
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

    /// The area and those that it reports to, nearest first; a successor takes the place of the area that it replaced.
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

    /// Whether `path` is `area` or reports to it, directly or through other areas.
    pub fn is_within(&self, path: &AreaPath, area: &AreaPath) -> bool {
        self.chain(path).contains(area)
    }

    /// The levels that an area counts as; `county` is the space that it lies in.
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
        // A county directly under the province also counts as a city.
        if level == Level::County && codes <= 2 {
            return vec![Level::City, Level::County];
        }
        vec![level]
    }

    /// The area of a level under which `path` is counted; an area above that level is counted under itself.
    pub fn place(&self, level: Level, path: &AreaPath, county: &AreaPath) -> AreaPath {
        let chain = self.chain(path);
        let shows = |area: &&AreaPath| {
            let levels = self.levels(area, county);
            levels.iter().any(|l| l.shows_as(level))
        };
        let found = chain.iter().find(shows).or_else(|| chain.first());
        found.cloned().unwrap_or_else(|| path.clone())
    }

    /// Whether parts of a county may be counted elsewhere; its figures must then be split by path.
    pub fn is_split(&self, county: &AreaPath) -> bool {
        let moved =
            |node: &ReportingNode| node.report_parent.is_some() || node.replaced_by.is_some();
        let inside = |node: &&ReportingNode| node.path != *county && county.covers(&node.path);
        self.nodes.values().filter(inside).any(moved)
    }

    /// `area` and the areas outside it that report to it: together they contain everything that is counted under it.
    pub fn members(&self, area: &AreaPath) -> BTreeSet<AreaPath> {
        let outside = self.nodes.keys().filter(|path| !area.covers(path));
        let mut members: BTreeSet<AreaPath> = outside
            .filter(|path| self.is_within(path, area))
            .cloned()
            .collect();
        members.insert(area.clone());
        members
    }

    /// The areas of a level in the table that report to `area`.
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
/// The sum over all areas is the same at every level.
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
