//! Counting: a hazard once however many records it has, a building once however many visits.

use std::collections::BTreeSet;

use serde::Serialize;

use super::group::{Group, GroupMember};
use crate::catalogue::StateCode;

/// What a set of records counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Hazards found (groups, not records; voided ones do not count).
    pub found: u32,
    /// Of these, closed.
    pub closed: u32,
    /// Of these, still open.
    pub open: u32,
    /// Observations of all records, whatever became of them.
    pub observations: u32,
}

/// Counts groups.
///
/// # Properties
/// `found = closed + open`.
pub fn tally(groups: &[Group], records: &[GroupMember]) -> Tally {
    let mut tally = Tally::default();
    for group in groups {
        tally.observations += group.observations;
        let voided = group.members.iter().all(|doc| {
            let record = records.iter().find(|r| r.doc == *doc);
            record.is_some_and(|r| r.state == StateCode(95))
        });
        if voided {
            continue;
        }
        tally.found += 1;
        tally.open += u32::from(group.open);
        tally.closed += u32::from(!group.open);
    }
    tally
}

/// How many of these places were visited; a visit elsewhere does not count, a second one neither.
pub fn covered<P: Ord>(places: &BTreeSet<P>, visits: &[P]) -> usize {
    let visited: BTreeSet<&P> = visits.iter().collect();
    places
        .iter()
        .filter(|place| visited.contains(place))
        .count()
}
