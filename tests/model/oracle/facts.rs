//! What device and server know about events in addition to the events (docs/rules.md, section 1).

use std::collections::{BTreeMap, BTreeSet};

use sync_core::record::{DeviceId, EventId, Grant, GrantId, ServerTime};

/// External facts (docs/rules.md, section 1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The known grants.
    pub(crate) grants: BTreeMap<GrantId, Grant>,
    /// The first receipt of each received event.
    pub(crate) received: BTreeMap<EventId, ServerTime>,
    /// When a device was revoked. Grants that were issued later are not affected.
    pub(crate) revoked: BTreeMap<DeviceId, ServerTime>,
    /// Events that only devices other than their author's have brought.
    pub(crate) unattested: BTreeSet<EventId>,
    /// Events that a person accepted in spite of a revocation or the end of their grant.
    pub(crate) accepted: BTreeSet<EventId>,
}
