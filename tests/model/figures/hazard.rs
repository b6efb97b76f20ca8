//! A hazard of a figure world: the events of a world as a server receives them, under grants that the server signed.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sync_core::{
    crdt::{Actor, Document, NewChange},
    identity::{SecretKey, SignedGrant},
    record::{AreaPath, DocId, Event, EventBody, EventId, Grant, GrantId, ServerTime},
};

use crate::world::World;

/// An event with what the server knows of it.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) id: EventId,
    pub(super) event: Event,
    pub(super) at: ServerTime,
    /// Whether only a device other than its author's has brought it.
    pub(super) is_unattested: bool,
}

/// A hazard with its events in the order in which the server receives them.
pub(super) struct Hazard {
    pub(super) doc: DocId,
    pub(super) path: AreaPath,
    pub(super) events: Vec<Received>,
    /// The number of events that the server has.
    pub(super) sent: usize,
    document: Document,
}

/// The key that signs the grants.
pub(super) fn key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

impl Hazard {
    /// The hazard of a world. Its grants are signed and added to `grants`.
    pub(super) fn of(
        doc: DocId,
        path: AreaPath,
        world: &World,
        grants: &mut HashMap<GrantId, Grant>,
    ) -> Self {
        let mut signed = BTreeMap::new();
        for (id, grant) in &world.facts.grants {
            let sealed = SignedGrant::seal(grant, &key()).id();
            signed.insert(*id, sealed);
            grants.insert(sealed, grant.clone());
        }
        let receipts = receipts(world);
        let (mut names, mut events) = (BTreeMap::new(), Vec::new());
        for (old, event) in &world.events {
            let is_unknown = matches!(event.body, EventBody::Unknown { .. });
            let Some(at) = receipts.get(old).filter(|_| !is_unknown) else {
                continue;
            };
            let event = renamed(event, &names, &signed);
            let id = EventId::of(&event.to_bytes().expect("an event within its limits"));
            names.insert(*old, id);
            events.push(Received {
                id,
                event,
                at: *at,
                is_unattested: world.facts.unattested.contains(old),
            });
        }
        // Causes come first, also among events of one receipt.
        events.sort_by_key(|event| event.at);
        Self {
            doc,
            path,
            events,
            sent: 0,
            document: Document::create(Actor([3; 16]), doc).expect("a document"),
        }
    }

    /// The next events that the server receives until a time, as changes.
    pub(super) fn send(&mut self, now: i64) -> Vec<(Received, NewChange)> {
        let until = self.events.partition_point(|event| event.at.0 <= now);
        let new = self.events[self.sent.min(until)..until].to_vec();
        self.sent = until;
        let change = |received: Received| {
            let bytes = received.event.to_bytes().expect("an event");
            let change = self.document.append(Actor([3; 16]), &bytes);
            (received, change.expect("a change"))
        };
        new.into_iter().map(change).collect()
    }
}

/// The receipt of each event; one whose receipt is lost came with the first event that it happened before.
fn receipts(world: &World) -> BTreeMap<EventId, ServerTime> {
    let mut receipts = world.facts.received.clone();
    for (id, event) in world.events.iter().rev() {
        let Some(at) = receipts.get(id).copied() else {
            continue;
        };
        for parent in &event.after {
            let first = receipts.entry(*parent).or_insert(at);
            *first = (*first).min(at);
        }
    }
    receipts
}

/// The event under its signed grant, with the new names of the events that it refers to.
fn renamed(
    event: &Event,
    names: &BTreeMap<EventId, EventId>,
    signed: &BTreeMap<GrantId, GrantId>,
) -> Event {
    let mut body = serde_json::to_value(&event.body).expect("a body as JSON");
    let texts = names
        .iter()
        .map(|(old, new)| (old.to_string(), new.to_string()));
    rename(&mut body, &texts.collect());
    Event {
        grant: signed.get(&event.grant).copied().unwrap_or(event.grant),
        after: event
            .after
            .iter()
            .filter_map(|id| names.get(id).copied())
            .collect(),
        body: serde_json::from_value(body).expect("a body"),
        ..event.clone()
    }
}

fn rename(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = names.get(text) {
                text.clone_from(new);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| rename(v, names)),
        Value::Object(all) => all.values_mut().for_each(|v| rename(v, names)),
        _ => {}
    }
}
