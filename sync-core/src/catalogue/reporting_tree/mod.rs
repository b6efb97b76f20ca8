//! The reporting tree: under which area each area is counted. Areas are rolled up by a table of parents, never by the
//! digits of a code.
//!
//! The parent of an area is the area that it reports to, else its administrative parent, else the parent of its path.
//! Only areas that differ from their path need a row; everything else follows from the path and its county.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::AddAssign,
};

use super::Level;
use crate::record::AreaPath;

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

/// The table as it is valid on one day. No chain of it is a circle: only [`ReportingTree::new`] makes one.
#[derive(Debug, Clone, Default)]
pub struct ReportingTree {
    nodes: BTreeMap<AreaPath, ReportingNode>,
}

/// Areas that report to each other in a circle: each to the next one, the last one to the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ReportingCycle(pub Vec<AreaPath>);

impl fmt::Display for ReportingCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for area in &self.0 {
            write!(f, "{area} -> ")?;
        }
        self.0.first().map_or(Ok(()), |first| first.fmt(f))
    }
}

impl ReportingTree {
    /// A table of these rows; of two rows for one area the later one is kept.
    ///
    /// # Errors
    /// [`ReportingCycle`] if an area reports to itself by way of others.
    pub fn new(nodes: impl IntoIterator<Item = ReportingNode>) -> Result<Self, ReportingCycle> {
        let by_path = |node: ReportingNode| (node.path.clone(), node);
        let tree = Self {
            nodes: nodes.into_iter().map(by_path).collect(),
        };
        tree.check()?;
        Ok(tree)
    }

    /// Follows the chain of every row. A step without a row shortens the path, so every circle has a row.
    fn check(&self) -> Result<(), ReportingCycle> {
        let mut ending: BTreeSet<AreaPath> = BTreeSet::new();
        for path in self.nodes.keys() {
            let (mut walked, mut at) = (Vec::new(), Some(path.clone()));
            while let Some(here) = at.filter(|here| !ending.contains(here)) {
                if let Some(begin) = walked.iter().position(|past| *past == here) {
                    return Err(ReportingCycle(walked.split_off(begin)));
                }
                at = self.above(&here);
                walked.push(here);
            }
            ending.extend(walked);
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
        while let Some(here) = at {
            at = self.above(&here);
            if self.successor(&here).is_none() {
                chain.push(here);
            }
        }
        chain
    }

    /// The successor of an area that is no longer valid.
    pub fn successor(&self, path: &AreaPath) -> Option<&AreaPath> {
        self.nodes.get(path)?.replaced_by.as_ref()
    }

    /// Whether `path` is `area` or reports to it, directly or through other areas.
    pub fn is_within(&self, path: &AreaPath, area: &AreaPath) -> bool {
        self.chain(path).contains(area)
    }

    /// The levels that an area counts as. Without a row that is its distance from the county above its path; `county` is
    /// the space that stands for one which has no row.
    pub fn levels(&self, path: &AreaPath, county: &AreaPath) -> Vec<Level> {
        if let Some(node) = self.nodes.get(path) {
            return node.levels.clone();
        }
        // A chain can lead into another county, which may lie higher or lower than the space where it began.
        let is_county = |area: &AreaPath| {
            let node = self.nodes.get(area);
            node.is_some_and(|node| node.levels.iter().any(|l| l.shows_as(Level::County)))
        };
        let own = std::iter::successors(path.parent(), AreaPath::parent).find(is_county);
        let county = own.as_ref().unwrap_or(county);
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

    /// Whether parts of a space are counted elsewhere than the space itself; its figures must then be split by path. So
    /// it is if an area within it does not report to the parent of its path, or counts as a county or more.
    pub fn is_split(&self, space: &AreaPath) -> bool {
        let inside = |node: &&ReportingNode| node.path != *space && space.covers(&node.path);
        let moved = |node: &ReportingNode| self.above(&node.path) != node.path.parent();
        let large = |node: &ReportingNode| node.levels.iter().any(|l| *l <= Level::FunctionalArea);
        self.nodes
            .values()
            .filter(inside)
            .any(|node| moved(node) || large(node))
    }

    /// `area` and the areas outside it that report to it, none within another: together they contain everything that is
    /// counted under it.
    pub fn members(&self, area: &AreaPath) -> BTreeSet<AreaPath> {
        let outside = self.nodes.keys().filter(|path| !area.covers(path));
        let mut members = BTreeSet::from([area.clone()]);
        // In the order of paths an area comes before those that lie in it.
        for path in outside.filter(|path| self.is_within(path, area)) {
            if !members.iter().any(|member| member.covers(path)) {
                members.insert(path.clone());
            }
        }
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
