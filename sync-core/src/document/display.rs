//! Events and photos as views display them.

use std::collections::HashMap;

use serde_json::Value;

use super::folded::Folded;
use crate::{
    history::{EventEntry, JudgedEvent, Validity, Verdict, edition_of},
    record::{DeviceId, DeviceTime, Edition, EventId, Grant, GrantId, PersonId, PhotoRef},
};

/// An event as views display it.
#[derive(Debug, Clone, PartialEq)]
pub struct DisplayedEvent {
    /// The event.
    pub id: EventId,
    /// Name of its kind, as in JSON.
    pub kind: &'static str,
    /// Chinese label of its kind.
    pub kind_zh: &'static str,
    /// The author.
    pub author: PersonId,
    /// The author's device.
    pub device: DeviceId,
    /// The grant that it was made under.
    pub grant_id: GrantId,
    /// The claims of the grant, if it is known.
    pub grant: Option<Grant>,
    /// The claimed time.
    pub claimed: DeviceTime,
    /// The edition of the catalogue that judges it.
    pub edition: Edition,
    /// Its parents: the events that it names in `after`.
    pub after: Vec<EventId>,
    /// Its content as JSON, without redacted photos; `null` if it was redacted.
    pub content: Value,
    /// The verdict of the fold.
    pub verdict: Verdict,
    /// Whether an accepted event counts.
    pub count: Validity,
}

/// A photo as views display it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisplayedPhoto<'f> {
    /// The event that names it.
    pub event: EventId,
    /// The photo.
    pub photo: &'f PhotoRef,
}

impl Folded<'_> {
    /// The events at these positions of [`Self::judged`], for display.
    pub fn events(&self, range: std::ops::Range<usize>) -> Vec<DisplayedEvent> {
        events(self, range)
    }

    /// The photos for display, with the events that name them. Those of unattested events are none: anybody may have named
    /// them.
    pub fn photos(&self) -> Vec<DisplayedPhoto<'_>> {
        photos(self)
    }
}

fn events(folded: &Folded<'_>, range: std::ops::Range<usize>) -> Vec<DisplayedEvent> {
    let by_id: HashMap<EventId, &EventEntry> = folded.events.iter().map(|e| (e.id, e)).collect();
    let judged = folded.judged().get(range).unwrap_or_default();
    let displayed = |judged: &JudgedEvent| {
        let entry = by_id.get(&judged.id)?;
        let event = &entry.event;
        Some(DisplayedEvent {
            id: judged.id,
            kind: event.body.name(),
            kind_zh: event.body.zh(),
            author: event.author,
            device: event.device,
            grant_id: event.grant,
            grant: folded.context.grant(&event.grant).cloned(),
            claimed: event.claimed,
            edition: edition_of(entry, &folded.context, &folded.catalogue),
            after: event.after.clone(),
            content: folded.redaction.content(&judged.id, &event.body),
            verdict: judged.verdict.clone(),
            count: judged.count,
        })
    };
    judged.iter().filter_map(displayed).collect()
}

fn photos<'f>(folded: &'f Folded<'_>) -> Vec<DisplayedPhoto<'f>> {
    let of = |entry: &'f EventEntry| {
        let photos = entry.event.body.photos().iter();
        photos.map(|photo| DisplayedPhoto {
            event: entry.id,
            photo,
        })
    };
    let attested = |entry: &&EventEntry| !folded.context.is_unattested(&entry.id);
    let all = folded.events.iter().filter(attested).flat_map(of);
    all.filter(|p| !folded.redaction.hides_photo(&p.photo.hash))
        .collect()
}
