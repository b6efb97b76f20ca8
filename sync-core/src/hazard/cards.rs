//! Cards: concurrent events that ask a reviewer about a figure or a name, and suspend nothing.

use std::collections::BTreeMap;

use super::{
    known::{Known, World},
    taken::Subject,
};
use crate::{
    catalogue::{PairRule, PairScope, When, level},
    history::Positions,
    record::{CHINA_OFFSET_MS, DAY_MS, EventBody, FindingSource, Grant, Resolution},
};

/// Concurrent events of one rule (and, if the rule asks for it, of one day) about which a reviewer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) row: usize,
    /// The events, at least two.
    pub(super) events: Vec<usize>,
}

fn rules<'k>(known: &'k Known<'_, '_>) -> impl Iterator<Item = (usize, &'k PairRule)> {
    let all = known.history.rules.concurrent.iter().enumerate();
    all.filter(|(_, rule)| rule.scope == PairScope::Card)
}

/// The day in China of an event's claimed time.
fn day(known: &Known<'_, '_>, at: usize) -> i64 {
    (known.history.entry(at).event.claimed.0 + CHINA_OFFSET_MS).div_euclid(DAY_MS)
}

/// The accepted events of a set that a rule is about, in parts that it compares within: by day, or all together.
fn groups(
    known: &Known<'_, '_>,
    row: usize,
    rule: &PairRule,
    set: &Positions,
) -> BTreeMap<i64, Sides> {
    let size = known.history.len();
    let mut groups: BTreeMap<i64, Sides> = BTreeMap::new();
    let public = |at: usize| matches!(known.history.body(at), EventBody::Observe(o) if o.source == FindingSource::PublicReport);
    for at in set.iter() {
        let rows = known.taken[at].as_ref().map_or([0; 2], |t| t.rows);
        let sides = rows.map(|rows| rows >> row & 1 == 1);
        let fits = rule.when != Some(When::BothPublicReports) || public(at);
        if sides == [false; 2] || !fits {
            continue;
        }
        let of = match rule.when {
            Some(When::SameDay) => day(known, at),
            _ => 0,
        };
        let group = groups.entry(of).or_insert_with(|| Sides::new(size));
        for (side, is_of_side) in group.0.iter_mut().zip(sides) {
            if is_of_side {
                side.insert(at);
            }
        }
    }
    groups
}

/// The events that a rule compares with each other: those that may be the first, and those that may be the second.
struct Sides([Positions; 2]);

impl Sides {
    fn new(size: usize) -> Self {
        Self([Positions::new(size), Positions::new(size)])
    }

    /// The events that are concurrent with one of the other side, except pairs of which one set has both.
    fn concurrent(&self, known: &Known<'_, '_>, settled: &[Positions]) -> Positions {
        let size = known.history.len();
        let mut found = Positions::new(size);
        let mut earlier = [Positions::new(size), Positions::new(size)];
        let mut all = self.0[0].clone();
        all.extend(&self.0[1]);
        for at in all.iter() {
            for (own, other) in [(0, 1), (1, 0)] {
                if !self.0[own].has(at) {
                    continue;
                }
                let mut others = earlier[other].clone();
                others.subtract(known.ancestors(at));
                for set in settled.iter().filter(|set| set.has(at)) {
                    others.subtract(set);
                }
                if !others.is_empty() {
                    found.extend(&others);
                    found.insert(at);
                }
            }
            for (side, earlier) in self.0.iter().zip(&mut earlier) {
                if side.has(at) {
                    earlier.insert(at);
                }
            }
        }
        found
    }
}

/// The cards of a document that no reviewer has settled.
pub(super) fn open(known: &Known<'_, '_>) -> Vec<Card> {
    let size = known.history.len();
    let (mut live, mut resolutions) = (Positions::new(size), Vec::new());
    for at in (0..size).filter(|at| known.is_live(*at, World::Effective)) {
        live.insert(at);
        if let EventBody::Resolve(resolution) = known.history.body(at) {
            resolutions.push((at, resolution));
        }
    }
    let mut found: Vec<Card> = Vec::new();
    for (row, rule) in rules(known) {
        let settled = resolutions.iter().filter(|(at, _)| {
            let of_row = known.settlements(Subject::Card(row));
            of_row.is_some_and(|settlements| settlements.has(*at))
        });
        let settled: Vec<Positions> = settled
            .map(|(at, resolution)| named(known, *at, resolution))
            .collect();
        for group in groups(known, row, rule, &live).values() {
            let events = group.concurrent(known, &settled);
            if !events.is_empty() {
                found.push(Card {
                    row,
                    events: events.iter().collect(),
                });
            }
        }
    }
    found
}

/// The accepted events that a resolution names, that its author had and did not make.
fn named(known: &Known<'_, '_>, at: usize, resolution: &Resolution) -> Positions {
    let mut found = Positions::new(known.history.len());
    let named = resolution.resolves.iter();
    named
        .filter_map(|id| known.history.order.position(id))
        .filter(|of| !known.same_person(*of, at))
        .for_each(|of| found.insert(of));
    found.keep(known.ancestors(at));
    found
}

/// Whether a resolution that settled a card about an event, and that no later one superseded, does not hold the event.
pub(super) fn is_refused(known: &Known<'_, '_>, at: usize) -> bool {
    let settles = |resolution: &usize| {
        let settled = known.taken[*resolution].iter().flat_map(|t| &t.settles);
        settled
            .into_iter()
            .any(|(subject, _)| matches!(subject, Subject::Card(_)))
    };
    let id = known.history.entry(at).id;
    let about: Vec<(usize, &Resolution)> = (0..known.history.len())
        .filter(|r| known.is_live(*r, World::Effective) && settles(r))
        .filter_map(|r| match known.history.body(r) {
            EventBody::Resolve(resolution) if resolution.resolves.contains(&id) => {
                Some((r, resolution))
            }
            _ => None,
        })
        .collect();
    about.iter().any(|(r, resolution)| {
        let superseded = about
            .iter()
            .any(|(later, _)| known.history.happened_before(*r, *later));
        !superseded && resolution.holds != id && !resolution.also_hold.contains(&id)
    })
}

/// The cards that a resolution settles: it names two events of a pair, and its author made neither.
pub(super) fn by_resolution(
    known: &Known<'_, '_>,
    at: usize,
    resolution: &Resolution,
    grant: &Grant,
) -> Vec<Subject> {
    let named = named(known, at, resolution);
    let settles = |(row, rule): (usize, &PairRule)| {
        let pair = || {
            let groups = groups(known, row, rule, &named);
            groups
                .values()
                .any(|group| !group.concurrent(known, &[]).is_empty())
        };
        (level(grant.role) >= rule.level && pair()).then_some(Subject::Card(row))
    };
    rules(known).filter_map(settles).collect()
}
