//! The fold context: grants, receive times, revocations and unattested events.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{entry::EventEntry, revocations::Revocations};
use crate::record::{ChangeHash, DeviceId, EventId, Grant, GrantId, ServerTime};

/// The facts that a fold depends on in addition to the events.
///
/// All of them are replicated, so a device and the server fold a document to the same state.
#[derive(Debug, Clone, Default)]
pub struct FoldContext<'f> {
    grants: Cow<'f, HashMap<GrantId, Grant>>,
    revoked: Cow<'f, Revocations>,
    received: HashMap<EventId, ServerTime>,
    unattested: HashSet<EventId>,
    /// The changes that carry each event.
    held: Vec<(EventId, ChangeHash)>,
}

impl<'f> FoldContext<'f> {
    /// A context of grants whose signatures were checked, revocation times of devices, the change that carries each
    /// event (`held`), and the time at which the server received each change.
    pub fn new(
        grants: Cow<'f, HashMap<GrantId, Grant>>,
        revoked: Cow<'f, Revocations>,
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
            // Two changes may carry one event: the event was received with the earlier of them.
            let first = times.entry(*event).or_insert(time);
            *first = (*first).min(time);
        }
        // One change from the author's device attests the event.
        unattested.retain(|event| !attested.contains(event));
        Self {
            grants,
            revoked,
            received: times,
            unattested,
            held: held.to_vec(),
        }
    }

    /// A context of grants alone, as for events that no server has received.
    pub fn of_grants(grants: impl IntoIterator<Item = (GrantId, Grant)>) -> Self {
        Self {
            grants: Cow::Owned(grants.into_iter().collect()),
            ..Self::default()
        }
    }

    /// The same receipts with these grants and revocations.
    pub(crate) fn with_authority<'g>(
        &self,
        grants: Cow<'g, HashMap<GrantId, Grant>>,
        revoked: Cow<'g, Revocations>,
    ) -> FoldContext<'g> {
        FoldContext {
            grants,
            revoked,
            received: self.received.clone(),
            unattested: self.unattested.clone(),
            held: self.held.clone(),
        }
    }

    /// The same context, in which these events are unattested: their receipts prove nothing.
    pub(crate) fn with_unattested(mut self, events: impl IntoIterator<Item = EventId>) -> Self {
        for event in events {
            self.received.remove(&event);
            self.unattested.insert(event);
        }
        self
    }

    /// The same context with receive times of events.
    #[cfg(test)]
    pub(crate) fn with_received(
        mut self,
        received: impl IntoIterator<Item = (EventId, ServerTime)>,
    ) -> Self {
        self.received.extend(received);
        self
    }

    /// The same context with revoked devices.
    #[cfg(test)]
    pub(crate) fn with_revoked(
        mut self,
        revoked: impl IntoIterator<Item = (DeviceId, ServerTime)>,
    ) -> Self {
        self.revoked.to_mut().extend(revoked);
        self
    }

    /// The claims of a grant; `None` if it is not known here.
    pub fn grant(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }

    /// When the server received an event; `None` if that is not known here.
    pub fn received(&self, event: &EventId) -> Option<ServerTime> {
        self.received.get(event).copied()
    }

    /// When a device was revoked, as far as it matters for events under a grant.
    pub fn revoked(&self, device: &DeviceId, grant: Option<&Grant>) -> Option<ServerTime> {
        self.revoked.of(device, grant)
    }

    /// The events that a person accepted: no revocation and no end of a grant keeps them from counting.
    pub(crate) fn accepted(&self) -> HashSet<EventId> {
        let accepted = self
            .held
            .iter()
            .filter(|(_, change)| self.revoked.accepts(change));
        accepted.map(|(event, _)| *event).collect()
    }

    /// Whether only devices other than its author's have brought an event. Such an event has no effect.
    pub fn is_unattested(&self, event: &EventId) -> bool {
        self.unattested.contains(event)
    }

    /// The attested events: only they decide the kind of the document.
    pub(crate) fn attested<'e>(&self, events: &'e [EventEntry]) -> Cow<'e, [EventEntry]> {
        if self.unattested.is_empty() {
            return Cow::Borrowed(events);
        }
        let attested = |entry: &&EventEntry| !self.unattested.contains(&entry.id);
        events.iter().filter(attested).cloned().collect()
    }
}
