//! A document as it was known at an earlier time of the server: folded from what the server had received until then.
//!
//! Receipts of the server do not decrease, so what was known at a time never changes later.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{folded::Folded, open::OpenDocument};
use crate::{
    catalogue::Catalogue,
    history::{EventEntry, FoldContext, Revocations},
    record::{ChangeHash, EventBody, EventId, Grant, GrantId, ServerTime},
};

/// The events of a document with their first receipts, ready to be folded as of several times.
#[derive(Debug)]
pub struct Timeline {
    events: Vec<EventEntry>,
    context: FoldContext<'static>,
    log: Log,
    catalogue: Arc<Catalogue>,
}

/// The changes of a document: what the server held when it had received one of them.
#[derive(Debug, Default)]
struct Log {
    /// Each change with those that it depends on, dependencies first.
    changes: Vec<(ChangeHash, Vec<ChangeHash>)>,
    /// The receipt of each change, as far as it is stored.
    received: HashMap<ChangeHash, ServerTime>,
    /// Each event with a change that holds it.
    held: Vec<(EventId, ChangeHash)>,
}

impl Log {
    /// The events that the server certainly held at a time: those of the changes that it had received until then, and
    /// of the changes that these depend on.
    ///
    /// What an event names in `after` proves nothing about the log: a device can name an event that it keeps back.
    fn held(&self, at: ServerTime) -> HashSet<EventId> {
        let mut known: HashSet<&ChangeHash> = HashSet::new();
        for (change, deps) in self.changes.iter().rev() {
            let received = self.received.get(change);
            let is_received =
                received.is_none_or(|time| *time <= at && *time != ServerTime::UNATTESTED);
            if is_received || known.contains(change) {
                known.insert(change);
                known.extend(deps);
            }
        }
        let held = self
            .held
            .iter()
            .filter(|(_, change)| known.contains(change));
        held.map(|(event, _)| *event).collect()
    }
}

/// The receipts of the attested events of a document.
#[derive(Debug)]
pub struct Receipts(Vec<ServerTime>);

impl Receipts {
    /// The newest receipt; [`Timeline::ALWAYS`] if there is none.
    pub fn newest(&self) -> ServerTime {
        self.0.last().copied().unwrap_or(Timeline::ALWAYS)
    }

    /// A number that changes when a receipt at a time or before it comes, goes or moves; 0 for no time. Two different sets
    /// of receipts have the same number by a chance of 1 in 2⁶⁴ (FNV-1a over the times).
    pub fn covered(&self, at: Option<ServerTime>) -> i64 {
        let Some(at) = at else { return 0 };
        let upto = self.0.iter().take_while(|time| **time <= at);
        let mixed = upto.fold(0xcbf2_9ce4_8422_2325_u64, |sum, time| {
            (sum ^ time.0.cast_unsigned()).wrapping_mul(0x0100_0000_01b3)
        });
        mixed.cast_signed()
    }
}

impl OpenDocument {
    /// The timeline of the document.
    pub fn timeline(&mut self) -> Timeline {
        let held = self.crdt.held();
        let none = || {
            (
                Cow::Owned(HashMap::new()),
                Cow::Owned(Revocations::default()),
            )
        };
        let (grants, revoked) = none();
        Timeline {
            events: self.events(),
            context: FoldContext::new(grants, revoked, &held, &self.times),
            log: Log {
                changes: self.crdt.dependencies(),
                received: self.times.clone(),
                held,
            },
            catalogue: Arc::clone(&self.catalogue),
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

    /// Folds what the server had received at a time, included. An event that it held unattested then, and that was
    /// attested later, has no effect yet.
    pub fn fold<'f>(
        &self,
        grants: &'f HashMap<GrantId, Grant>,
        revoked: &'f Revocations,
        at: ServerTime,
    ) -> Folded<'f> {
        let known = self.log.held(at);
        let is_late = |id: &EventId| self.context.received(id).is_some_and(|time| time > at);
        let late: HashSet<EventId> = known.iter().copied().filter(is_late).collect();
        let events = self.events.iter().filter(|e| known.contains(&e.id));
        let context = self
            .context
            .with_authority(Cow::Borrowed(grants), Cow::Borrowed(revoked))
            .with_unattested(late);
        Folded::new(events.cloned().collect(), context, &self.catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crdt::{Actor, Document},
        hazard::tests::{GRID, MANAGER, STREET, Story, assign, claim_fixed, note},
        record::DocId,
    };

    /// A device names an event that its change does not depend on, and brings that event later.
    #[test]
    fn an_event_that_was_kept_back_changes_nothing_that_was_known_before_it_came() {
        let mut story = Story::told(&[(STREET, assign())]);
        let known = crate::history::heads(&story.events);
        let kept_back = story.then(GRID, note());
        let claim = story.after(MANAGER, &[kept_back], claim_fixed());
        let bytes = |at: usize| story.events[at].event.to_bytes().unwrap();
        let mut base = Document::create(Actor([1; 16]), DocId([3; 16])).unwrap();
        let mut changes = vec![
            base.append(Actor([1; 16]), &bytes(0)).unwrap(),
            base.append(Actor([1; 16]), &bytes(1)).unwrap(),
        ];
        let begun = base.snapshot();
        for (actor, at) in [(4, 3), (5, 2)] {
            let mut device = Document::load(Some(&begun), []).unwrap();
            changes.push(device.append(Actor([actor; 16]), &bytes(at)).unwrap());
        }
        assert_eq!((known.len(), story.events[3].id), (1, claim));
        let state_at = |count: usize, at: i64| {
            let received = changes[..count].iter().zip(1..);
            let received =
                received.map(|(change, at)| (change.bytes.as_slice(), Some(ServerTime(at))));
            let timeline = OpenDocument::open(None, received, Catalogue::embedded())
                .unwrap()
                .timeline();
            let (grants, revoked) = (story.grants(), Revocations::default());
            let folded = timeline.fold(&grants, &revoked, ServerTime(at));
            (
                folded.hazard().unwrap().state().state,
                folded.judged().len(),
            )
        };
        let before = state_at(3, 3);
        assert_eq!(state_at(4, 3), before, "as of the time before it came");
        assert_ne!(state_at(4, 4), before);
    }

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
            let log = Log::default();
            let timeline = Timeline {
                events,
                context,
                log,
                catalogue: Arc::clone(Catalogue::embedded()),
            };
            (timeline.receipts(), stranger.id)
        };
        let (attested, stranger) = of(&[]);
        let (unattested, _) = of(&[stranger]);
        assert_eq!(
            (attested.newest(), unattested.newest()),
            (ServerTime(9), at)
        );
        let covered = |receipts: &Receipts, at| receipts.covered(Some(ServerTime(at)));
        assert_eq!(covered(&attested, 7), covered(&unattested, 7));
        assert_eq!(covered(&unattested, 7), covered(&unattested, 9));
        assert_ne!(covered(&attested, 9), covered(&unattested, 9));
        let moved = Receipts(vec![ServerTime(6)]);
        assert_ne!(covered(&moved, 7), covered(&unattested, 7));
    }
}
