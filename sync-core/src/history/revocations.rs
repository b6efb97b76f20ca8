//! When devices were revoked.

use std::collections::HashMap;

use crate::record::{DeviceId, Grant, ServerTime};

/// The revocations of devices. A device may be revoked, enrolled again and revoked again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revocations(HashMap<DeviceId, Vec<ServerTime>>);

impl Revocations {
    /// The revocation that ended a grant of a device: the first one since it was issued. A grant that was issued after a
    /// revocation reinstates the device. Without a grant, the first one.
    pub fn of(&self, device: &DeviceId, grant: Option<&Grant>) -> Option<ServerTime> {
        let times = self.0.get(device)?.iter().copied();
        times
            .filter(|at| grant.is_none_or(|grant| grant.issued <= *at))
            .min()
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
            self.0.entry(device).or_default().push(at);
        }
    }
}
