//! Which checks and endings do not count because of conflicts; see `docs/rules.md`, 5.6.

use super::{
    assessing::Assessing,
    conflict::Dispute,
    fate::{Fate, Fated},
    registers::Disagreements,
    taken::Subject,
};
use crate::{history::Positions, record::EventBody};

/// What is suspended by open conflicts, and what is rejected by settled ones.
pub(super) fn out_of_count(
    it: &Assessing<'_, '_, '_>,
    differing: &Disagreements,
) -> (Positions, Positions) {
    let size = it.known.history.len();
    let (mut suspended, mut rejected) = (Positions::new(size), Positions::new(size));
    for fated in &it.disputes {
        match fated.fate {
            Fate::Open => suspended.extend(&contested(it, &fated.conflict)),
            Fate::Held => rejected.extend(&contested(it, &fated.conflict)),
            Fate::Overruled => {}
        }
    }
    let mut endings = it.live(&it.relations.endings);
    endings.subtract(&past_endings(it));
    if endings.is_empty() {
        return (suspended, rejected);
    }
    for fated in &it.disputes {
        let concerned = concerned(it, &fated.conflict, &endings);
        if fated.fate == Fate::Open {
            suspended.extend(&concerned);
            continue;
        }
        let missed = concerned
            .iter()
            .filter(|at| !saw_or_was_confirmed(it, fated, *at));
        missed.for_each(|at| rejected.insert(at));
    }
    for conflict in &differing.open {
        suspended.extend(&concerned(it, conflict, &endings));
    }
    for ending in endings.iter() {
        let unconfirmed = |pair: &[usize; 2]| !is_confirmed(it, *pair, ending);
        if differing.settled.iter().any(unconfirmed) {
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

/// The decisions of a conflict that are passing or ending, and the passing and ending events whose author had a
/// decision and not the objection.
fn contested(it: &Assessing<'_, '_, '_>, conflict: &Dispute) -> Positions {
    let mut found = Positions::new(it.known.history.len());
    let mut after = found.clone();
    for decision in conflict.decisions.iter() {
        after.extend(&it.relations.descendants[decision]);
    }
    for objection in &conflict.objections {
        let mut built = after.clone();
        built.subtract(&it.relations.descendants[*objection]);
        found.extend(&built);
    }
    found.keep(&it.relations.passing);
    found.keep(&it.live);
    let withdrawal =
        |at: &usize| matches!(it.known.history.body(*at), EventBody::TransferWithdraw(_));
    for decision in conflict.decisions.iter() {
        if it.relations.passing.has(decision) || withdrawal(&decision) {
            found.insert(decision);
        }
    }
    found
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
    let is_contradicted = |settlement: usize| {
        let in_force = |at: usize| fated.in_force().any(|other| other == at);
        fated
            .settlements
            .iter()
            .any(|(at, _)| !in_force(*at) && known.history.is_concurrent(*at, settlement))
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

/// Whether an ending needs no confirmation for a settled pair of values, or has one: an author of a value had it, its
/// author had both values, or a resolution of a person who had all three confirms it.
fn is_confirmed(it: &Assessing<'_, '_, '_>, [one, other]: [usize; 2], ending: usize) -> bool {
    let before = |a: usize, b: usize| it.known.history.happened_before(a, b);
    let seen = before(ending, one) || before(ending, other);
    seen || before(one, ending) && before(other, ending)
        || it.live(&it.relations.resolutions).iter().any(|resolution| {
            before(one, resolution) && before(other, resolution) && confirms(it, resolution, ending)
        })
}
