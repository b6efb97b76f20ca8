//! Which checks and endings do not count because of conflicts; see `docs/rules.md`, 5.6.

use super::{
    assessing::Assessing,
    assessment::Disagreements,
    dispute::{Dispute, Fate, Fated},
    taken::Subject,
};
use crate::history::Positions;

/// What is suspended by open conflicts, and what is rejected by settled ones.
pub(super) fn out_of_count(
    it: &Assessing<'_, '_, '_>,
    differing: &Disagreements,
) -> (Positions, Positions) {
    let size = it.known.history.len();
    let (mut suspended, mut rejected) = (Positions::new(size), Positions::new(size));
    let passing = it.live(&it.relations.passing);
    for fated in it.disputes.iter().filter(|fated| fated.conflict.suspends || !passing.is_empty()) {
        match fated.fate {
            Fate::Open => contest(it, &fated.conflict, &passing, &mut suspended),
            Fate::Held => contest(it, &fated.conflict, &passing, &mut rejected),
            Fate::Overruled => {}
        }
    }
    let mut endings = it.live(&it.relations.endings);
    endings.subtract(&past_endings(it));
    if endings.is_empty() {
        return (suspended, rejected);
    }
    for fated in it.disputes.iter() {
        let mut concerned = concerned(it, &fated.conflict, &endings);
        if fated.fate == Fate::Open {
            suspended.extend(&concerned);
            continue;
        }
        concerned.subtract(&rejected);
        let missed = concerned
            .iter()
            .filter(|at| !saw_or_was_confirmed(it, fated, *at));
        missed.for_each(|at| rejected.insert(at));
    }
    for fated in &differing.open {
        suspended.extend(&concerned(it, &fated.conflict, &endings));
    }
    for ending in endings.iter() {
        if !rejected.has(ending) && is_unconfirmed(it, &differing.settled, ending) {
            rejected.insert(ending);
        }
    }
    (suspended, rejected)
}

/// The endings that a finding followed which opened a round and was not overruled: they end nothing any more.
fn past_endings(it: &Assessing<'_, '_, '_>) -> Positions {
    let mut past = Positions::new(it.known.history.len());
    for finding in it.live(&it.relations.opening).iter() {
        if !it.is_overruled(finding) {
            past.extend(it.known.ancestors(finding));
        }
    }
    past
}

/// Adds the decisions of a conflict that are passing or ending, and the passing and ending events whose author had a
/// decision and not the objection. `passing`: the live checks and endings.
fn contest(
    it: &Assessing<'_, '_, '_>,
    conflict: &Dispute,
    passing: &Positions,
    found: &mut Positions,
) {
    let known = it.known;
    if conflict.suspends {
        let mut decisions = conflict.decisions.clone();
        decisions.keep(&it.relations.contestable);
        found.extend(&decisions);
    }
    for objection in &conflict.objections {
        let mut built = passing.clone();
        built.subtract(&it.relations.descendants[*objection]);
        built.subtract(found);
        for at in built.iter() {
            if known.ancestors(at).meets(&conflict.decisions) {
                found.insert(at);
            }
        }
    }
}

/// The endings that a conflict concerns: an author of an objection did not have them, or no author of a value had.
fn concerned(it: &Assessing<'_, '_, '_>, conflict: &Dispute, endings: &Positions) -> Positions {
    let mut found = endings.clone();
    match conflict.subject {
        Subject::Register(_) | Subject::Card(_) => {
            for value in conflict.decisions.iter() {
                found.subtract(it.known.ancestors(value));
            }
        }
        Subject::Objection(objection) => found.subtract(it.known.ancestors(objection)),
        Subject::SamePerson(_) => {
            let mut all = found.clone();
            for other in &conflict.objections {
                all.keep(it.known.ancestors(*other));
            }
            found.subtract(&all);
        }
    }
    found
}

/// Whether the author of an ending had a settlement in force that no concurrent one contradicts, or one confirms the
/// ending, or the ending is one itself.
fn saw_or_was_confirmed(it: &Assessing<'_, '_, '_>, fated: &Fated, ending: usize) -> bool {
    let known = it.known;
    let held = fated.fate == Fate::Held && fated.conflict.subject == Subject::Objection(ending);
    let others: Vec<usize> = fated.out_of_force().collect();
    let is_contradicted = |settlement: usize| {
        others
            .iter()
            .any(|at| known.history.is_concurrent(*at, settlement))
    };
    held || fated.in_force().any(|settlement| {
        settlement == ending
            || known.history.happened_before(settlement, ending) && !is_contradicted(settlement)
            || confirms(it, settlement, ending)
    })
}

/// Whether a resolution confirms an ending that its author had.
fn confirms(it: &Assessing<'_, '_, '_>, resolution: usize, ending: usize) -> bool {
    it.live.has(resolution)
        && it.known.taken[resolution]
            .as_ref()
            .is_some_and(|taken| taken.confirms.contains(&ending))
}

/// Whether an ending lacks a confirmation for a settled pair of values. It needs none if an author of a value had it or
/// its author had both values; otherwise a resolution of a person who had all three must confirm it.
fn is_unconfirmed(
    it: &Assessing<'_, '_, '_>,
    settled: &[(usize, Positions)],
    ending: usize,
) -> bool {
    if settled.is_empty() {
        return false;
    }
    let (known, before) = (it.known, |a, b| it.known.history.happened_before(a, b));
    let resolutions = it.live(&it.relations.resolutions);
    let confirming: Vec<usize> = resolutions
        .iter()
        .filter(|resolution| confirms(it, *resolution, ending))
        .collect();
    settled.iter().any(|(later, others)| {
        if before(ending, *later) {
            return false;
        }
        let mut left = others.clone();
        left.subtract(&it.relations.descendants[ending]);
        let all_seen = std::iter::once(&ending).chain(&confirming);
        for author in all_seen.filter(|author| before(*later, **author)) {
            left.subtract(known.ancestors(*author));
        }
        !left.is_empty()
    })
}
