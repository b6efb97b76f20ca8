//! The detail of one hazard, folded from the log on request: events with verdicts, conflicts, photos, enrichment.

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;
use sync_core::{
    document::{DisplayedEvent, DisplayedPhoto, Folded, FoldedHazard},
    hazard::{Conflict, HazardState},
    history::{Verdict, VoidReason},
    record::{BlobHash, DocId, EventId, ServerTime},
    wire::Code,
};

use super::{
    HazardView,
    enrichment::{Enrichment, enrichment},
    view,
};
use crate::{
    access::{Reach, Refusal},
    projection::open,
    storage::{
        Tx, blobs, bodies, devices,
        docs::{self, Doc},
        hazards, names, revocations,
    },
};

/// The maximum number of conflicts in a response: n concurrent events can have about n² / 2 pairs.
const CONFLICTS: usize = 100;

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

/// An event and its verdict.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventView {
    /// The hash of its bytes.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The Chinese name of its kind.
    pub kind_zh: &'static str,
    /// The author's id.
    pub author: String,
    /// The author's name, if it is known.
    pub author_name: Option<String>,
    /// Role of the author, by the grant.
    pub role: Option<String>,
    /// The author's organisation, by the grant.
    pub organ: Option<String>,
    /// The device.
    pub device: String,
    /// The grant that it was made under.
    pub grant: String,
    /// The claimed time, RFC 3339.
    pub claimed_at: String,
    /// Its parents: the events that it names in `after`.
    pub after: Vec<String>,
    /// The content of the event; `null` if it was redacted.
    #[schema(value_type = Object)]
    pub content: serde_json::Value,
    /// The verdict of the fold.
    #[schema(value_type = Object)]
    pub verdict: serde_json::Value,
    /// Why it has no effect, in Chinese.
    pub void_zh: Option<&'static str>,
    /// The same in English.
    pub void_en: Option<&'static str>,
}

/// A sentence in two languages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BilingualText {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Two concurrent events that a rule names and a reviewer must decide.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictView {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// One event.
    pub one: String,
    /// The other.
    pub other: String,
    /// The resolution, if there is one.
    pub resolved_by: Option<String>,
}

/// Conflicts of one rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictGroup {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// The number of conflicts.
    pub count: usize,
    /// The number of conflicts that are not decided.
    pub open: usize,
}

/// A photo of a document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhotoView {
    /// SHA-256.
    pub hash: String,
    /// The event that names it.
    pub event: String,
    /// What it shows.
    pub role: String,
    /// How it was taken: in the app or from a file.
    pub source: String,
    /// `stored` or `pending`.
    pub state: &'static str,
    /// Address of the photo.
    pub url: String,
    /// Address of the thumbnail.
    pub thumb_url: String,
}

pub(super) fn detail(
    tx: &mut dyn Tx,
    reach: &Reach,
    id: DocId,
    from: usize,
    now: ServerTime,
) -> Result<HazardDetail, Refusal> {
    let missing = || Refusal::new(Code::NotFound, id.to_string());
    let doc = docs::find(tx, id)?
        .filter(|d| reach.covers(&d.path))
        .ok_or_else(missing)?;
    // A document that was just pushed may not be in the ledger yet.
    let row = hazards::find(tx, &doc.space, id)?.ok_or_else(missing)?;
    let hazard = view::views(tx, &[row])?.pop().ok_or_else(missing)?;
    let folded = fold(tx, &doc)?;
    let of = folded.hazard().ok_or_else(missing)?;
    let state = of.state();
    let events_total = state.history.len();
    let end = from.saturating_add(EVENTS).min(events_total);
    let events = events(tx, &folded, from.min(end)..end)?;
    // Only the displayed conflicts are limited; the fold decided from all of them.
    let mut conflicts: Vec<_> = state.conflicts.iter().collect();
    conflicts.sort_by_key(|c| c.resolved_by.is_some());
    conflicts.truncate(CONFLICTS);
    Ok(HazardDetail {
        enrichment: enrichment(tx, reach, &doc, of, now)?,
        hazard,
        conflicts: conflicts.into_iter().map(conflict).collect(),
        conflicts_total: state.conflicts.len(),
        conflict_groups: groups(state),
        explanation: explanation(of, &events, now),
        photos: photos(tx, &folded)?,
        events,
        events_total,
        events_next: (end < events_total).then_some(end),
    })
}

/// The number of conflicts of each rule.
fn groups(state: &HazardState) -> Vec<ConflictGroup> {
    let mut counts = BTreeMap::<&str, (usize, usize)>::new();
    for conflict in &state.conflicts {
        let (count, open) = counts.entry(&conflict.rule).or_default();
        *count += 1;
        *open += usize::from(conflict.resolved_by.is_none());
    }
    let group = |(rule, (count, open)): (&str, (usize, usize))| ConflictGroup {
        rule: rule.to_owned(),
        count,
        open,
    };
    counts.into_iter().map(group).collect()
}

/// The reasons of a hazard's state. An author is called by name, else by role, else by the id of the event.
fn explanation(of: FoldedHazard<'_>, events: &[EventView], now: ServerTime) -> Vec<BilingualText> {
    let name = |id: &EventId| {
        let id = id.to_string();
        let event = events.iter().find(|event| event.id == id);
        let author = event.and_then(|e| e.author_name.clone().or_else(|| e.role.clone()));
        author.unwrap_or(id)
    };
    let reasons = of.explain(Some(now), &name, CONFLICTS).reasons.into_iter();
    reasons
        .map(|text| BilingualText {
            zh: text.zh,
            en: text.en,
        })
        .collect()
}

/// Folds a document from the log.
pub(super) fn fold(tx: &mut dyn Tx, doc: &Doc) -> Result<Folded<'static>, Refusal> {
    let body = bodies::of_one(tx, doc)?;
    let mut open = open(&body).map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    open.fold_with(|grants, _| {
        Ok((
            devices::grant_claims(tx, grants)?,
            revocations::all(tx, &doc.space)?,
        ))
    })
}

fn conflict(c: &Conflict) -> ConflictView {
    ConflictView {
        rule: c.rule.clone(),
        one: c.one.to_string(),
        other: c.other.to_string(),
        resolved_by: c.resolved_by.map(|id| id.to_string()),
    }
}

/// The photos of a document, without those that were redacted.
pub(super) fn photos(tx: &mut dyn Tx, folded: &Folded<'_>) -> Result<Vec<PhotoView>, Refusal> {
    let displayed = folded.photos();
    let hashes: Vec<BlobHash> = displayed.iter().map(|d| d.photo.hash).collect();
    let stored = blobs::stored(tx, &hashes)?;
    let view = |displayed: DisplayedPhoto<'_>| {
        let photo = displayed.photo;
        PhotoView {
            hash: photo.hash.to_string(),
            event: displayed.event.to_string(),
            role: photo.role.to_string(),
            source: photo.source.to_string(),
            state: if stored.contains(&photo.hash) {
                "stored"
            } else {
                "pending"
            },
            url: format!("/v1/blobs/{}", photo.hash),
            thumb_url: format!("/v1/blobs/{}/thumb", photo.hash),
        }
    };
    Ok(displayed.into_iter().map(view).collect())
}

/// The events at these positions of a document's history, with names and verdicts, without redacted words.
pub(super) fn events(
    tx: &mut dyn Tx,
    folded: &Folded<'_>,
    range: Range<usize>,
) -> Result<Vec<EventView>, Refusal> {
    let events = folded.events(range).into_iter();
    events.map(|event| event_view(tx, event)).collect()
}

fn event_view(tx: &mut dyn Tx, event: DisplayedEvent) -> Result<EventView, Refusal> {
    let organ = match &event.grant {
        Some(grant) => names::organ(tx, grant.organ)?.or_else(|| Some(grant.organ.to_string())),
        None => None,
    };
    let reason = match event.verdict {
        Verdict::Void { reason } => Some(reason),
        _ => None,
    };
    #[expect(
        clippy::expect_used,
        reason = "a verdict has string keys only, which JSON can write"
    )]
    let verdict = serde_json::to_value(&event.verdict).expect("a verdict is JSON");
    Ok(EventView {
        id: event.id.to_string(),
        kind: event.kind.to_owned(),
        kind_zh: event.kind_zh,
        author: event.author.to_string(),
        author_name: names::person(tx, event.author)?,
        role: event.grant.map(|g| g.role.zh().to_owned()),
        organ,
        device: event.device.to_string(),
        grant: event.grant_id.to_string(),
        claimed_at: view::instant(event.claimed.0),
        after: event.after.iter().map(ToString::to_string).collect(),
        content: event.content,
        verdict,
        void_zh: reason.map(VoidReason::zh),
        void_en: reason.map(VoidReason::en),
    })
}
