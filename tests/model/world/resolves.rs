//! Decisions of conflicts: mostly of open ones, by naming their events.

use sync_core::record::{EventBody, EventId, Resolution, Text};

use super::{chance::Chance, parts::Scene};
use crate::oracle::{case::Status, classes::Class, doc::Set};

/// A `resolve`; none if there are fewer than two events to name.
pub(crate) fn body(chance: &mut Chance, scene: &Scene<'_, '_>) -> Option<EventBody> {
    let (mut names, mut holds) = if chance.percent(4) {
        wrong(chance, scene)
    } else {
        decided(chance, scene).unwrap_or_else(|| wrong(chance, scene))
    };
    let endings = endings(scene);
    if let Some(z) = chance.one(&endings)
        && chance.percent(40)
    {
        names.insert(*z);
        holds.insert(*z);
    }
    while names.len() > 16 {
        names.pop_first();
    }
    holds.retain(|e| names.contains(e));
    let held = *holds.last()?;
    holds.remove(&held);
    if names.len() < 2 {
        return None;
    }
    let id = |e: &usize| scene.case.doc.events[*e].id;
    let ids = |all: &Set| -> Vec<EventId> { all.iter().map(id).collect() };
    Some(EventBody::Resolve(Resolution {
        resolves: ids(&names),
        holds: id(&held),
        reason: Text::default(),
        also_hold: ids(&holds),
    }))
}

/// The accepted endings that the author has.
fn endings(scene: &Scene<'_, '_>) -> Vec<usize> {
    let ends =
        |e: &&usize| scene.case.is_accepted(**e) && scene.case.doc.class(**e) == Class::Ending;
    scene.view.set.iter().filter(ends).copied().collect()
}

/// Events at random, and one of them.
fn wrong(chance: &mut Chance, scene: &Scene<'_, '_>) -> (Set, Set) {
    let all: Vec<usize> = scene.view.set.iter().copied().collect();
    let count = 2 + chance.below(3);
    let names: Set = (0..count)
        .filter_map(|_| chance.one(&all).copied())
        .collect();
    let holds = names.iter().take(1).copied().collect();
    (names, holds)
}

/// The names of one open conflict, or of several at once, and which of them hold.
fn decided(chance: &mut Chance, scene: &Scene<'_, '_>) -> Option<(Set, Set)> {
    let v = scene.view;
    let open = |status: &Status| *status == Status::Open;
    let mut choices: Vec<(Set, Set)> = Vec::new();
    for o in v.fates.iter().filter(|(_, s)| open(s)).map(|(o, _)| *o) {
        let decisions = v.decisions(o);
        let decision = decisions.first().copied();
        let mut names = decisions;
        names.insert(o);
        let held = if chance.percent(50) {
            Some(o)
        } else {
            decision
        };
        choices.push((names, held.into_iter().collect()));
    }
    for y in v
        .same_fates
        .iter()
        .filter(|(_, s)| open(s))
        .map(|(y, _)| *y)
    {
        let mut names = v.same.get(&y).cloned().unwrap_or_default();
        let held = names.iter().take(1).copied().collect();
        names.insert(y);
        choices.push((names, held));
    }
    for values in v.open_registers.values() {
        let all: Vec<usize> = values.iter().copied().collect();
        let held = chance.one(&all).copied().into_iter().collect();
        choices.push((values.clone(), held));
    }
    let (mut names, mut holds) = chance.one(&choices)?.clone();
    for (more, held) in &choices {
        if chance.percent(30) {
            names.extend(more);
            holds.extend(held);
        }
    }
    Some((names, holds))
}
