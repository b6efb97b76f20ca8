//! The observation that a hazard began with, and the place of the hazard.

use super::state::HazardState;
use crate::{
    history::EventEntry,
    record::{EventBody, EventId, Observation, Place},
};

/// The observation that a hazard began with: the first that has an effect. A void observation does not describe it.
pub(crate) fn first_observation<'e>(
    state: &HazardState,
    events: &'e [EventEntry],
) -> Option<(EventId, &'e Observation)> {
    let observation = |entry: &'e EventEntry| match &entry.event.body {
        EventBody::Observe(o) => Some((entry.id, o)),
        _ => None,
    };
    let in_order = state
        .history
        .iter()
        .filter(|j| j.has_effect())
        .filter_map(|j| events.iter().find(|e| e.id == j.id));
    in_order.filter_map(observation).next()
}

/// The place of a hazard and the event that states it: the corrected place, else that of the first observation.
pub(crate) fn placed<'e>(
    state: &'e HazardState,
    events: &'e [EventEntry],
) -> Option<(EventId, &'e Place)> {
    let corrected = state.values.place.first().map(|v| (v.by, &v.value));
    corrected.or(first_observation(state, events).map(|(by, o)| (by, &o.place)))
}
