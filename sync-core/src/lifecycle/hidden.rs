//! What was taken out of view: the words of events and the photos that no view, list, search or export shows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::state::{HazardState, Stated};
use crate::record::{BlobHash, EventId};

/// What views leave out of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    events: BTreeSet<EventId>,
    photos: BTreeSet<BlobHash>,
}

impl Hidden {
    /// From the events and photos that were redacted; an event's photos are hidden with its words.
    pub fn new(events: &[Stated], redacted: &[EventId], photos: &[BlobHash]) -> Self {
        let hidden: BTreeSet<EventId> = redacted.iter().copied().collect();
        let carried = events
            .iter()
            .filter(|stated| hidden.contains(&stated.id))
            .flat_map(|stated| stated.event.body.photos())
            .map(|photo| photo.hash);
        Self {
            photos: carried.chain(photos.iter().copied()).collect(),
            events: hidden,
        }
    }

    /// Of a folded hazard.
    pub fn of(state: &HazardState, events: &[Stated]) -> Self {
        Self::new(events, &state.redacted.events, &state.redacted.photos)
    }

    /// Whether the words of an event are hidden.
    pub fn hides_words(&self, event: &EventId) -> bool {
        self.events.contains(event)
    }

    /// Whether a photo is hidden.
    pub fn hides_photo(&self, photo: &BlobHash) -> bool {
        self.photos.contains(photo)
    }

    /// The hidden photos.
    pub fn photos(&self) -> impl Iterator<Item = BlobHash> {
        self.photos.iter().copied()
    }

    /// Takes out of JSON what hidden events said (objects that name one as `by`) and every mention of a hidden photo.
    pub fn scrub(&self, json: &mut Value) {
        if self.events.is_empty() && self.photos.is_empty() {
            return;
        }
        let texts = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<String>>();
        let words = texts(self.events.iter().map(ToString::to_string).collect());
        let photos = texts(self.photos.iter().map(ToString::to_string).collect());
        scrub(json, &words, &photos);
    }
}

fn scrub(json: &mut Value, words: &BTreeSet<String>, photos: &BTreeSet<String>) {
    let is = |value: Option<&Value>, of: &BTreeSet<String>| {
        value
            .and_then(Value::as_str)
            .is_some_and(|text| of.contains(text))
    };
    match json {
        Value::Array(items) => {
            items.retain(|item| {
                !is(item.get("by"), words)
                    && !is(item.get("hash"), photos)
                    && !is(Some(item), photos)
            });
            for item in items {
                scrub(item, words, photos);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                if is(Some(value), photos) || is(value.get("by"), words) {
                    *value = Value::Null;
                } else {
                    scrub(value, words, photos);
                }
            }
        }
        _ => {}
    }
}
