//! The registers of a set: which values are maximal, and which of them are in conflict.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    assessment::{Basis, Held, Value},
    known::Known,
    rivals::{Differing, Lane, REGISTERS, removed_by, replaces},
};
use crate::{
    catalogue::{Class, FieldName},
    history::Positions,
    record::EventBody,
};

/// Adds the values that an event sets to the maximal values of its causal history.
pub(super) fn add(known: &Known<'_, '_>, values: &mut Vec<Value>, at: usize) {
    let Some(taken) = &known.taken[at] else {
        return;
    };
    let removed = removed_by(known, at);
    // Only the first observation states the fields of the beginning.
    let restates = taken.row.is_some() && matches!(known.history.body(at), EventBody::Observe(_));
    let lanes = if restates { 0 } else { taken.lanes };
    if lanes | removed == 0 {
        return;
    }
    let sets = |field: FieldName| lanes & field.bit() != 0 && known.sets(field, at);
    values.retain(|old| {
        let set = REGISTERS
            .into_iter()
            .any(|f| f.bit() == old.lane && sets(f));
        old.lane & removed == 0 && !(set && replaces(known, old.lane, at, old.at))
    });
    let new = REGISTERS.into_iter().filter(|field| sets(*field));
    values.extend(new.map(|field| Value {
        lane: field.bit(),
        at,
    }));
}

/// The values of each register of a set of live events, in the order of the lanes. Transfers have no maximal values:
/// their steps decide which of them are in force. `first`: the observation that begins the hazard.
pub(super) fn held(
    it: &Assessing<'_, '_, '_>,
    first: Option<usize>,
    basis: Option<&Basis<'_>>,
) -> Rc<Vec<Held>> {
    let lanes = it.rivals.lanes();
    let Some(basis) = basis.filter(|basis| basis.assessment.first == first) else {
        return Rc::new(lanes.iter().map(|lane| held_in(it, lane, first)).collect());
    };
    let is_changed = |lane: &Lane<'_>| lane.concerns(basis.new) && it.live.meets(basis.new);
    if !lanes.iter().any(is_changed) {
        return Rc::clone(&basis.assessment.held);
    }
    let of = |(lane, old): (&Lane<'_>, &Held)| {
        if !is_changed(lane) {
            return old.clone();
        }
        if !basis.is_linear {
            return held_in(it, lane, first);
        }
        let new = it.live(basis.new);
        new.iter()
            .fold(old.clone(), |held, at| extended(lane, held, at, first))
    };
    let old = basis.assessment.held.iter();
    Rc::new(lanes.iter().zip(old).map(of).collect())
}

/// The values of a register after an event whose author had all of them.
fn extended(lane: &Lane<'_>, mut held: Held, at: usize, first: Option<usize>) -> Held {
    let states = lane.values.has(at) && (!lane.observations.has(at) || first == Some(at));
    if states || lane.removing.has(at) {
        held.maximal.retain(|value| !lane.ended(value).has(at));
    }
    if states {
        held.stated.insert(at);
        if lane.field != FieldName::Transfer {
            held.maximal.insert(at);
        }
    }
    held
}

fn held_in(it: &Assessing<'_, '_, '_>, lane: &Lane<'_>, first: Option<usize>) -> Held {
    let mut stated = it.live(&lane.values);
    let begins = first.filter(|at| stated.has(*at) && lane.observations.has(*at));
    stated.subtract(&lane.observations);
    begins.into_iter().for_each(|at| stated.insert(at));
    drop_parties(it, lane, &mut stated);
    let mut maximal = Positions::new(it.known.history.len());
    if lane.field != FieldName::Transfer {
        let mut ending = it.live(&lane.removing);
        ending.extend(&stated);
        let values = stated.iter();
        values
            .filter(|at| !lane.ended(*at).meets(&ending))
            .for_each(|at| maximal.insert(at));
    }
    Held { stated, maximal }
}

/// The maximal values of all registers.
pub(super) fn values(it: &Assessing<'_, '_, '_>, held: &[Held]) -> Vec<Value> {
    let lanes = it.rivals.lanes().iter().zip(held);
    let of = lanes.flat_map(|(lane, held)| {
        let lane = lane.field.bit();
        held.maximal.iter().map(move |at| Value { lane, at })
    });
    of.collect()
}

pub(super) fn is_conflict(known: &Known<'_, '_>, differing: &Differing) -> bool {
    known.history.rules.concurrent[differing.row].class == Class::C
}

/// Removes the resolutions whose author stated one of the conflicting values concurrently: they settle nothing.
fn drop_parties(it: &Assessing<'_, '_, '_>, lane: &Lane<'_>, stated: &mut Positions) {
    let mut resolutions = stated.clone();
    resolutions.keep(&lane.resolutions);
    if resolutions.is_empty() {
        return;
    }
    let known = it.known;
    let mut plain = stated.clone();
    plain.subtract(&resolutions);
    let mut sides = Positions::new(known.history.len());
    for value in plain.iter() {
        for differing in lane.differing(value) {
            if is_conflict(known, differing) && differing.earlier.meets(&plain) {
                sides.insert(value);
                let mut others = differing.earlier.clone();
                others.keep(&plain);
                sides.extend(&others);
            }
        }
    }
    for resolution in resolutions.iter() {
        let mut parts = it.relations.concurrent(known.history, &sides, resolution);
        parts.keep(&known.of_author(resolution));
        if !parts.is_empty() {
            stated.remove(resolution);
        }
    }
}

/// Pairs of values that a rule decided: row, and both events; at most `most`.
pub(super) fn notices(
    it: &Assessing<'_, '_, '_>,
    held: &[Held],
    most: usize,
) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (lane, held) in it.rivals.lanes().iter().zip(held) {
        for value in held.stated.iter() {
            for differing in lane.differing(value) {
                if is_conflict(it.known, differing) {
                    continue;
                }
                let earlier = differing.earlier.iter().filter(|at| held.stated.has(*at));
                for other in earlier.take(most - found.len()) {
                    found.push((differing.row, other, value));
                }
            }
        }
    }
    found
}
