//! Which checks and endings do not count because of conflicts; see `docs/rules.md`, 5.6.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    assessment::{Basis, Contested, Disagreements},
    dispute::{Dispute, Fate, Fated},
    taken::Subject,
};
use crate::history::Positions;

/// Up to so many events are looked at one by one.
const FEW: u32 = 16;

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
    let union = |of: &dyn Fn(&Dispute) -> bool| {
        let mut all = Positions::new(it.known.history.len());
        let conflicts = disputes().map(|fated| &*fated.conflict);
        conflicts
            .filter(|conflict| of(conflict))
            .for_each(|conflict| all.extend(&conflict.decisions));
        all
    };
    let mut found = union(&|conflict| conflict.suspends);
    found.keep(&it.relations.contestable);
    let mut built = it.live(&it.relations.passing);
    built.subtract(&found);
    if built.count() > FEW {
        built.keep(&it.relations.after(&union(&|_| true)));
    }
    for conflict in disputes().map(|fated| &fated.conflict) {
        for objection in &conflict.objections {
            if built.is_empty() {
                return found;
            }
            let after = &it.relations.descendants[*objection];
            if built.count() <= FEW {
                let on_decision = |at: &usize| {
                    !after.has(*at) && it.known.ancestors(*at).meets(&conflict.decisions)
                };
                let on_decision: Vec<usize> = built.iter().filter(on_decision).collect();
                for at in on_decision {
                    built.remove(at);
                    found.insert(at);
                }
                continue;
            }
            let mut on_decision = built.clone();
            on_decision.subtract(after);
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
    let mut all_suspended = false;
    for fated in it.disputes.iter() {
        if all_suspended && fated.fate == Fate::Open {
            continue;
        }
        // Most objections were made by a person who had every ending.
        if let Subject::Objection(objection) = fated.conflict.subject
            && it.known.ancestors(objection).contains(&endings)
        {
            continue;
        }
        let mut concerned = concerned(it, &fated.conflict, &endings);
        if fated.fate == Fate::Open {
            suspended.extend(&concerned);
            all_suspended = suspended.contains(&endings);
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
    endings.keep(&differing.unconfirmed);
    rejected.extend(&endings);
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
    let others = fated.out_of_force();
    let mut uncontradicted = Positions::new(known.history.len());
    for settlement in fated.in_force().iter() {
        found.insert(settlement);
        let contradicts = |at: usize| known.history.is_concurrent(at, settlement);
        if !others.iter().any(contradicts) {
            uncontradicted.insert(settlement);
        }
        let confirms = known.taken[settlement].iter().flat_map(|t| &t.confirms);
        confirms.for_each(|ending| found.insert(*ending));
    }
    found.extend(&it.relations.after(&uncontradicted));
    found
}
