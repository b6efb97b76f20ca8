//! What became of the conflicts of a set: open, held or overruled; and by which settlements.

use super::{conflict::Dispute, known::Known, relations::Relations, taken::Outcome};
use crate::history::Positions;

/// The fate of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// No settlement is in force, or settlements differ.
    Open,
    /// The objection holds.
    Held,
    /// The decisions hold.
    Overruled,
}

/// A conflict with its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fated {
    pub(super) conflict: Dispute,
    pub(super) fate: Fate,
    /// Every settlement of it in the set, with its outcome.
    pub(super) settlements: Vec<(usize, Outcome)>,
}

impl Fated {
    /// The settlements whose outcome is the fate.
    pub(super) fn in_force(&self) -> impl Iterator<Item = usize> {
        let fate = self.fate;
        let agrees = move |(_, outcome): &&(usize, Outcome)| match outcome {
            Outcome::Held => fate == Fate::Held,
            Outcome::Overruled => fate == Fate::Overruled,
        };
        self.settlements.iter().filter(agrees).map(|(at, _)| *at)
    }
}

/// Finds the fate of each conflict of a set of live events.
pub(super) fn decide(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    conflicts: Vec<Dispute>,
) -> Vec<Fated> {
    let mut settling = live.clone();
    settling.keep(&relations.settling);
    let settling: Vec<usize> = settling.iter().collect();
    let fated = |conflict: Dispute| {
        let settlements = settlements(known, &conflict, &settling);
        Fated {
            fate: fate(known, &settlements),
            conflict,
            settlements,
        }
    };
    conflicts.into_iter().map(fated).collect()
}

/// The settlements of a conflict, in causal order, except those by a person who made a part of it concurrently.
fn settlements(
    known: &Known<'_, '_>,
    conflict: &Dispute,
    settling: &[usize],
) -> Vec<(usize, Outcome)> {
    let outcome = |at: &usize| {
        let taken = known.taken[*at].as_ref()?;
        let mut settles = taken.settles.iter();
        let (_, outcome) = settles.find(|(of, _)| *of == conflict.subject)?;
        (!is_party(known, conflict, *at)).then_some((*at, *outcome))
    };
    settling.iter().filter_map(outcome).collect()
}

/// The fate that settlements give. Settlements that differ leave the conflict open until one whose author had them all
/// and made none of them.
fn fate(known: &Known<'_, '_>, settlements: &[(usize, Outcome)]) -> Fate {
    let mut kept: Vec<(usize, Outcome)> = Vec::new();
    for (at, outcome) in settlements {
        let seen = |(of, _): &&(usize, Outcome)| known.history.happened_before(*of, *at);
        let seen: Vec<(usize, Outcome)> = kept.iter().filter(seen).copied().collect();
        let contested = newest(known, &seen);
        let differ = contested
            .iter()
            .any(|(_, outcome)| *outcome != contested[0].1);
        let author = known.person(*at);
        if !differ || contested.iter().all(|(of, _)| known.person(*of) != author) {
            kept.push((*at, *outcome));
        }
    }
    let newest = newest(known, &kept);
    match newest.first() {
        None => Fate::Open,
        Some((_, first)) if newest.iter().any(|(_, outcome)| outcome != first) => Fate::Open,
        Some((_, Outcome::Held)) => Fate::Held,
        Some((_, Outcome::Overruled)) => Fate::Overruled,
    }
}

/// The settlements that no other one of these followed.
fn newest(known: &Known<'_, '_>, of: &[(usize, Outcome)]) -> Vec<(usize, Outcome)> {
    let is_newest = |(at, _): &&(usize, Outcome)| {
        !of.iter()
            .any(|(later, _)| known.history.happened_before(*at, *later))
    };
    of.iter().filter(is_newest).copied().collect()
}

/// Whether the author of a settlement made a part of the conflict concurrently.
fn is_party(known: &Known<'_, '_>, conflict: &Dispute, settlement: usize) -> bool {
    let person = known.person(settlement);
    let objections = conflict.objections.iter().copied();
    let mut parts = objections.chain(conflict.decisions.iter());
    parts.any(|at| {
        at != settlement
            && known.person(at) == person
            && known.history.is_concurrent(at, settlement)
    })
}
