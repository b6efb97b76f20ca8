//! The rows of a folded activity or inspection, and the quantities of any document.

use std::collections::HashMap;

use sync_core::{
    activity::ActivityState,
    catalogue::INSPECTION,
    document::{DocumentState, Folded},
    hazard::quantity::Quantity,
    inspection::{self, InspectionState},
    record::Finding,
};

use super::rows::{Own, Rows};
use crate::storage::{
    activities::{Figure, Record, Visit},
    docs::Doc,
};

/// The rows of a folded activity or inspection; `None` for a hazard.
pub(super) fn rows(doc: &Doc, folded: &Folded<'_>) -> Option<Rows> {
    let list = folded.list_row();
    let row = Record {
        space: doc.space.to_string(),
        doc: doc.id.as_bytes().to_vec(),
        path: doc.path.to_string(),
        as_of_seq: doc.last_seq.cast_signed(),
        r#type: list.activity.unwrap_or_default(),
        title: list.description,
        held_at: list.found,
        updated_at: list.updated,
        event_count: i64::from(list.events),
        photo_count: i64::from(list.photos),
        ..Record::default()
    };
    let (row, visits) = match folded.state() {
        DocumentState::Hazard(_) => return None,
        DocumentState::Activity(state) => (activity(state, row), Vec::new()),
        DocumentState::Inspection(state) => (inspection(folded, state, row), visits(doc, state)),
    };
    Some(Rows {
        row: Own::Record(Box::new(row)),
        figures: figures(doc, folded),
        visits,
        hidden: folded.hidden_photos(),
    })
}

/// The quantities of a document; `n` numbers those of one name.
pub(super) fn figures(doc: &Doc, folded: &Folded<'_>) -> Vec<Figure> {
    let mut next: HashMap<String, i64> = HashMap::new();
    let figure = |quantity: Quantity| {
        let n = next.entry(quantity.name.clone()).or_default();
        *n += 1;
        Figure {
            doc: doc.id.as_bytes().to_vec(),
            n: *n,
            path: doc.path.to_string(),
            name: quantity.name,
            at: quantity.at.0,
            milli: quantity.milli,
        }
    };
    folded.quantities().into_iter().map(figure).collect()
}

fn activity(state: &ActivityState, row: Record) -> Record {
    let version = state.versions.last();
    Record {
        state: state.state.name().to_owned(),
        counts: state.counts,
        organ: state.organ.map(|organ| organ.as_bytes().to_vec()),
        compound: state.compound.map(|id| id.as_bytes().to_vec()),
        data: version.map(|v| v.data.to_string()).unwrap_or_default(),
        ..row
    }
}

fn inspection(folded: &Folded<'_>, state: &InspectionState, row: Record) -> Record {
    Record {
        r#type: INSPECTION.to_owned(),
        state: state.state.name().to_owned(),
        counts: state.counts,
        organ: state.organ.map(|organ| organ.as_bytes().to_vec()),
        compound: state.compound.map(|id| id.as_bytes().to_vec()),
        data: summary(folded, state),
        ..row
    }
}

/// The buildings and entrances that an inspection reached.
fn visits(doc: &Doc, state: &InspectionState) -> Vec<Visit> {
    let visit = |place: inspection::Place| Visit {
        doc: doc.id.as_bytes().to_vec(),
        compound: place.compound.as_bytes().to_vec(),
        building: place.building,
        unit: place.unit,
        finished: state.counts,
    };
    inspection::inspected(state).into_iter().map(visit).collect()
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
