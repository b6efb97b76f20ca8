//! The client's part of the exchange `resupply`: gives back to a restored server what it lost.

use super::{
    asked::{Asked, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    device::{Device, DeviceError, Resupplied},
    wire::{Exchange, resupply::Resupply},
};

impl Syncing {
    pub(super) fn next_resupply(
        &mut self,
        device: &mut Device,
    ) -> Result<Option<Call>, DeviceError> {
        let Some(sent) = device.next_resupply(&self.packing)? else {
            return Ok(None);
        };
        let call = Call::exchange::<Resupply>(&sent.request);
        self.asked = Some(Asked::Resupply(Box::new(sent)));
        Ok(Some(call))
    }

    pub(super) fn resupply_answered(
        &mut self,
        device: &mut Device,
        sent: &Resupplied,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        let Ok(response) = Resupply::read_response(&reply.body) else {
            return Ok(Heard::Nothing(reply.unusable()));
        };
        let count = device.settle_resupply(sent, &response)?;
        self.report.resupplied += count as u64;
        device.heard_from(Some(response.now))?;
        // What was given back has new numbers: the pages bring them.
        self.sync_done = false;
        Ok(Heard::Progress)
    }

    /// The call was too large for the server or for the network. The next one gives back half as much; a single change
    /// that does not pass is left for the next sync with its document.
    pub(super) fn resupply_less(&mut self, sent: &Resupplied) -> bool {
        let entries = &sent.request.entries;
        match entries.as_slice() {
            [] => false,
            [only] => {
                self.packing.aside.insert(only.doc);
                self.report.aside += 1;
                true
            }
            _ => {
                let bytes: usize = entries.iter().map(|entry| entry.change.len()).sum();
                self.packing.changes = entries.len().div_ceil(2);
                self.packing.bytes = (bytes / 2).max(1);
                true
            }
        }
    }
}
