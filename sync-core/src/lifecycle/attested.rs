//! What is known beside the events themselves, gathered once for a fold: grants, receipt times, revocations.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::state::{Grants, Stated};
use crate::record::{ChangeHash, DeviceId, EventId, Grant, GrantId, ServerTime};

/// The one set of facts that phone and server fold with. Each of them is replicated, so both come to the same result.
#[derive(Debug, Clone)]
pub struct Attested<'f> {
    grants: &'f HashMap<GrantId, Grant>,
    revoked: &'f HashMap<DeviceId, ServerTime>,
    received: HashMap<EventId, ServerTime>,
    unattested: HashSet<EventId>,
}

impl<'f> Attested<'f> {
    /// Grants whose signature was checked, revoked phones, and the changes that hold the events with the times at
    /// which the server received them.
    pub fn new(
        grants: &'f HashMap<GrantId, Grant>,
        revoked: &'f HashMap<DeviceId, ServerTime>,
        held: &[(EventId, ChangeHash)],
        received: &HashMap<ChangeHash, ServerTime>,
    ) -> Self {
        let mut times = HashMap::new();
        let (mut unattested, mut attested) = (HashSet::new(), HashSet::new());
        for (event, change) in held {
            let time = received.get(change).copied();
            if time == Some(ServerTime::UNATTESTED) {
                unattested.insert(*event);
                continue;
            }
            attested.insert(*event);
            let Some(time) = time else {
                continue;
            };
            // Two changes may hold one event: it was here when the first of them came.
            let first = times.entry(*event).or_insert(time);
            *first = (*first).min(time);
        }
        // One change from the author's device is enough.
        unattested.retain(|event| !attested.contains(event));
        Self {
            grants,
            revoked,
            received: times,
            unattested,
        }
    }

    /// The events that their authors' devices have brought: only these say what kind of document it is.
    pub fn of_their_authors<'e>(&self, events: &'e [Stated]) -> Cow<'e, [Stated]> {
        if self.unattested.is_empty() {
            return Cow::Borrowed(events);
        }
        let theirs = |s: &&Stated| !self.unattested.contains(&s.id);
        events.iter().filter(theirs).cloned().collect()
    }
}

impl Grants for Attested<'_> {
    fn find(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }
    fn received(&self, event: &EventId) -> Option<ServerTime> {
        self.received.get(event).copied()
    }
    fn is_unattested(&self, event: &EventId) -> bool {
        self.unattested.contains(event)
    }
    fn revoked(&self, device: &DeviceId) -> Option<ServerTime> {
        self.revoked.get(device).copied()
    }
}
