//! The row of a folded activity or inspection, and what any document contributes to figures.

use serde_json::Value;
use sync_core::{
    catalogue::{Catalogue, INSPECTION},
    document::{DocumentState, Folded},
    inspection::InspectionState,
    record::{DeviceTime, EncodedListRow, Finding},
};

use super::{
    intervals::Intervals,
    rows::{OwnRow, Rows},
};
use crate::storage::{
    activities::{ActivityRow, record_name},
    docs::Doc,
};

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
            let version = state.versions.last();
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
    };
    Some(Rows {
        row: OwnRow::Activity(Box::new(row)),
        intervals: Intervals::default(),
        hidden: folded.hidden_photos(),
    })
}

/// What a document contributes to figures: names, the fields that indicators ask for as JSON, thousandths of the unit. An
/// activity or inspection that counts contributes itself, as [`record_name`] of its type.
pub(super) fn amounts(folded: &Folded<'_>) -> Vec<(String, String, i64)> {
    let (counts, kind, data) = match folded.state() {
        DocumentState::Hazard(_) => (false, String::new(), None),
        DocumentState::Inspection(state) => (state.counts, INSPECTION.to_owned(), None),
        DocumentState::Activity(state) => {
            let kind = state.r#type.as_ref().map(ToString::to_string);
            (
                state.counts,
                kind.unwrap_or_default(),
                state.versions.last().map(|version| version.data.as_str()),
            )
        }
    };
    let detail = data.map(detail).unwrap_or_default();
    let own = counts.then(|| (record_name(&kind), detail.clone(), 1000));
    let quantities = folded.quantities().into_iter();
    let quantities = quantities.map(|q| (q.name, detail.clone(), q.milli));
    own.into_iter().chain(quantities).collect()
}

/// The fields of an activity that indicators have conditions on, as JSON; empty if it has none of them.
fn detail(data: &str) -> String {
    let Ok(Value::Object(mut all)) = serde_json::from_str(data) else {
        return String::new();
    };
    let fields = Catalogue::embedded().indicators.fields();
    all.retain(|name, _| fields.contains(name.as_str()));
    if all.is_empty() {
        return String::new();
    }
    Value::Object(all).to_string()
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
