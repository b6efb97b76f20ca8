//! What became of the conflicts of a set: open, held or overruled; and by which settlements.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    dispute::{Dispute, Fate, Fated},
    settlements::Settlements,
    taken::Outcome,
};
use crate::history::Positions;

/// Finds the fate of a conflict of a set.
pub(super) fn decide(it: &Assessing<'_, '_, '_>, conflict: Rc<Dispute>) -> Fated {
    let settlements = settlements(it, &conflict, &it.live);
    Fated {
        fate: fate(it, &settlements),
        conflict,
        settlements,
    }
}

/// Finds the fate of a conflict that a part of the set has too. `new`: the live events that the part lacks.
pub(super) fn renew(it: &Assessing<'_, '_, '_>, before: &Fated, new: &Positions) -> Fated {
    let mut settlements = before.settlements.clone();
    settlements.extend(&self::settlements(it, &before.conflict, new));
    Fated {
        fate: fate(it, &settlements),
        conflict: Rc::clone(&before.conflict),
        settlements,
    }
}

/// The settlements of a conflict among these events, except those by a person who made a part of it concurrently.
fn settlements(it: &Assessing<'_, '_, '_>, conflict: &Dispute, among: &Positions) -> Settlements {
    let all = it.known.settlements(conflict.subject);
    let of = all.map(|all| all.within(among, |at| !is_party(it, conflict, at)));
    of.unwrap_or_default()
}

/// The fate that settlements give. Settlements that differ leave the conflict open until one whose author had them all
/// and made none of them.
fn fate(it: &Assessing<'_, '_, '_>, settlements: &Settlements) -> Fate {
    let known = it.known;
    match (
        settlements.held.is_empty(),
        settlements.overruled.is_empty(),
    ) {
        (true, true) => return Fate::Open,
        (false, true) => return Fate::Held,
        (true, false) => return Fate::Overruled,
        (false, false) => {}
    }
    let newest = |of: &Settlements| known.history.order.newest(&of.all());
    let mut in_force = Settlements::new(known.history.len());
    for at in settlements.all().iter() {
        let seen = in_force.within(known.ancestors(at), |_| true);
        let contested = newest(&seen);
        let differ = contested.meets(&in_force.held) && contested.meets(&in_force.overruled);
        if !differ || !contested.meets(&known.of_author(at)) {
            let outcome = if settlements.held.has(at) {
                Outcome::Held
            } else {
                Outcome::Overruled
            };
            in_force.insert(at, outcome);
        }
    }
    let newest = newest(&in_force);
    match (
        newest.meets(&in_force.held),
        newest.meets(&in_force.overruled),
    ) {
        (true, false) => Fate::Held,
        (false, true) => Fate::Overruled,
        _ => Fate::Open,
    }
}

/// Whether the author of a settlement made a part of the conflict concurrently.
fn is_party(it: &Assessing<'_, '_, '_>, conflict: &Dispute, settlement: usize) -> bool {
    let own = it.known.of_author(settlement);
    let history = it.known.history;
    let [before, after] = [
        it.known.ancestors(settlement),
        &it.relations.descendants[settlement],
    ];
    let is_objection = |at: &usize| own.has(*at) && history.is_concurrent(*at, settlement);
    // A settlement is no part of its conflict: what is neither before nor after it is concurrent.
    conflict.decisions.meets_outside(&own, &[before, after])
        || conflict.objections.iter().any(is_objection)
}
