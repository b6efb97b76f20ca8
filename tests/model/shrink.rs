//! Makes a failing world smaller, and prints it as the JSON that `xuncha-sim explain` reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sync_core::record::{EventId, PersonId};

use crate::world::World;

/// The smallest world found that still fails. Events are removed one at a time, their children follow their parents;
/// then receipts, revocations, attestation and beacons are removed.
pub(crate) fn shrink(mut world: World, fails: &dyn Fn(&World) -> bool) -> World {
    loop {
        let before = weight(&world);
        let ids: Vec<EventId> = world.events.iter().rev().map(|(id, _)| *id).collect();
        for id in ids {
            let less = without(&world, id);
            keep_if(&mut world, less, fails);
        }
        for id in world.facts.received.clone().keys() {
            let mut less = world.clone();
            less.facts.received.remove(id);
            keep_if(&mut world, less, fails);
        }
        for device in world.facts.revoked.clone().keys() {
            let mut less = world.clone();
            less.facts.revoked.remove(device);
            keep_if(&mut world, less, fails);
        }
        for id in world.facts.unattested.clone() {
            let mut less = world.clone();
            less.facts.unattested.remove(&id);
            keep_if(&mut world, less, fails);
        }
        for id in world.facts.accepted.clone() {
            let mut less = world.clone();
            less.facts.accepted.remove(&id);
            keep_if(&mut world, less, fails);
        }
        for at in 0..world.events.len() {
            let mut less = world.clone();
            less.events[at].1.beacon = None;
            keep_if(&mut world, less, fails);
        }
        if weight(&world) == before {
            return world;
        }
    }
}

/// Events, facts and beacons.
fn weight(world: &World) -> usize {
    let beacons = world
        .events
        .iter()
        .filter(|(_, e)| e.beacon.is_some())
        .count();
    let facts = &world.facts;
    world.events.len()
        + beacons
        + facts.received.len()
        + facts.revoked.len()
        + facts.unattested.len()
        + facts.accepted.len()
}

fn keep_if(world: &mut World, less: World, fails: &dyn Fn(&World) -> bool) {
    if weight(&less) < weight(world) && fails(&less) {
        *world = less;
    }
}

/// The world without an event; what follows it follows its parents. Ids are labels here and stay.
fn without(world: &World, id: EventId) -> World {
    let mut less = world.clone();
    let removed = world.events.iter().find(|(other, _)| *other == id);
    let parents = removed.map(|(_, e)| e.after.clone()).unwrap_or_default();
    less.events.retain(|(other, _)| *other != id);
    for (_, event) in &mut less.events {
        if event.after.contains(&id) {
            event.after.retain(|other| *other != id);
            event.after.extend(parents.iter().copied());
            let mut seen = BTreeSet::new();
            event.after.retain(|other| seen.insert(*other));
        }
    }
    less.facts.received.remove(&id);
    less.facts.unattested.remove(&id);
    less
}

/// The world in JSON. Facts that the form does not have are in `about`.
pub(crate) fn print(world: &World, about: &str) -> String {
    let names: BTreeMap<EventId, String> = (0..)
        .zip(&world.events)
        .map(|(at, (id, event))| (*id, format!("{}{at}", event.body.name())))
        .collect();
    let by_person: BTreeMap<PersonId, &crate::world::Actor> =
        world.actors.iter().map(|a| (a.grant.person, a)).collect();
    let mut people = serde_json::Map::new();
    let mut events = Vec::new();
    let mut facts = Vec::new();
    for (id, event) in &world.events {
        let name = &names[id];
        let by = by_person
            .get(&event.author)
            .map_or("?", |a| a.name.as_str());
        if let Some(actor) = by_person.get(&event.author) {
            let grant = &actor.grant;
            let organ = format!("{}-{}", grant.role.name(), organ_number(&actor.name));
            let person = json!({ "role": grant.role, "organ": organ, "area": grant.area });
            people.insert(actor.name.clone(), person);
        }
        let mut body = serde_json::to_value(&event.body).unwrap_or_default();
        name_ids(&mut body, &names);
        let at = jiff::Timestamp::from_millisecond(event.claimed.0).unwrap_or_default();
        let after: Vec<&String> = event.after.iter().filter_map(|id| names.get(id)).collect();
        events.push(json!({
            "name": name, "by": by, "at": at.to_string(), "after": after,
            "kind": body["kind"], "content": body["content"],
        }));
        let receipt = world.facts.received.get(id).map(|t| t.0);
        let unattested = world.facts.unattested.contains(id);
        if receipt.is_some() || event.beacon.is_some() || unattested {
            facts.push(format!(
                "{name}: received {receipt:?}, {:?}, unattested {unattested}",
                event.beacon
            ));
        }
    }
    let about = format!("{about}; seed {}; {}", world.seed, facts.join("; "));
    let file = json!({ "about": about, "people": people, "events": events });
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

/// The number of a person's organisation within the role, from the person's name.
fn organ_number(name: &str) -> usize {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<usize>().unwrap_or(0) % 2
}

fn name_ids(value: &mut Value, names: &BTreeMap<EventId, String>) {
    match value {
        Value::String(text) => {
            let id = text.parse::<EventId>().ok();
            if let Some(name) = id.and_then(|id| names.get(&id)) {
                *text = format!("@{name}");
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| name_ids(v, names)),
        Value::Object(all) => all.values_mut().for_each(|v| name_ids(v, names)),
        _ => {}
    }
}
