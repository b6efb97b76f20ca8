//! The detail of one hazard, folded from the log on request: events with verdicts, conflicts, photos, enrichment.

use std::sync::Arc;

use serde::Serialize;
use sync_core::{
    catalogue::Catalogue,
    document::FoldedHazard,
    record::{DocId, EventId, ServerTime},
    wire::Code,
};

use super::{
    ConflictGroup, ConflictView, EventView, HazardView, PhotoView, Review, conflicts,
    enrichment::{Enrichment, enrichment},
    history::{events, fold},
    photos::photos,
    view,
};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{Tx, docs, hazards},
};

/// The maximum number of events in a response.
const EVENTS: usize = 500;

/// A hazard with its history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HazardDetail {
    /// The row of the ledger.
    pub hazard: HazardView,
    /// Its events, causes before effects; at most 500 at a time.
    pub events: Vec<EventView>,
    /// The number of its events.
    pub events_total: usize,
    /// `events_from` of the next request, if there are more.
    pub events_next: Option<usize>,
    /// Conflicts, open ones first; at most 100.
    pub conflicts: Vec<ConflictView>,
    /// The number of its conflicts.
    pub conflicts_total: usize,
    /// All its conflicts, counted by rule.
    pub conflict_groups: Vec<ConflictGroup>,
    /// The reasons of its state: conflicts, rules that decided, concurrent values, flags, the deadline.
    pub explanation: Vec<BilingualText>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// Its enrichment as of now.
    #[serde(flatten)]
    pub enrichment: Enrichment,
}

/// A sentence in two languages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BilingualText {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

pub(super) fn detail(
    tx: &mut dyn Tx,
    reach: &Reach,
    id: DocId,
    from: usize,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<HazardDetail, Refusal> {
    let missing = || Refusal::new(Code::NotFound, id.to_string());
    let doc = docs::find(tx, id)?
        .filter(|d| reach.covers(&d.path))
        .ok_or_else(missing)?;
    // A document that was just pushed may not be in the ledger yet.
    let row = hazards::find(tx, &doc.space, id)?.ok_or_else(missing)?;
    let hazard = view::views(tx, &[row], catalogue)?
        .pop()
        .ok_or_else(missing)?;
    let folded = fold(tx, &doc, catalogue)?;
    let of = folded.hazard().ok_or_else(missing)?;
    let state = of.state();
    let events_total = state.history.len();
    let end = from.saturating_add(EVENTS).min(events_total);
    let events = events(tx, &folded, from.min(end)..end)?;
    Ok(HazardDetail {
        enrichment: enrichment(tx, reach, &doc, of, now)?,
        hazard,
        conflicts: conflicts::displayed(state),
        conflicts_total: state.conflicts.len(),
        conflict_groups: conflicts::groups(state),
        explanation: explanation(of, &events, now),
        photos: photos(tx, &folded)?,
        events,
        events_total,
        events_next: (end < events_total).then_some(end),
    })
}

/// The reasons of a hazard's state. An author is called by name, else by role, else by the id of the event.
fn explanation(of: FoldedHazard<'_>, events: &[EventView], now: ServerTime) -> Vec<BilingualText> {
    let name = |id: &EventId| {
        let id = id.to_string();
        let event = events.iter().find(|event| event.id == id);
        let author = event.and_then(|e| e.author_name.clone().or_else(|| e.role.clone()));
        author.unwrap_or(id)
    };
    let reasons = of
        .explain(Some(now), &name, conflicts::CONFLICTS)
        .reasons
        .into_iter();
    reasons
        .map(|text| BilingualText {
            zh: text.zh,
            en: text.en,
        })
        .collect()
}

impl Review {
    /// One hazard with its history from the event number `from` on. A hazard out of reach is reported as not found.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn one(
        &self,
        reach: &Reach,
        doc: DocId,
        from: usize,
        now: ServerTime,
    ) -> Result<HazardDetail, Refusal> {
        let (reach, catalogue) = (reach.clone(), Arc::clone(&self.catalogue));
        self.storage
            .read(move |tx| detail(tx, &reach, doc, from, now, &catalogue))
            .await
    }
}
