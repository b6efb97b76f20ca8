//! What became of the conflicts of a set: open, held or overruled; and by which settlements.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    dispute::{Dispute, Fate, Fated},
    taken::Outcome,
};
use crate::history::Positions;

/// Finds the fate of a conflict of a set.
pub(super) fn decide(it: &Assessing<'_, '_, '_>, conflict: Rc<Dispute>) -> Fated {
    let settlements = settlements(it, &conflict);
    Fated {
        fate: fate(it, &settlements),
        conflict,
        settlements,
    }
}

/// The settlements of a conflict, in causal order, except those by a person who made a part of it concurrently.
fn settlements(it: &Assessing<'_, '_, '_>, conflict: &Dispute) -> Vec<(usize, Outcome)> {
    let settlements = it.known.settlements(conflict.subject).iter();
    let counts = |(at, _): &&(usize, Outcome)| it.live.has(*at) && !is_party(it, conflict, *at);
    settlements.filter(counts).copied().collect()
}

/// The fate that settlements give. Settlements that differ leave the conflict open until one whose author had them all
/// and made none of them.
fn fate(it: &Assessing<'_, '_, '_>, settlements: &[(usize, Outcome)]) -> Fate {
    let Some((_, first)) = settlements.first() else {
        return Fate::Open;
    };
    if settlements.iter().all(|(_, outcome)| outcome == first) {
        return of(*first);
    }
    let known = it.known;
    let size = known.history.len();
    let [mut held, mut overruled] = [Positions::new(size), Positions::new(size)];
    let newest = |held: &Positions, overruled: &Positions| {
        let mut all = held.clone();
        all.extend(overruled);
        known.history.order.newest(&all)
    };
    for (at, outcome) in settlements {
        let mut seen = [held.clone(), overruled.clone()];
        seen.iter_mut().for_each(|of| of.keep(known.ancestors(*at)));
        let contested = newest(&seen[0], &seen[1]);
        let differ = contested.meets(&held) && contested.meets(&overruled);
        if !differ || !contested.meets(&known.of_author(*at)) {
            match outcome {
                Outcome::Held => held.insert(*at),
                Outcome::Overruled => overruled.insert(*at),
            }
        }
    }
    let newest = newest(&held, &overruled);
    match (newest.meets(&held), newest.meets(&overruled)) {
        (true, false) => Fate::Held,
        (false, true) => Fate::Overruled,
        _ => Fate::Open,
    }
}

fn of(outcome: Outcome) -> Fate {
    match outcome {
        Outcome::Held => Fate::Held,
        Outcome::Overruled => Fate::Overruled,
    }
}

/// Whether the author of a settlement made a part of the conflict concurrently.
fn is_party(it: &Assessing<'_, '_, '_>, conflict: &Dispute, settlement: usize) -> bool {
    let own = it.known.of_author(settlement);
    let parts = it.relations.concurrent(it.known.history, &own, settlement);
    conflict.has_part(&parts)
}
