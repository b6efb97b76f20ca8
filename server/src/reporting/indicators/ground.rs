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
    /// Whether the sheet is about one area, and so about everything that reports to it.
    one: bool,
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
        let one = area.is_some();
        let (areas, members) = match area {
            Some(area) => (vec![area.clone()], covered(reach, &parents, &area)?),
            None => (
                reach.areas().to_vec(),
                reach.areas().iter().cloned().collect(),
            ),
        };
        Self::over(tx, parents, (areas, members), one, levels)
    }

    /// The ground of one area for the server's administrator, who may read all of it.
    pub(crate) fn of_area(
        tx: &mut dyn Tx,
        area: &AreaPath,
        levels: &[Level],
        day: &str,
    ) -> Result<Self, Refusal> {
        let parents = register::parents(tx, day)?;
        let members = parents.members(area);
        Self::over(tx, parents, (vec![area.clone()], members), true, levels)
    }

    /// The ground of areas with everything that reports to them.
    fn over(
        tx: &mut dyn Tx,
        parents: ReportingTree,
        (areas, members): (Vec<AreaPath>, BTreeSet<AreaPath>),
        one: bool,
        levels: &[Level],
    ) -> Result<Self, Refusal> {
        let below_county = levels.iter().any(|level| *level > Level::FunctionalArea);
        let mut parts = Vec::new();
        let touched = spaces::touching(tx, &members)?;
        let marks = marks::marks(tx, &touched)?;
        for space in spaces::list(tx)? {
            if !touched.contains(&space.id) {
                continue;
            }
            let whole = members.iter().any(|member| member.covers(&space.id));
            let inside = members.iter().filter(|m| !whole && space.id.covers(m));
            let areas: Vec<AreaPath> = inside.cloned().collect();
            parts.push(Part {
                mark: marks.get(&space.id).map_or(0, |mark| mark.seq),
                head: space.head,
                log: space.log,
                counted: true,
                by_path: below_county || !whole || parents.is_split(&space.id),
                areas,
                space: space.id,
            });
        }
        Ok(Self {
            parents,
            areas,
            one,
            parts,
        })
    }

    /// Whether a place is counted.
    pub(crate) fn holds(&self, place: &AreaPath) -> bool {
        !self.one || self.parents.is_within(place, &self.areas[0])
    }

    /// The areas of a level that the table of regions has here, with or without data.
    pub(crate) fn registered(&self, level: Level) -> BTreeSet<AreaPath> {
        let mut found = BTreeSet::new();
        for area in &self.areas {
            let all = self.parents.registered(level, area).into_iter();
            found.extend(all.filter(|place| self.one || area.covers(place)));
        }
        found
    }

    /// The county that contains a path; for a path above the counties, one of those below it.
    pub(crate) fn county(&self, path: &AreaPath) -> AreaPath {
        let spaces = || self.parts.iter().map(|part| &part.space);
        let around = spaces().find(|space| space.covers(path));
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

/// An area with everything that reports to it. The caller must be allowed to read all of it: a sheet is never partial.
fn covered(
    reach: &Reach,
    parents: &ReportingTree,
    area: &AreaPath,
) -> Result<BTreeSet<AreaPath>, Refusal> {
    let members = parents.members(area);
    match members.iter().find(|member| !reach.covers(member)) {
        Some(member) => Err(Refusal::new(
            Code::OutOfScope,
            format!("{member} belongs to what {area} reports"),
        )),
        None => Ok(members),
    }
}
