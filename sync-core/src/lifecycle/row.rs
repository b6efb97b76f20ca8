//! The row of the list for a folded hazard.

use super::{
    hidden::Hidden,
    state::{HazardState, Stated, Verdict},
};
use crate::record::{EventBody, EventId, Label, Observation, Place, Row};

/// What stands in the place of words that were taken out of view.
const REDACTED: &str = "（已遮蔽）";

/// The observation a hazard began with: the first that took effect. What is void gives a hazard no words.
pub fn first_observation<'e>(
    state: &HazardState,
    events: &'e [Stated],
) -> Option<(EventId, &'e Observation)> {
    let observation = |s: &'e Stated| match &s.event.body {
        EventBody::Observe(o) => Some((s.id, o)),
        _ => None,
    };
    let in_order = state
        .history
        .iter()
        .filter(|j| matches!(j.verdict, Verdict::Accepted { .. } | Verdict::Added))
        .filter_map(|j| events.iter().find(|s| s.id == j.id));
    in_order.filter_map(observation).next()
}

/// A place in words, as ledgers write it: `3栋1单元2层楼梯间`; without the words for the spot if they are hidden.
fn words(place: &Place, hidden: bool) -> String {
    let location = place.location.zh();
    let spot = if hidden {
        REDACTED
    } else {
        place.spot.as_str()
    };
    if hidden && place.spot.is_empty() {
        return words(place, false);
    }
    format!(
        "{}{}{}{location}{spot}",
        place.building, place.unit, place.floor
    )
}

/// Where a hazard is: as corrected, or else as it was found.
pub fn place<'e>(state: &'e HazardState, events: &'e [Stated]) -> Option<&'e Place> {
    placed(state, events).map(|(_, place)| place)
}

/// The same as views show it: without its words for the spot if they were taken out of view.
pub fn shown_place(state: &HazardState, events: &[Stated]) -> Option<Place> {
    let (by, place) = placed(state, events)?;
    let mut place = place.clone();
    if Hidden::of(state, events).hides_words(&by) {
        place.spot = Label::default();
    }
    Some(place)
}

/// The place, and the event that says so.
fn placed<'e>(state: &'e HazardState, events: &'e [Stated]) -> Option<(EventId, &'e Place)> {
    let corrected = state.values.place.first().map(|v| (v.by, &v.value));
    corrected.or(first_observation(state, events).map(|(by, o)| (by, &o.place)))
}

/// The row of the list.
pub fn row(state: &HazardState, events: &[Stated]) -> Row {
    let first = first_observation(state, events);
    // As corrected, if somebody with the say corrected it.
    let code = state.code.as_ref().or(first.map(|(_, o)| &o.code));
    let hidden = Hidden::of(state, events);
    let placed = placed(state, events);
    let place = placed.map(|(_, place)| place);
    let described = |(id, o): (EventId, &Observation)| {
        if hidden.hides_words(&id) {
            REDACTED.to_owned()
        } else {
            o.description.to_string()
        }
    };
    let photos = events.iter().flat_map(|s| s.event.body.photos());
    let photos = photos.filter(|p| !hidden.hides_photo(&p.hash)).count();
    Row {
        state: state.state.0,
        flags: state.flags.bits(),
        code: code.map(ToString::to_string).unwrap_or_default(),
        place: placed
            .map(|(by, place)| words(place, hidden.hides_words(&by)))
            .unwrap_or_default(),
        description: first.map(described).unwrap_or_default(),
        found: state.found_at.0,
        updated: state.updated_at.0,
        events: u32::try_from(events.len()).unwrap_or(u32::MAX),
        photos: u32::try_from(photos).unwrap_or(u32::MAX),
        compound: place.map(|place| place.compound),
        // Spelled by whoever keeps the list.
        place_key: None,
        record: None,
    }
}
