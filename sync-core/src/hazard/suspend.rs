//! Which checks and endings do not count because of conflicts; see `docs/rules.md`, 5.6.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    assessment::{Basis, Contested, Disagreements, SettledValues},
    dispute::{Dispute, Fate, Fated},
    taken::Subject,
};
use crate::history::Positions;

/// Finds the checks and endings that the disputes are about. What did not change since `basis` is taken over from it.
pub(super) fn contested(it: &Assessing<'_, '_, '_>, basis: Option<&Basis<'_>>) -> Rc<Contested> {
    // A check or an ending whose author had everything had every objection.
    let of_basis = basis
        .filter(|basis| basis.is_linear && Rc::ptr_eq(&it.disputes, &basis.assessment.disputes));
    if let Some(contested) = of_basis.and_then(|basis| basis.assessment.contested.as_ref()) {
        return Rc::clone(contested);
    }
    Rc::new(Contested {
        suspended: contested_by(it, Fate::Open),
        rejected: contested_by(it, Fate::Held),
    })
}

/// The decisions of the conflicts of one fate that are checks, endings or withdrawals, and the checks and endings whose
/// author had a decision and not the objection.
fn contested_by(it: &Assessing<'_, '_, '_>, fate: Fate) -> Positions {
    let disputes = || it.disputes.iter().filter(|c| c.fate == fate);
    let size = it.known.history.len();
    let mut decisions = Positions::new(size);
    disputes().for_each(|fated| decisions.extend(&fated.conflict.decisions));
    let mut built = it.live(&it.relations.passing);
    if decisions.is_empty() {
        return decisions;
    }
    let mut found = decisions.clone();
    found.keep(&it.relations.contestable);
    built.subtract(&found);
    if built.is_empty() {
        return found;
    }
    built.keep(&it.relations.after(&decisions));
    for conflict in disputes().map(|fated| &fated.conflict) {
        for objection in &conflict.objections {
            if built.is_empty() {
                return found;
            }
            let mut on_decision = built.clone();
            on_decision.subtract(&it.relations.descendants[*objection]);
            if on_decision.count() < conflict.decisions.count() / 4 {
                on_decision.retain(|at| it.known.ancestors(at).meets(&conflict.decisions));
            } else if !on_decision.is_empty() {
                on_decision.keep(&it.relations.after(&conflict.decisions));
            }
            built.subtract(&on_decision);
            found.extend(&on_decision);
        }
    }
    found
}

/// What is suspended by open conflicts, and what is rejected by settled ones.
pub(super) fn out_of_count(
    it: &Assessing<'_, '_, '_>,
    contested: &Contested,
    differing: &Disagreements,
) -> (Positions, Positions) {
    let mut suspended = contested.suspended.clone();
    let mut rejected = contested.rejected.clone();
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
        if !concerned.is_empty() {
            concerned.subtract(&saw_or_were_confirmed(it, fated));
            rejected.extend(&concerned);
        }
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

/// The events whose author had a settlement in force that no concurrent one contradicts, those that such a settlement
/// confirms, and those that are one themselves.
fn saw_or_were_confirmed(it: &Assessing<'_, '_, '_>, fated: &Fated) -> Positions {
    let known = it.known;
    let mut found = Positions::new(known.history.len());
    if let (Fate::Held, Subject::Objection(objection)) = (fated.fate, fated.conflict.subject) {
        found.insert(objection);
    }
    let others: Vec<usize> = fated.out_of_force().collect();
    let mut uncontradicted = Positions::new(known.history.len());
    for settlement in fated.in_force() {
        found.insert(settlement);
        let contradicts = |at: &usize| known.history.is_concurrent(*at, settlement);
        if !others.iter().any(contradicts) {
            uncontradicted.insert(settlement);
        }
        let confirms = known.taken[settlement].iter().flat_map(|t| &t.confirms);
        confirms.for_each(|ending| found.insert(*ending));
    }
    found.extend(&it.relations.after(&uncontradicted));
    found
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
fn is_unconfirmed(it: &Assessing<'_, '_, '_>, settled: &[SettledValues], ending: usize) -> bool {
    if settled.is_empty() {
        return false;
    }
    let (known, before) = (it.known, |a, b| it.known.history.happened_before(a, b));
    let resolutions = it.live(&it.relations.resolutions);
    let confirming: Vec<usize> = resolutions
        .iter()
        .filter(|resolution| confirms(it, *resolution, ending))
        .collect();
    settled.iter().any(|pairs| {
        if before(ending, pairs.later) {
            return false;
        }
        let mut left = pairs.earlier.clone();
        left.subtract(&it.relations.descendants[ending]);
        let all_seen = std::iter::once(&ending).chain(&confirming);
        for author in all_seen.filter(|author| before(pairs.later, **author)) {
            left.subtract(known.ancestors(*author));
        }
        !left.is_empty()
    })
}
