//! One record or inspection: every event with its verdict, answers, photos; folded now from the log.

use std::collections::HashMap;

use serde::Serialize;
use sync_core::{
    campaign::{self, Answered, Family, Judged, Verdict},
    catalogue::Catalogue,
    lifecycle::{Attested, Hidden, Stated},
    record::{DocId, Grant, GrantId, Label},
    wire::Code,
};

use super::{RecordView, view};
use crate::{
    access::{Reach, Refusal},
    review::one::{EventView, PhotoView, event_view, open, photos},
    storage::{Tx, campaign as rows, docs},
};

/// A record or an inspection with its whole history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordDetail {
    /// The row of the list.
    pub record: RecordView,
    /// Every event, causes before effects.
    pub events: Vec<EventView>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// The state as folded: contents side by side, receipts, signatures.
    #[schema(value_type = Object)]
    pub state: serde_json::Value,
    /// Of an inspection: the answers by building, unit and item.
    pub answers: Vec<AnsweredView>,
}

/// An item of a building as answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnsweredView {
    /// Building as somebody wrote it.
    pub building: String,
    /// Unit as somebody wrote it.
    pub unit: String,
    /// The item.
    pub item: String,
    /// The question.
    pub item_zh: String,
    /// What holds: the worst until the answers agree.
    pub finding: &'static str,
    /// Its Chinese name.
    pub finding_zh: &'static str,
    /// The answers apart do not agree.
    pub contested: bool,
    /// The hazards that were opened.
    pub hazards: Vec<String>,
    /// A problem for which no hazard was opened although the item opens one.
    pub without_hazard: bool,
}

/// What a fold gives, as far as this view needs it.
struct Folded {
    history: Vec<Judged>,
    hidden: Hidden,
    state: serde_json::Value,
    answers: Vec<AnsweredView>,
}

pub(super) fn one(tx: &mut dyn Tx, reach: &Reach, id: DocId) -> Result<RecordDetail, Refusal> {
    let missing = || Refusal::new(Code::NotFound, id.to_string());
    let doc = docs::find(tx, id)?
        .filter(|d| reach.covers(&d.path))
        .ok_or_else(missing)?;
    // A record that was just pushed may not be projected yet; a hazard has its own address.
    let row = rows::find(tx, &doc.space, id)?.ok_or_else(missing)?;
    let record = view::views(tx, &[row])?.pop().ok_or_else(missing)?;
    let opened = open(tx, &doc)?;
    let folded = fold(&opened.events, &opened.attested());
    Ok(RecordDetail {
        record,
        events: history(tx, &folded, &opened.events, &opened.grants)?,
        photos: photos(tx, &opened.events, &folded.hidden)?,
        state: folded.state,
        answers: folded.answers,
    })
}

fn fold(events: &[Stated], attested: &Attested<'_>) -> Folded {
    let catalogue = Catalogue::embedded();
    if Family::of(&attested.of_their_authors(events)) == Family::Inspection {
        let mut state = campaign::fold_inspection(events, attested, catalogue);
        let hidden = Hidden::new(events, &state.redacted, &state.redacted_photos);
        let without = state.failed_without_hazard(catalogue);
        let shown = |a: &Answered| a.values.iter().any(|v| !hidden.hides_words(&v.by));
        let without: Vec<bool> = state.answers.iter().map(|a| without.contains(&a)).collect();
        state.answers.iter_mut().for_each(|a| hide(a, &hidden));
        let answers = state.answers.iter().zip(without).filter(|(a, _)| shown(a));
        let view = |(a, without): (&Answered, bool)| answered(a, without, catalogue);
        let answers = answers.map(view).collect();
        state.answers.retain(shown);
        let history = std::mem::take(&mut state.history);
        return folded(history, hidden, &state, answers);
    }
    let mut state = campaign::fold_record(events, attested, catalogue);
    let hidden = Hidden::new(events, &state.redacted, &state.redacted_photos);
    let history = std::mem::take(&mut state.history);
    folded(history, hidden, &state, Vec::new())
}

/// What is shown of a state: without what was taken out of view.
fn folded(
    history: Vec<Judged>,
    hidden: Hidden,
    state: &impl Serialize,
    answers: Vec<AnsweredView>,
) -> Folded {
    let mut state = serde_json::to_value(state).unwrap_or_default();
    hidden.scrub(&mut state);
    Folded {
        history,
        hidden,
        state,
        answers,
    }
}

/// Takes the words of hidden answers to an item out of it. Its building and unit are then spelled as they are compared:
/// the label is that of one answer, which may be a hidden one.
fn hide(a: &mut Answered, hidden: &Hidden) {
    let before = a.values.len();
    if a.values.iter().all(|v| hidden.hides_words(&v.by)) {
        return;
    }
    a.values.retain(|v| !hidden.hides_words(&v.by));
    if a.values.len() < before {
        a.building_label = Label::new(&a.building).unwrap_or_default();
        a.unit_label = Label::new(&a.unit).unwrap_or_default();
    }
}

fn answered(a: &Answered, without_hazard: bool, catalogue: &Catalogue) -> AnsweredView {
    let item = catalogue.inspections.item(a.item.as_str());
    let hazards = a.values.iter().filter_map(|v| v.hazard);
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

fn history(
    tx: &mut dyn Tx,
    folded: &Folded,
    events: &[Stated],
    grants: &HashMap<GrantId, Grant>,
) -> Result<Vec<EventView>, Refusal> {
    let mut history = Vec::with_capacity(events.len());
    for judged in &folded.history {
        let Some(stated) = events.iter().find(|s| s.id == judged.id) else {
            continue;
        };
        let reason = match judged.verdict {
            Verdict::Void { reason } => Some(reason),
            _ => None,
        };
        let verdict = serde_json::to_value(judged.verdict).unwrap_or_default();
        history.push(event_view(
            tx,
            stated,
            grants,
            &folded.hidden,
            verdict,
            reason,
        )?);
    }
    Ok(history)
}
