//! When devices were revoked, and what counts all the same.

use std::collections::{HashMap, HashSet};

use crate::record::{ChangeHash, DeviceId, Grant, ServerTime};

/// The revocations of devices, and the changes that a person accepted. A device may be revoked, enrolled again and revoked
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revocations {
    devices: HashMap<DeviceId, Vec<ServerTime>>,
    accepted: HashSet<ChangeHash>,
}

impl Revocations {
    /// The revocation that ended a grant of a device: the first one since it was issued. A grant that was issued after a
    /// revocation reinstates the device. Without a grant, the first one.
    pub fn of(&self, device: &DeviceId, grant: Option<&Grant>) -> Option<ServerTime> {
        let times = self.devices.get(device)?.iter().copied();
        times
            .filter(|at| grant.is_none_or(|grant| grant.issued <= *at))
            .min()
    }

    /// Notes changes that a person accepted: no revocation and no end of a grant keeps them from counting.
    pub fn accept(&mut self, changes: impl IntoIterator<Item = ChangeHash>) {
        self.accepted.extend(changes);
    }

    /// Whether a person accepted a change.
    pub(crate) fn accepts(&self, change: &ChangeHash) -> bool {
        self.accepted.contains(change)
    }
}

impl FromIterator<(DeviceId, ServerTime)> for Revocations {
    fn from_iter<I: IntoIterator<Item = (DeviceId, ServerTime)>>(revoked: I) -> Self {
        let mut all = Self::default();
        all.extend(revoked);
        all
    }
}

impl Extend<(DeviceId, ServerTime)> for Revocations {
    fn extend<I: IntoIterator<Item = (DeviceId, ServerTime)>>(&mut self, revoked: I) {
        for (device, at) in revoked {
            self.devices.entry(device).or_default().push(at);
        }
    }
}
