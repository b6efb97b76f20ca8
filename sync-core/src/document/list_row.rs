//! The list row of a folded document. It contains only facts that every role of the grid may read.

use super::{
    FOLD_VERSION, folded::Folded, hazard::FoldedHazard, redaction::REDACTED, state::DocumentState,
};
use crate::{
    activity::ActivityState,
    catalogue::INSPECTION,
    hazard::first_observation,
    inspection::InspectionState,
    place_key,
    record::{ListRow, Place},
};

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Folded<'_> {
    /// The list row.
    pub fn list_row(&self) -> ListRow {
        let folded = self;
        match self.state() {
            DocumentState::Hazard(state) => hazard(FoldedHazard { folded, state }),
            DocumentState::Activity(state) => activity(folded, state),
            DocumentState::Inspection(state) => inspection(folded, state),
        }
    }
}

fn hazard(of: FoldedHazard<'_>) -> ListRow {
    let (state, folded) = (of.state, of.folded);
    let first = first_observation(state, &folded.events);
    let code = state.code.as_ref().or(first.map(|(_, o)| &o.code));
    let place = of.place();
    let spot_hidden = of.placed_by().is_some_and(|by| folded.redaction.hides(&by));
    let description = first.map(|(id, o)| {
        if folded.redaction.hides(&id) {
            REDACTED.to_owned()
        } else {
            o.description.to_string()
        }
    });
    ListRow {
        state: state.state.0,
        flags: state.flags.bits(),
        code: code.map(ToString::to_string).unwrap_or_default(),
        place: place
            .as_ref()
            .map(|place| words(place, spot_hidden))
            .unwrap_or_default(),
        description: description.unwrap_or_default(),
        found: state.found_at.0,
        updated: state.updated_at.0,
        events: count(folded.events.len()),
        photos: count(folded.photos().len()),
        compound: place.as_ref().map(|place| place.compound),
        place_key: place.as_ref().map(place_key::of),
        activity: None,
        fold: Some(FOLD_VERSION),
        edition: Some(folded.catalogue.newest()),
    }
}

/// A place in words, as ledgers write it: `3栋1单元2层楼梯间`.
fn words(place: &Place, spot_hidden: bool) -> String {
    let spot = if spot_hidden {
        REDACTED
    } else {
        place.spot.as_str()
    };
    format!(
        "{}{}{}{}{spot}",
        place.building,
        place.unit,
        place.floor,
        place.location.zh()
    )
}

fn activity(folded: &Folded<'_>, state: &ActivityState) -> ListRow {
    let version = state.shown();
    let code = state.r#type.as_ref().map(ToString::to_string);
    ListRow {
        state: state.state.number(),
        code: code.clone().unwrap_or_default(),
        description: version.map(|v| v.title.to_string()).unwrap_or_default(),
        found: version.map_or(0, |v| v.held.0),
        updated: state.updated_at.0,
        events: count(folded.events.len()),
        photos: count(state.photos.len()),
        activity: Some(code.unwrap_or_default()),
        edition: Some(folded.catalogue.newest()),
        ..ListRow::default()
    }
}

/// The title of an inspection is the name of its template.
fn inspection(folded: &Folded<'_>, state: &InspectionState) -> ListRow {
    let code = state.template.as_ref().map(ToString::to_string);
    let code = code.unwrap_or_default();
    let template = folded.catalogue.template_versions(&code).next();
    ListRow {
        state: state.state.number(),
        description: template.map(|t| t.zh.clone()).unwrap_or_default(),
        code,
        found: state.started.0,
        updated: state.updated_at.0,
        events: count(folded.events.len()),
        photos: count(state.photos.len()),
        activity: Some(INSPECTION.to_owned()),
        edition: Some(folded.catalogue.newest()),
        ..ListRow::default()
    }
}
