//! The row of the list for a folded hazard.

use super::state::{HazardState, Stated};
use crate::record::{EventBody, Observation, Place, Row};

/// The observation a hazard began with (or, if none was accepted, any).
pub(super) fn first_observation<'e>(
    state: &HazardState,
    events: &'e [Stated],
) -> Option<&'e Observation> {
    let observation = |s: &'e Stated| match &s.event.body {
        EventBody::Observe(o) => Some(o),
        _ => None,
    };
    let in_order = state
        .history
        .iter()
        .filter_map(|j| events.iter().find(|s| s.id == j.id));
    in_order.filter_map(observation).next()
}

/// A place in words, as ledgers write it: `3栋1单元2层楼梯间`.
fn words(place: &Place) -> String {
    let (location, spot) = (place.location.zh(), place.spot.as_str());
    format!(
        "{}{}{}{location}{spot}",
        place.building, place.unit, place.floor
    )
}

/// The row of the list.
pub fn row(state: &HazardState, events: &[Stated]) -> Row {
    let first = first_observation(state, events);
    let photos: usize = events.iter().map(|s| s.event.body.photos().len()).sum();
    Row {
        state: state.state.0,
        flags: state.flags.bits(),
        code: first.map(|o| o.code.to_string()).unwrap_or_default(),
        place: first.map(|o| words(&o.place)).unwrap_or_default(),
        description: first.map(|o| o.description.to_string()).unwrap_or_default(),
        found: state.found_at.0,
        updated: state.updated_at.0,
        events: u32::try_from(events.len()).unwrap_or(u32::MAX),
        photos: u32::try_from(photos).unwrap_or(u32::MAX),
    }
}
