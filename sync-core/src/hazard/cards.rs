//! Cards: concurrent events that ask a reviewer about a figure or a name, and suspend nothing.

use super::{
    known::{Known, World},
    taken::Subject,
};
use crate::{
    catalogue::{PairRule, PairScope, When, level},
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

fn is_pair(known: &Known<'_, '_>, row: usize, rule: &PairRule, a: usize, b: usize) -> bool {
    let rows = |at: usize, side: usize| {
        known.taken[at]
            .as_ref()
            .is_some_and(|taken| taken.rows[side] >> row & 1 == 1)
    };
    let public = |at: usize| matches!(known.history.body(at), EventBody::Observe(o) if o.source == FindingSource::PublicReport);
    a != b
        && (rows(a, 0) && rows(b, 1) || rows(b, 0) && rows(a, 1))
        && match rule.when {
            Some(When::SameDay) => day(known, a) == day(known, b),
            Some(When::BothPublicReports) => public(a) && public(b),
            _ => true,
        }
        && known.history.is_concurrent(a, b)
}

/// The cards of a document that no reviewer has settled.
pub(super) fn open(known: &Known<'_, '_>) -> Vec<Card> {
    let live = |at: &usize| known.is_live(*at, World::Effective);
    let resolutions: Vec<usize> = (0..known.history.len())
        .filter(live)
        .filter(|at| matches!(known.history.body(*at), EventBody::Resolve(_)))
        .collect();
    let mut found: Vec<Card> = Vec::new();
    for (row, rule) in rules(known) {
        let sides: Vec<usize> = (0..known.history.len())
            .filter(live)
            .filter(|at| {
                known.taken[*at]
                    .as_ref()
                    .is_some_and(|taken| (taken.rows[0] | taken.rows[1]) >> row & 1 == 1)
            })
            .collect();
        let asked: Vec<usize> = sides
            .iter()
            .copied()
            .filter(|a| {
                sides.iter().any(|b| {
                    is_pair(known, row, rule, *a, *b) && !settled(known, &resolutions, row, *a, *b)
                })
            })
            .collect();
        let mut days: Vec<i64> = asked.iter().map(|at| day(known, *at)).collect();
        if rule.when != Some(When::SameDay) {
            days.fill(0);
        }
        let mut each = days.clone();
        each.sort_unstable();
        each.dedup();
        for of in each {
            let events = asked.iter().zip(&days).filter(|(_, day)| **day == of);
            found.push(Card {
                row,
                events: events.map(|(at, _)| *at).collect(),
            });
        }
    }
    found
}

/// Whether one resolution settled both events.
fn settled(known: &Known<'_, '_>, resolutions: &[usize], row: usize, a: usize, b: usize) -> bool {
    resolutions.iter().any(|at| {
        let EventBody::Resolve(resolution) = known.history.body(*at) else {
            return false;
        };
        let named = |of: usize| {
            resolution.resolves.contains(&known.history.entry(of).id)
                && known.history.happened_before(of, *at)
                && known.person(of) != known.person(*at)
        };
        let settles = known.taken[*at].as_ref().is_some_and(|taken| {
            taken
                .settles
                .iter()
                .any(|(subject, _)| *subject == Subject::Card(row))
        });
        settles && named(a) && named(b)
    })
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
    let seen = known.ancestors(at);
    let named: Vec<usize> = resolution
        .resolves
        .iter()
        .filter_map(|id| known.history.order.position(id))
        .filter(|of| seen.has(*of) && known.person(*of) != grant.person)
        .collect();
    let settles = |(row, rule): (usize, &PairRule)| {
        let pair = named
            .iter()
            .any(|a| named.iter().any(|b| is_pair(known, row, rule, *a, *b)));
        (pair && level(grant.role) >= rule.level).then_some(Subject::Card(row))
    };
    rules(known).filter_map(settles).collect()
}
