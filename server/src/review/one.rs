//! One hazard: every event with its verdict, conflicts, photos; folded now from the log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use sync_core::{
    catalogue::Catalogue,
    lifecycle::{
        self, Attested, HazardState, Hidden, Judged, Stated, Verdict, VoidReason, explain::explain,
    },
    record::{BlobHash, ChangeHash, DeviceId, DocId, Event, EventId, Grant, GrantId, ServerTime},
    wire::Code,
};

use super::{
    HazardView,
    beside::{BesideView, Folded, beside},
    view,
};
use crate::{
    access::{Reach, Refusal},
    projection::whole,
    storage::{
        Tx, blobs, bodies, devices,
        docs::{self, Doc},
        hazards, names, revocations,
    },
};

/// Conflicts that are shown at most: all side by side of n events are n² / 2.
const CONFLICTS: usize = 100;

/// Events that are shown at once at most.
const EVENTS: usize = 500;

/// A hazard with its history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HazardDetail {
    /// The row of the ledger.
    pub hazard: HazardView,
    /// Its events, causes before effects; at most 500 at a time.
    pub events: Vec<EventView>,
    /// How many events it has.
    pub events_total: usize,
    /// `events_from` of the next request, if there are more.
    pub events_next: Option<usize>,
    /// Conflicts, open ones first; at most 100.
    pub conflicts: Vec<ConflictView>,
    /// How many conflicts it has.
    pub conflicts_total: usize,
    /// All its conflicts, counted by rule.
    pub conflict_groups: Vec<ConflictGroup>,
    /// Why it stands where it stands: conflicts, rules that decided, values side by side, flags, the deadline.
    pub because: Vec<SaidView>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// What stands beside it now.
    #[serde(flatten)]
    pub beside: BesideView,
}

/// An event and what became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventView {
    /// The hash of its bytes.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its Chinese name.
    pub kind_zh: &'static str,
    /// Author, an opaque number.
    pub author: String,
    /// Author's name, if the side store has it.
    pub author_name: Option<String>,
    /// Role of the author, by the grant.
    pub role: Option<String>,
    /// The author's organisation, by the grant.
    pub organ: Option<String>,
    /// The phone.
    pub device: String,
    /// The grant it was made under.
    pub grant: String,
    /// The author's clock.
    pub claimed_at: String,
    /// Events the author had seen last.
    pub after: Vec<String>,
    /// What was stated; `null` if its words were taken out of view.
    #[schema(value_type = Object)]
    pub content: serde_json::Value,
    /// What became of it.
    #[schema(value_type = Object)]
    pub verdict: serde_json::Value,
    /// Why it changes nothing, in Chinese.
    pub void_zh: Option<&'static str>,
    /// The same in English.
    pub void_en: Option<&'static str>,
}

/// A sentence in two languages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SaidView {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Two events that do not agree.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictView {
    /// Row of the table of concurrent pairs.
    pub rule: String,
    /// One event.
    pub one: String,
    /// The other.
    pub other: String,
    /// The decision, if there is one.
    pub resolved_by: Option<String>,
}

/// Conflicts of one rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictGroup {
    /// Row of the table of concurrent pairs.
    pub rule: String,
    /// How many there are.
    pub count: usize,
    /// How many of them are not decided.
    pub open: usize,
}

/// A photo of the record.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhotoView {
    /// SHA-256.
    pub hash: String,
    /// The event it belongs to.
    pub event: String,
    /// What it shows.
    pub role: String,
    /// How it got into the phone.
    pub source: String,
    /// `stored` or `pending`.
    pub state: &'static str,
    /// Address of the photo.
    pub url: String,
    /// Address of the thumbnail.
    pub thumb_url: String,
}

pub(super) fn one(
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
    // A record that was just pushed may not be in the ledger yet.
    let row = hazards::find(tx, &doc.space, id)?.ok_or_else(missing)?;
    let hazard = view::views(tx, &[row])?.pop().ok_or_else(missing)?;
    let opened = open(tx, &doc)?;
    let attested = opened.attested();
    let mut state = lifecycle::fold(&opened.events, &attested, Catalogue::embedded());
    let folded = Folded {
        doc: &doc,
        state: &state,
        events: &opened.events,
        grants: &attested,
    };
    let beside = beside(tx, reach, &folded, now)?;
    let conflict_groups = groups(&state);
    let conflicts_total = state.conflicts.len();
    // What is shown and told in words is bounded; what was decided by it was decided by all.
    state.conflicts.sort_by_key(|c| c.resolved_by.is_some());
    state.conflicts.truncate(CONFLICTS);
    state.notices.truncate(CONFLICTS);
    let events_total = state.history.len();
    let end = from.saturating_add(EVENTS).min(events_total);
    let hidden = Hidden::of(&state, &opened.events);
    let part = from.min(end)..end;
    let events = history(tx, &state.history[part], &opened, &hidden)?;
    Ok(HazardDetail {
        beside,
        hazard,
        conflicts: state.conflicts.iter().map(conflict).collect(),
        conflicts_total,
        conflict_groups,
        because: because(&state, &opened.events, &events, now),
        photos: photos(tx, &opened.events, &hidden)?,
        events,
        events_total,
        events_next: (end < events_total).then_some(end),
    })
}

/// How many conflicts of each rule there are.
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

/// Why the hazard stands where it stands, its authors called by their names.
fn because(
    state: &HazardState,
    stated: &[Stated],
    views: &[EventView],
    now: ServerTime,
) -> Vec<SaidView> {
    let name = |stated: &Stated| {
        let id = stated.id.to_string();
        let view = views.iter().find(|view| view.id == id);
        let author = view.and_then(|v| v.author_name.clone().or_else(|| v.role.clone()));
        author.unwrap_or(id)
    };
    let told = explain(state, stated, Catalogue::embedded(), Some(now), &name);
    let said = |said: lifecycle::explain::Said| SaidView {
        zh: said.zh,
        en: said.en,
    };
    told.because.into_iter().map(said).collect()
}

/// A document's events, and all that is attested about them.
pub(super) struct Opened {
    pub(super) events: Vec<Stated>,
    pub(super) grants: HashMap<GrantId, Grant>,
    revoked: HashMap<DeviceId, ServerTime>,
    held: Vec<(EventId, ChangeHash)>,
    received: HashMap<ChangeHash, ServerTime>,
}

impl Opened {
    pub(super) fn attested(&self) -> Attested<'_> {
        Attested::new(&self.grants, &self.revoked, &self.held, &self.received)
    }
}

/// Reads a document from the log.
pub(super) fn open(tx: &mut dyn Tx, doc: &Doc) -> Result<Opened, Refusal> {
    let body = bodies::of_one(tx, doc)?;
    let loaded = whole::load(&body).map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    let mut document = loaded.document;
    let read = |(id, bytes): (_, Vec<u8>)| {
        Event::from_bytes(&bytes)
            .ok()
            .map(|event| Stated { id, event })
    };
    let events: Vec<Stated> = document.events().0.into_iter().filter_map(read).collect();
    let used: BTreeSet<GrantId> = events.iter().map(|stated| stated.event.grant).collect();
    let grants = devices::grant_claims(tx, &used)?;
    Ok(Opened {
        events,
        grants,
        revoked: revocations::all(tx, &doc.space)?,
        held: document.held(),
        received: loaded.received,
    })
}

fn conflict(c: &lifecycle::Conflict) -> ConflictView {
    ConflictView {
        rule: c.rule.clone(),
        one: c.one.to_string(),
        other: c.other.to_string(),
        resolved_by: c.resolved_by.map(|id| id.to_string()),
    }
}

/// The photos of a document that views show.
pub(super) fn photos(
    tx: &mut dyn Tx,
    events: &[Stated],
    hidden: &Hidden,
) -> Result<Vec<PhotoView>, Refusal> {
    let named: Vec<BlobHash> = events
        .iter()
        .flat_map(|stated| stated.event.body.photos())
        .map(|photo| photo.hash)
        .collect();
    let stored = blobs::stored(tx, &named)?;
    let mut photos = Vec::new();
    for stated in events {
        let shown = stated.event.body.photos().iter();
        for photo in shown.filter(|photo| !hidden.hides_photo(&photo.hash)) {
            let stored = stored.contains(&photo.hash);
            photos.push(PhotoView {
                hash: photo.hash.to_string(),
                event: stated.id.to_string(),
                role: photo.role.to_string(),
                source: photo.source.to_string(),
                state: if stored { "stored" } else { "pending" },
                url: format!("/v1/blobs/{}", photo.hash),
                thumb_url: format!("/v1/blobs/{}/thumb", photo.hash),
            });
        }
    }
    Ok(photos)
}

fn history(
    tx: &mut dyn Tx,
    part: &[Judged],
    opened: &Opened,
    hidden: &Hidden,
) -> Result<Vec<EventView>, Refusal> {
    let events = opened.events.iter();
    let by_id: HashMap<EventId, &Stated> = events.map(|s| (s.id, s)).collect();
    let mut history = Vec::with_capacity(part.len());
    for judged in part {
        let Some(stated) = by_id.get(&judged.id) else {
            continue;
        };
        let reason = match judged.verdict {
            Verdict::Void { reason } => Some(reason),
            _ => None,
        };
        let verdict = serde_json::to_value(&judged.verdict).unwrap_or_default();
        history.push(event_view(
            tx,
            stated,
            &opened.grants,
            hidden,
            verdict,
            reason,
        )?);
    }
    Ok(history)
}

/// An event with names and what became of it.
pub(super) fn event_view(
    tx: &mut dyn Tx,
    stated: &Stated,
    grants: &HashMap<GrantId, Grant>,
    hidden: &Hidden,
    verdict: serde_json::Value,
    reason: Option<VoidReason>,
) -> Result<EventView, Refusal> {
    let (event, grant) = (&stated.event, grants.get(&stated.event.grant));
    let organ = match grant {
        Some(grant) => names::organ(tx, grant.organ)?.or_else(|| Some(grant.organ.to_string())),
        None => None,
    };
    let mut content = serde_json::Value::Null;
    if !hidden.hides_words(&stated.id) {
        content = serde_json::to_value(&event.body).unwrap_or_default();
        hidden.scrub(&mut content);
    }
    Ok(EventView {
        id: stated.id.to_string(),
        kind: event.body.name().to_owned(),
        kind_zh: event.body.zh(),
        author: event.author.to_string(),
        author_name: names::person(tx, event.author)?,
        role: grant.map(|g| g.role.zh().to_owned()),
        organ,
        device: event.device.to_string(),
        grant: event.grant.to_string(),
        claimed_at: view::instant(event.claimed.0),
        after: event.after.iter().map(ToString::to_string).collect(),
        content,
        verdict,
        void_zh: reason.map(VoidReason::zh),
        void_en: reason.map(VoidReason::en),
    })
}
