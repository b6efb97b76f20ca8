//! The next step of a sync: which call to make.

use super::{call::Call, step::Step, syncing::Syncing};
use crate::device::{Device, DeviceError};

/// Calls of one sync at most, so that every sync ends with any answers; the next sync continues.
pub const MAX_REQUESTS: u64 = 20_000;

impl Syncing {
    /// Returns the next step.
    ///
    /// # Errors
    /// [`DeviceError`] from the store; the sync may be retried later, nothing is lost.
    pub fn next(&mut self, device: &mut Device) -> Result<Step, DeviceError> {
        let hopeless = self.report.failures > u64::from(self.options.patience) * 8;
        let long = self.report.requests >= MAX_REQUESTS;
        if self.ended || hopeless || long || self.backoff.failures() > self.options.patience {
            return Ok(Step::Done(Box::new(self.report.clone())));
        }
        if !std::mem::replace(&mut self.begun, true) && device.lacks_scopes()? {
            // The last session named no scope, or not all that the device holds: a new session asks again.
            device.set_token(None)?;
        }
        if let Some(until) = self.backoff.wait(device.host.clock.now()) {
            return Ok(Step::Wait { until });
        }
        let call = match device.token()? {
            None => self.next_session(device)?,
            Some(token) => match self.work(device)? {
                Some(call) => call.with("authorization", format!("Bearer {token}")),
                None => {
                    self.ended = true;
                    self.report.complete = self.report.aside == 0;
                    return Ok(Step::Done(Box::new(self.report.clone())));
                }
            },
        };
        self.report.requests += 1;
        self.report.bytes_up += call.body.len() as u64;
        Ok(Step::Call(call))
    }

    /// The next call, in this order: editions of the catalogue, resupply, packs and pages, reconcile, photos.
    fn work(&mut self, device: &mut Device) -> Result<Option<Call>, DeviceError> {
        if let Some(call) = self.next_editions(device) {
            return Ok(Some(call));
        }
        if self.reconciling.is_none()
            && let Some(call) = self.next_resupply(device)?
        {
            return Ok(Some(call));
        }
        if let Some(call) = self.next_sync(device)? {
            return Ok(Some(call));
        }
        if let Some(call) = self.next_reconcile(device)? {
            return Ok(Some(call));
        }
        if self.options.photos {
            self.next_photo(device)
        } else {
            Ok(None)
        }
    }
}
