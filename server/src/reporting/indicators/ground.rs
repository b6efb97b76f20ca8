//! The ground of a sheet: the spaces that it counts, parts of them, and the reporting tree.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::Level,
    catalogue::ReportingTree,
    record::{AreaPath, LogEpoch},
    wire::Code,
};

use crate::{
    access::Reach,
    refusal::Refusal,
    register,
    storage::{Tx, marks, spaces},
};

/// A space, as far as it is counted.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) space: AreaPath,
    pub(crate) log: LogEpoch,
    /// The ledger is projected up to `mark`; `head` is the head of the log.
    pub(crate) mark: u64,
    pub(crate) head: u64,
    /// Only in these areas of the space; in all of it if empty.
    pub(super) areas: Vec<AreaPath>,
    pub(super) by_path: bool,
    /// Whether it is counted now; `false` if sealed reports contain all of it.
    pub(crate) counted: bool,
}

/// The ground of a sheet.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) parents: ReportingTree,
    /// The areas of the sheet: one area, or all that the caller may read.
    pub(crate) areas: Vec<AreaPath>,
    pub(crate) parts: Vec<Part>,
}

impl Ground {
    /// The ground of one area, or of everything within reach.
    pub(crate) fn of(
        tx: &mut dyn Tx,
        reach: &Reach,
        area: Option<AreaPath>,
        levels: &[Level],
        day: &str,
    ) -> Result<Self, Refusal> {
        let parents = register::parents(tx, day)?;
        let areas = match area {
            Some(area) => vec![owned(reach, &parents, area, day)?],
            None => own(reach, &parents, day)?,
        };
        Self::over(tx, parents, areas, levels)
    }

    /// The ground of one area for the server's administrator, who may read all of it.
    pub(crate) fn of_area(
        tx: &mut dyn Tx,
        area: &AreaPath,
        levels: &[Level],
        day: &str,
    ) -> Result<Self, Refusal> {
        let parents = register::parents(tx, day)?;
        Self::over(tx, parents, vec![area.clone()], levels)
    }

    /// The ground of areas with everything that reports to them.
    fn over(
        tx: &mut dyn Tx,
        parents: ReportingTree,
        areas: Vec<AreaPath>,
        levels: &[Level],
    ) -> Result<Self, Refusal> {
        let members: BTreeSet<AreaPath> = areas
            .iter()
            .flat_map(|area| parents.members(area))
            .collect();
        let below_county = levels.iter().any(|level| *level > Level::FunctionalArea);
        let mut parts = Vec::new();
        let touched = spaces::touching(tx, &members)?;
        let marks = marks::marks(tx, &touched)?;
        for space in spaces::list(tx)? {
            if !touched.contains(&space.id) {
                continue;
            }
            let whole = members.iter().any(|member| member.covers(&space.id));
            let split = parents.is_split(&space.id);
            let held = areas.iter().any(|area| parents.is_within(&space.id, area));
            // It lies here and reports elsewhere, with everything in it.
            if whole && !split && !held {
                continue;
            }
            let inside = members.iter().filter(|m| !whole && space.id.covers(m));
            let inside: Vec<AreaPath> = inside.cloned().collect();
            parts.push(Part {
                mark: marks.get(&space.id).map_or(0, |mark| mark.seq),
                head: space.head,
                log: space.log,
                counted: true,
                by_path: below_county || !whole || split,
                areas: inside,
                space: space.id,
            });
        }
        Ok(Self {
            parents,
            areas,
            parts,
        })
    }

    /// Whether a place is counted.
    pub(crate) fn holds(&self, place: &AreaPath) -> bool {
        self.areas
            .iter()
            .any(|area| self.parents.is_within(place, area))
    }

    /// The areas of a level that the table of regions has here, with or without data.
    pub(crate) fn registered(&self, level: Level) -> BTreeSet<AreaPath> {
        let mut found = BTreeSet::new();
        for area in &self.areas {
            found.extend(self.parents.registered(level, area));
        }
        found
    }

    /// The county that contains a path; for a path above the counties, one of those below it.
    pub(crate) fn county(&self, path: &AreaPath) -> AreaPath {
        let spaces = || self.parts.iter().map(|part| &part.space);
        let around = spaces::deepest(spaces(), path);
        let found = around.or_else(|| spaces().find(|space| path.covers(space)));
        found.unwrap_or(path).clone()
    }

    /// The number of changes that are in the log but not yet in the ledger.
    pub(crate) fn lag(&self) -> u64 {
        let behind = |part: &Part| part.head.saturating_sub(part.mark);
        self.counted().map(behind).sum()
    }

    /// The parts that are counted now.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.counted)
    }

    /// The same ground with every space counted.
    pub(crate) fn whole(&self) -> Self {
        let mut whole = self.clone();
        whole.parts.iter_mut().for_each(|part| part.counted = true);
        whole
    }

    /// Stops counting the spaces that the predicate matches, except those that are counted by path.
    pub(crate) fn leave(&mut self, gone: impl Fn(&Self, &AreaPath) -> bool) {
        let counted = |part: &Part| part.by_path || !gone(self, &part.space);
        let counted: Vec<bool> = self.parts.iter().map(counted).collect();
        for (part, counted) in self.parts.iter_mut().zip(counted) {
            part.counted = counted;
        }
    }
}

/// The caller's own areas, without those that were replaced before a day.
fn own(reach: &Reach, parents: &ReportingTree, day: &str) -> Result<Vec<AreaPath>, Refusal> {
    let lasting = reach
        .areas()
        .iter()
        .filter(|area| parents.successor(area).is_none());
    let lasting: Vec<AreaPath> = lasting.cloned().collect();
    match reach.areas().first() {
        Some(replaced) if lasting.is_empty() => {
            owned(reach, parents, replaced.clone(), day).map(|area| vec![area])
        }
        _ => Ok(lasting),
    }
}

/// An area that the caller owns on a day, and that was not replaced before it.
fn owned(
    reach: &Reach,
    parents: &ReportingTree,
    area: AreaPath,
    day: &str,
) -> Result<AreaPath, Refusal> {
    let successor = parents.successor(&area);
    let is_seen = reach.owns(parents, &area);
    match successor {
        Some(successor) if is_seen || reach.covers(&area) => Err(Refusal::new(
            Code::BadFilter,
            format!("area: {area} was replaced before {day}; ask for its successor {successor}"),
        )),
        None if is_seen => Ok(area),
        _ => Err(Refusal::new(
            Code::OutOfScope,
            format!("{area} does not report to your area on {day}"),
        )),
    }
}
