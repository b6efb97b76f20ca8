//! Histories in the JSON that `xuncha-sim explain` reads: people, and events by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_core::record::{
    AreaPath, DeviceId, DeviceTime, Event, EventBody, EventId, Grant, GrantId, OrganId, PersonId,
    PhotoHash, Role, ServerTime,
};

use crate::oracle::facts::Facts;

/// A history with the names of its events.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The events in the order of the file.
    pub(crate) events: Vec<(EventId, Event)>,
    /// Facts: the grants of the people.
    pub(crate) facts: Facts,
    /// The ids by name.
    pub(crate) names: BTreeMap<String, EventId>,
}

/// An identifier derived from a name.
pub(crate) fn id_of<const N: usize>(words: &str) -> [u8; N] {
    let hash = PhotoHash::of(words.as_bytes());
    let mut id = [0; N];
    id.copy_from_slice(&hash.as_bytes()[..N]);
    id
}

/// A claimed time as a file writes it, such as `2024-03-25T09:01:00+08:00`.
pub(crate) fn instant(text: &str) -> DeviceTime {
    let time: jiff::Timestamp = text.parse().expect("a time of RFC 3339");
    DeviceTime(time.as_millisecond())
}

/// The grant of a person who acts for an organisation, without an end.
pub(crate) fn grant(name: &str, role: Role, organ: &str, area: &AreaPath) -> Grant {
    Grant {
        person: PersonId(id_of(name)),
        organ: OrganId(id_of(organ)),
        role,
        area: area.clone(),
        device: DeviceId(id_of(name)),
        device_key: [0; 32],
        from: ServerTime(0),
        until: None,
        issued: ServerTime(0),
        also: None,
        space: None,
    }
}

/// Reads a history.
pub(crate) fn read(text: &str) -> History {
    let file: Value = serde_json::from_str(text).expect("a history is JSON");
    let mut history = History::default();
    for (name, person) in file["people"].as_object().expect("people") {
        let role = person["role"]
            .as_str()
            .and_then(Role::from_name)
            .expect("a role");
        let area = person["area"]
            .as_str()
            .expect("an area")
            .parse()
            .expect("an area");
        let organ = person["organ"].as_str().expect("an organisation");
        let id = GrantId(id_of(name));
        history
            .facts
            .grants
            .insert(id, grant(name, role, organ, &area));
    }
    for line in file["events"].as_array().expect("events") {
        let text = |field: &str| line[field].as_str().expect("a text").to_owned();
        let by = text("by");
        let after = match line["after"].as_array() {
            Some(names) => {
                let names = names.iter().map(|n| n.as_str().expect("a name"));
                names.map(|n| history.names[n]).collect()
            }
            None => heads(&history.events),
        };
        let mut content = line["content"].clone();
        name_ids(&mut content, &history.names);
        let body = json!({ "kind": line["kind"], "content": content });
        let event = Event {
            author: PersonId(id_of(&by)),
            device: DeviceId(id_of(&by)),
            grant: GrantId(id_of(&by)),
            claimed: instant(&text("at")),
            after,
            beacon: None,
            edition: None,
            body: serde_json::from_value::<EventBody>(body).expect("a body"),
        };
        let id = EventId::of(&event.to_bytes().expect("an event within its limits"));
        history.names.insert(text("name"), id);
        history.events.push((id, event));
    }
    history
}

/// The events that no other names.
fn heads(events: &[(EventId, Event)]) -> Vec<EventId> {
    let is_head = |id: &EventId| !events.iter().any(|(_, e)| e.after.contains(id));
    events.iter().map(|(id, _)| *id).filter(is_head).collect()
}

/// Replaces `@name` by the id of that event, and `#words` by an id derived from the words.
fn name_ids(value: &mut Value, names: &BTreeMap<String, EventId>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = names[name].to_string();
            } else if let Some(words) = text.strip_prefix("#photo:") {
                *text = PhotoHash::of(words.as_bytes()).to_string();
            } else if let Some(words) = text.strip_prefix('#') {
                *text = OrganId(id_of(words)).to_string();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| name_ids(v, names)),
        Value::Object(all) => all.values_mut().for_each(|v| name_ids(v, names)),
        _ => {}
    }
}
