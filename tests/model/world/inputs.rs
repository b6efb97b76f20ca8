//! The inputs of a world as plain data, so that another implementation of the rules can judge the same document.

use sync_core::record::{DeviceId, Event, EventId, Grant, GrantId, ServerTime};

use super::World;
use crate::oracle::facts::Facts;

/// Everything that the rules take as input (docs/rules.md, section 1). An id is a label: that of an event of a newer
/// kind is not the hash of its bytes, because this version cannot write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// The events with their ids, causes first.
    pub(crate) events: Vec<(EventId, Event)>,
    /// The known grants, by id. An event can name a grant that is not known.
    pub(crate) grants: Vec<(GrantId, Grant)>,
    /// The time of the first receipt of each received event, by id.
    pub(crate) receipts: Vec<(EventId, ServerTime)>,
    /// The time at which each revoked device was revoked, by id.
    pub(crate) revocations: Vec<(DeviceId, ServerTime)>,
    /// The events that only devices other than their author's have brought, sorted.
    pub(crate) unattested: Vec<EventId>,
    /// The events that a person accepted in spite of a revocation or the end of their grant, sorted.
    pub(crate) accepted: Vec<EventId>,
}

impl World {
    /// The inputs of the world.
    pub(crate) fn inputs(&self) -> Inputs {
        let facts = self.facts.clone();
        Inputs {
            events: self.events.clone(),
            grants: facts.grants.into_iter().collect(),
            receipts: facts.received.into_iter().collect(),
            revocations: facts.revoked.into_iter().collect(),
            unattested: facts.unattested.into_iter().collect(),
            accepted: facts.accepted.into_iter().collect(),
        }
    }
}

impl Inputs {
    /// The facts that the oracle takes.
    pub(crate) fn facts(self) -> Facts {
        Facts {
            grants: self.grants.into_iter().collect(),
            received: self.receipts.into_iter().collect(),
            revoked: self.revocations.into_iter().collect(),
            unattested: self.unattested.into_iter().collect(),
            accepted: self.accepted.into_iter().collect(),
        }
    }
}
