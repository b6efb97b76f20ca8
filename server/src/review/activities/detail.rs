//! The detail of one activity or inspection, folded from the log on request: every event with its verdict, answers,
//! photos.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sync_core::{
    catalogue::Catalogue,
    causes::with_causes,
    document::{DocumentState, Folded},
    inspection::{Answered, InspectionState},
    record::DocId,
    wire::Code,
};

use super::{ActivityView, view};
use crate::{
    access::Reach,
    refusal::Refusal,
    review::{
        EventView, PhotoView,
        history::{events, fold},
        photos::photos,
    },
    storage::{Tx, activities as rows, docs},
};

/// An activity or an inspection with its whole history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActivityDetail {
    /// The row of the list.
    pub activity: ActivityView,
    /// Every event, causes before effects.
    pub events: Vec<EventView>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// The folded state: concurrent contents, acknowledgements, signatures.
    #[schema(value_type = Object)]
    pub state: Value,
    /// Of an inspection: the answers by building, entrance and item; of a finished one, those that its conclusions cover.
    pub answers: Vec<AnsweredView>,
    /// Of a finished inspection: the answers that no conclusion covers.
    pub supplement: Vec<AnsweredView>,
}

/// The answers to an item at a place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnsweredView {
    /// The building as an author wrote it.
    pub building: String,
    /// The entrance as an author wrote it.
    pub unit: String,
    /// The item.
    pub item: String,
    /// The question.
    pub item_zh: String,
    /// The effective finding: the worst of the answers until they agree.
    pub finding: &'static str,
    /// Its Chinese name.
    pub finding_zh: &'static str,
    /// Whether concurrent answers differ.
    pub contested: bool,
    /// The documents of the hazards that were opened, by superseded answers too.
    pub hazards: Vec<String>,
    /// Whether the answers state a problem and no hazard was opened although the item opens one.
    pub without_hazard: bool,
}

pub(super) fn detail(
    tx: &mut dyn Tx,
    reach: &Reach,
    id: DocId,
    catalogue: &Arc<Catalogue>,
) -> Result<ActivityDetail, Refusal> {
    let missing = || Refusal::new(Code::NotFound, id.to_string());
    let doc = docs::find(tx, id)?
        .filter(|d| reach.covers(&d.path))
        .ok_or_else(missing)?;
    // A document that was just pushed may not be projected yet; a hazard has its own address.
    let row = rows::find(tx, &doc.space, id)?.ok_or_else(missing)?;
    let activity = view::views(tx, &[row], catalogue)?
        .pop()
        .ok_or_else(missing)?;
    let folded = fold(tx, &doc, catalogue)?;
    Ok(ActivityDetail {
        activity,
        events: events(tx, &folded, 0..folded.judged().len())?,
        photos: photos(tx, &folded)?,
        answers: answers(&folded, |state| &state.answers),
        supplement: answers(&folded, |state| &state.supplement),
        state: state(&folded)?,
    })
}

/// The state as JSON, without the history: the events are listed with their verdicts.
fn state(folded: &Folded<'_>) -> Result<Value, Refusal> {
    let json = match folded.state() {
        DocumentState::Hazard(state) => serde_json::to_value(state),
        DocumentState::Activity(state) => serde_json::to_value(state),
        DocumentState::Inspection(state) => serde_json::to_value(state),
    };
    let mut json = json.map_err(|e| Refusal::new(Code::Internal, with_causes(&e)))?;
    if let Some(fields) = json.as_object_mut() {
        fields.insert("history".to_owned(), Value::Array(Vec::new()));
    }
    Ok(json)
}

fn answers(folded: &Folded<'_>, which: fn(&InspectionState) -> &[Answered]) -> Vec<AnsweredView> {
    let DocumentState::Inspection(state) = folded.state() else {
        return Vec::new();
    };
    let answers = which(state).iter();
    answers
        .map(|a| answered(a, folded.lacks_hazard(a), folded.catalogue()))
        .collect()
}

fn answered(a: &Answered, without_hazard: bool, catalogue: &Catalogue) -> AnsweredView {
    let item = catalogue.item(a.item.as_str());
    let hazards = a.every().filter_map(|v| v.hazard);
    AnsweredView {
        building: a.building_label.to_string(),
        unit: a.unit_label.to_string(),
        item: a.item.to_string(),
        item_zh: item.map(|i| i.zh.clone()).unwrap_or_default(),
        finding: a.finding.name(),
        finding_zh: a.finding.zh(),
        contested: a.contested,
        hazards: hazards.map(|id| id.to_string()).collect(),
        without_hazard,
    }
}
