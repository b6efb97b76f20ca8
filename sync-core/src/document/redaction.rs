//! Redaction: the only place where words and photos are left out of what is displayed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::state::DocumentState;
use crate::{
    activity::ActivityState,
    hazard::HazardState,
    history::{EventEntry, Redacted},
    inspection::{Answered, InspectionState},
    record::{Data, EventBody, EventId, Label, PhotoHash, Short},
};

/// What is displayed in the place of redacted words.
pub(super) const REDACTED: &str = "（已遮蔽）";

/// What a document does not display: the words of events, and photos.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Redaction {
    events: BTreeSet<EventId>,
    photos: BTreeSet<PhotoHash>,
}

impl Redaction {
    /// The redaction of a document. The photos of an event are hidden with its words.
    pub(super) fn new(events: &[EventEntry], redacted: &Redacted) -> Self {
        let hidden: BTreeSet<EventId> = redacted.events.iter().copied().collect();
        let carried = events
            .iter()
            .filter(|entry| hidden.contains(&entry.id))
            .flat_map(|entry| entry.event.body.photos())
            .map(|photo| photo.hash);
        Self {
            photos: carried.chain(redacted.photos.iter().copied()).collect(),
            events: hidden,
        }
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.photos.is_empty()
    }

    /// Whether the words of an event are hidden.
    pub(super) fn hides(&self, event: &EventId) -> bool {
        self.events.contains(event)
    }

    /// Whether a photo is hidden.
    pub(super) fn hides_photo(&self, photo: &PhotoHash) -> bool {
        self.photos.contains(photo)
    }

    /// The hidden photos.
    pub(super) fn photos(&self) -> impl Iterator<Item = PhotoHash> {
        self.photos.iter().copied()
    }

    /// The content of an event as JSON, without hidden photos; `null` if its words are hidden.
    pub(super) fn content(&self, event: &EventId, body: &EventBody) -> Value {
        if self.hides(event) {
            return Value::Null;
        }
        #[expect(
            clippy::expect_used,
            reason = "a body has string keys only, which JSON can write"
        )]
        let mut content = serde_json::to_value(body).expect("a body is JSON");
        if !self.photos.is_empty() {
            let hidden = self.photos.iter().map(ToString::to_string).collect();
            remove_photos(&mut content, &hidden);
        }
        content
    }

    /// A state without what is hidden; `None` if nothing is hidden.
    pub(super) fn applied_to(&self, full: &DocumentState) -> Option<DocumentState> {
        if self.is_empty() {
            return None;
        }
        let mut shown = full.clone();
        match &mut shown {
            DocumentState::Hazard(state) => self.hazard(state),
            DocumentState::Activity(state) => self.activity(state),
            DocumentState::Inspection(state) => self.inspection(state),
        }
        Some(shown)
    }

    fn hazard(&self, state: &mut HazardState) {
        let values = &mut state.values;
        let place = values.place.iter_mut().filter(|v| self.hides(&v.by));
        place.for_each(|v| v.value.spot = Default::default());
        let penalties = values.penalties.iter_mut().filter(|v| self.hides(&v.by));
        penalties.for_each(|v| v.value.case = Label::default());
        let cleared = values.clearances.iter_mut().filter(|v| self.hides(&v.by));
        cleared.for_each(|v| v.value.unit = Label::default());
        values
            .photo_uses
            .retain(|v| !self.hides_photo(&v.value.photo));
        state.redacted.photos.clear();
    }

    fn activity(&self, state: &mut ActivityState) {
        let versions = state.versions.iter_mut().chain(&mut state.supplement);
        for version in versions.filter(|v| self.hides(&v.by)) {
            version.title = Short::new(REDACTED).unwrap_or_default();
            version.data = Data::default();
        }
        state.photos.retain(|photo| !self.hides_photo(photo));
        state.redacted.photos.clear();
    }

    fn inspection(&self, state: &mut InspectionState) {
        for answers in [&mut state.answers, &mut state.supplement] {
            answers.iter_mut().for_each(|answer| self.answered(answer));
            answers.retain(|answer| answer.every().next().is_some());
        }
        state.photos.retain(|photo| !self.hides_photo(photo));
        state.redacted.photos.clear();
    }

    /// Removes hidden answers to an item. The building and the entrance are then spelled as they are compared, because
    /// a label was written with one answer, which may be a hidden one.
    fn answered(&self, answered: &mut Answered) {
        let before = answered.every().count();
        answered.values.retain(|v| !self.hides(&v.by));
        answered.earlier.retain(|v| !self.hides(&v.by));
        if answered.every().count() < before {
            answered.building_label = Label::new(&answered.building).unwrap_or_default();
            answered.unit_label = Label::new(&answered.unit).unwrap_or_default();
        }
    }
}

/// Removes every mention of these photos.
fn remove_photos(json: &mut Value, photos: &BTreeSet<String>) {
    let is = |value: &Value| value.as_str().is_some_and(|text| photos.contains(text));
    let names = |value: &Value| is(value) || value.get("hash").is_some_and(is);
    match json {
        Value::Array(items) => {
            items.retain(|item| !names(item));
            items
                .iter_mut()
                .for_each(|item| remove_photos(item, photos));
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                if is(value) {
                    *value = Value::Null;
                } else {
                    remove_photos(value, photos);
                }
            }
        }
        _ => {}
    }
}
