//! What is known beside the events themselves, gathered once for a fold: grants, receipt times, revocations.

use std::collections::HashMap;

use super::state::Grants;
use crate::record::{ChangeHash, DeviceId, EventId, Grant, GrantId, ServerTime};

/// The one set of facts that phone and server fold with. Each of them is replicated, so both come to the same result.
#[derive(Debug, Clone)]
pub struct Attested<'f> {
    grants: &'f HashMap<GrantId, Grant>,
    revoked: &'f HashMap<DeviceId, ServerTime>,
    received: HashMap<EventId, ServerTime>,
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
        for (event, change) in held {
            let Some(time) = received.get(change) else {
                continue;
            };
            // Two changes may hold one event: it was here when the first of them came.
            let first = times.entry(*event).or_insert(*time);
            *first = (*first).min(*time);
        }
        Self {
            grants,
            revoked,
            received: times,
        }
    }
}

impl Grants for Attested<'_> {
    fn find(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }
    fn received(&self, event: &EventId) -> Option<ServerTime> {
        self.received.get(event).copied()
    }
    fn revoked(&self, device: &DeviceId) -> Option<ServerTime> {
        self.revoked.get(device).copied()
    }
}
