//! The history of a document: its events with names and verdicts, without redacted words.

use std::{ops::Range, sync::Arc};

use serde::Serialize;
use sync_core::{
    catalogue::Catalogue,
    causes::with_causes,
    document::{DisplayedEvent, Folded},
    history::{Verdict, VoidReason},
    wire::Code,
};

use super::time::instant;
use crate::{
    projection::open,
    refusal::Refusal,
    storage::{Tx, bodies, devices, docs::Doc, names, server_notices},
};

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
    /// The number of the edition of the catalogue that judges it.
    pub edition: u32,
    /// Its parents: the events that it names in `after`.
    pub after: Vec<String>,
    /// The content of the event; `null` if it was redacted.
    #[schema(value_type = Object)]
    pub content: serde_json::Value,
    /// The verdict of the fold.
    #[schema(value_type = Object)]
    pub verdict: serde_json::Value,
    /// Whether an accepted event counts: `yes`, `pending`, `waiting`, `no_effect`, `suspended`, `rejected`,
    /// `without_basis` or `overruled`.
    pub count: &'static str,
    /// The same in Chinese.
    pub count_zh: &'static str,
    /// The same in English.
    pub count_en: &'static str,
    /// Why it has no effect, in Chinese.
    pub void_zh: Option<&'static str>,
    /// The same in English.
    pub void_en: Option<&'static str>,
}

/// Folds a document from the log.
pub(super) fn fold(
    tx: &mut dyn Tx,
    doc: &Doc,
    catalogue: &Arc<Catalogue>,
) -> Result<Folded<'static>, Refusal> {
    let body = bodies::of_one(tx, doc)?;
    let mut open =
        open(&body, catalogue).map_err(|e| Refusal::new(Code::Internal, with_causes(&e)))?;
    open.fold_with(|grants, _| {
        Ok((
            devices::grant_claims(tx, grants)?,
            server_notices::revoked(tx, &doc.space)?,
        ))
    })
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
        claimed_at: instant(event.claimed.0),
        edition: event.edition.0,
        after: event.after.iter().map(ToString::to_string).collect(),
        content: event.content,
        verdict,
        count: event.count.name(),
        count_zh: event.count.zh(),
        count_en: event.count.en(),
        void_zh: reason.map(VoidReason::zh),
        void_en: reason.map(VoidReason::en),
    })
}
