//! The row of a folded activity or inspection.

use sync_core::{
    catalogue::INSPECTION,
    document::{DocumentState, Folded},
    inspection::InspectionState,
    record::{DeviceTime, EncodedListRow, Finding},
};

use super::{
    intervals::Intervals,
    rows::{OwnRow, Rows},
};
use crate::storage::{activities::ActivityRow, docs::Doc};

/// The rows of a folded activity or inspection; `None` for a hazard.
pub(super) fn rows(doc: &Doc, folded: &Folded<'_>) -> Option<Rows> {
    let list = folded.list_row();
    let encoded = EncodedListRow::from(&list);
    let (state, counts, organ, compound) = match folded.state() {
        DocumentState::Hazard(_) => return None,
        DocumentState::Activity(a) => (a.state, a.counts, a.organ, a.compound),
        DocumentState::Inspection(i) => (i.state, i.counts, i.organ, i.compound),
    };
    let (kind, data) = match folded.state() {
        DocumentState::Inspection(state) => (INSPECTION.to_owned(), summary(folded, state)),
        DocumentState::Activity(state) => {
            let version = state.shown();
            let data = version.map(|v| v.data.to_string()).unwrap_or_default();
            (list.activity.unwrap_or_default(), data)
        }
        DocumentState::Hazard(_) => return None,
    };
    let row = ActivityRow {
        space: doc.space.clone(),
        doc: doc.id,
        path: doc.path.clone(),
        as_of_seq: doc.last_seq,
        // Set when it is written.
        changed: 0,
        kind,
        state,
        counts,
        organ,
        compound,
        title: list.description,
        held_at: DeviceTime(list.found),
        updated_at: DeviceTime(list.updated),
        event_count: list.events,
        photo_count: list.photos,
        data,
        problem: String::new(),
        list_row: Some(encoded),
        known_at: None,
        known_receipts: 0,
    };
    Some(Rows {
        row: OwnRow::Activity(Box::new(row)),
        intervals: Intervals::default(),
        hidden: folded.hidden_photos(),
    })
}

/// The summary of an inspection for lists, as JSON.
fn summary(folded: &Folded<'_>, state: &InspectionState) -> String {
    let answers = || state.answers.iter();
    serde_json::json!({
        "template": state.template,
        "kind": state.kind,
        "result": state.result,
        "answers": state.answers.len(),
        "problems": answers().filter(|a| a.finding == Finding::Problem).count(),
        "contested": answers().filter(|a| a.contested).count(),
        "without_hazard": answers().filter(|a| folded.lacks_hazard(a)).count(),
        "team_size": state.team_size(),
    })
    .to_string()
}
