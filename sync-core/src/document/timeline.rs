//! A document as it was known at an earlier time of the server: folded from what the server had received until then.
//!
//! Receipts of the server do not decrease, so what was known at a time never changes later.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use super::{folded::Folded, open::OpenDocument};
use crate::{
    catalogue::Catalogue,
    history::{EventEntry, FoldContext},
    record::{DeviceId, EventBody, EventId, Grant, GrantId, ServerTime},
};

/// The events of a document with their first receipts, ready to be folded as of several times.
#[derive(Debug)]
pub struct Timeline {
    events: Vec<EventEntry>,
    context: FoldContext<'static>,
}

/// The receipts of the attested events of a document.
#[derive(Debug)]
pub struct Receipts(Vec<ServerTime>);

impl Receipts {
    /// The newest receipt; [`Timeline::ALWAYS`] if there is none.
    pub fn newest(&self) -> ServerTime {
        self.0.last().copied().unwrap_or(Timeline::ALWAYS)
    }

    /// The number of events received at a time or before it; 0 for no time.
    pub fn until(&self, at: Option<ServerTime>) -> u32 {
        let count = at.map_or(0, |at| self.0.partition_point(|time| *time <= at));
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl OpenDocument {
    /// The timeline of the document.
    pub fn timeline(&mut self) -> Timeline {
        let held = self.crdt.held();
        let none = || (Cow::Owned(HashMap::new()), Cow::Owned(HashMap::new()));
        let (grants, revoked) = none();
        Timeline {
            events: self.events(),
            context: FoldContext::new(grants, revoked, &held, &self.times),
        }
    }
}

impl Timeline {
    /// The times at which the server received events that may change a figure, ascending. Events whose receipt is not
    /// stored were always known: they are at [`Self::ALWAYS`].
    pub fn times(&self) -> Vec<ServerTime> {
        let mut times = BTreeSet::new();
        let is_late = self.has_late_parent();
        for entry in &self.events {
            let is_silent = matches!(
                entry.event.body,
                EventBody::Note(_) | EventBody::AddPhoto(_) | EventBody::OfficialNumber(_)
            );
            if (!is_silent || is_late) && !self.context.is_unattested(&entry.id) {
                times.insert(self.context.received(&entry.id).unwrap_or(Self::ALWAYS));
            }
        }
        times.into_iter().collect()
    }

    /// Whether an event was received before one that it names, as after a restore. The later receipt may then change what
    /// the earlier event does: a photo may be the evidence that it needed.
    fn has_late_parent(&self) -> bool {
        let received = |id: &EventId| self.context.received(id).unwrap_or(Self::ALWAYS);
        self.events.iter().any(|entry| {
            let own = received(&entry.id);
            entry
                .event
                .after
                .iter()
                .any(|parent| received(parent) > own)
        })
    }

    /// The receipts of the attested events, ascending. Unattested events have none: a device other than the author's
    /// could bring one with each push, and each would make covered receipts be folded again.
    pub fn receipts(&self) -> Receipts {
        let attested = |e: &&EventEntry| !self.context.is_unattested(&e.id);
        let received = |e: &EventEntry| self.context.received(&e.id).unwrap_or(Self::ALWAYS);
        let mut times: Vec<_> = self.events.iter().filter(attested).map(received).collect();
        times.sort_unstable();
        Receipts(times)
    }

    /// The time of what has no stored receipt.
    pub const ALWAYS: ServerTime = ServerTime(i64::MIN);

    /// Folds what the server had received at a time, included. An event that was received later, and that an event
    /// received until then names, has no effect yet.
    pub fn fold<'f>(
        &self,
        grants: &'f HashMap<GrantId, Grant>,
        revoked: &'f HashMap<DeviceId, ServerTime>,
        at: ServerTime,
    ) -> Folded<'f> {
        let known = self.known(at);
        let is_late = |id: &EventId| self.context.received(id).is_some_and(|time| time > at);
        let late: HashSet<EventId> = known.iter().copied().filter(is_late).collect();
        let events = self.events.iter().filter(|e| known.contains(&e.id));
        let context = self
            .context
            .with_authority(Cow::Borrowed(grants), Cow::Borrowed(revoked))
            .with_unattested(late);
        Folded::new(events.cloned().collect(), context, Catalogue::embedded())
    }

    /// The events that had been received at a time, and the events that happened before them.
    fn known(&self, at: ServerTime) -> HashSet<EventId> {
        let all: BTreeMap<EventId, &EventEntry> = self.events.iter().map(|e| (e.id, e)).collect();
        let is_known = |entry: &&EventEntry| {
            let received = self.context.received(&entry.id);
            received.is_none_or(|received| received <= at)
        };
        let mut next: Vec<&EventEntry> = self.events.iter().filter(is_known).collect();
        let mut known = HashSet::new();
        while let Some(entry) = next.pop() {
            if known.insert(entry.id) {
                let parents = entry.event.after.iter().filter_map(|id| all.get(id));
                next.extend(parents.copied());
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazard::tests::Story;

    #[test]
    fn an_event_that_nobody_attests_adds_no_receipt() {
        let story = Story::told(&[]);
        let first = story.events[0].clone();
        let at = ServerTime(7);
        let of = |unattested: &[EventId]| {
            let mut stranger = first.clone();
            stranger.id.0[0] ^= 1;
            let context = FoldContext::default()
                .with_received([(first.id, at), (stranger.id, ServerTime(9))])
                .with_unattested(unattested.iter().copied());
            let events = vec![first.clone(), stranger.clone()];
            (Timeline { events, context }.receipts(), stranger.id)
        };
        let (attested, stranger) = of(&[]);
        assert_eq!(
            (attested.newest(), attested.until(Some(at))),
            (ServerTime(9), 1)
        );
        let (unattested, _) = of(&[stranger]);
        assert_eq!((unattested.newest(), unattested.until(Some(at))), (at, 1));
        assert_eq!(unattested.until(Some(ServerTime(9))), 1);
    }
}
