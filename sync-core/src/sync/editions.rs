//! The client's part of the exchange `editions`: a device with an older catalogue gets the server's.

use super::{
    asked::{Asked, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    causes::with_causes,
    device::{Device, DeviceError},
    record::Edition,
    wire::{
        Exchange,
        editions::{Editions, Request},
    },
};

impl Syncing {
    /// Notes the newest edition that a session named.
    pub(super) fn hear_of_edition(&mut self, device: &Device, newest: Option<Edition>) {
        self.newer_edition = newest.is_some_and(|newest| newest > device.catalogue().newest());
    }

    pub(super) fn next_editions(&mut self, device: &Device) -> Option<Call> {
        if !self.newer_edition {
            return None;
        }
        self.asked = Some(Asked::Editions);
        let newest = device.catalogue().newest();
        Some(Call::exchange::<Editions>(&Request { newest }))
    }

    pub(super) fn editions_answered(
        &mut self,
        device: &mut Device,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        self.newer_edition = false;
        let ours = (200..300).contains(&reply.status);
        let response = Editions::read_response(&reply.body).ok().filter(|_| ours);
        // Something between device and server, or a text that is too large: this route must not cost the sync.
        let Some(response) = response else {
            self.without_editions(&reply.unusable());
            return Ok(Heard::Understood);
        };
        let Some(signed) = response.editions else {
            return Ok(Heard::Understood);
        };
        match device.take_editions(&signed) {
            Ok(newest) => self.report.edition = Some(newest),
            // A retry in this sync would bring the same; the next session names the edition again.
            Err(error @ (DeviceError::Signature(_) | DeviceError::Damaged(_))) => {
                self.without_editions(&with_causes(&error));
            }
            Err(error) => return Err(error),
        }
        Ok(Heard::Progress)
    }

    /// Continues without the server's editions.
    pub(super) fn without_editions(&mut self, why: &str) {
        self.newer_edition = false;
        self.report.edition_refused = Some(why.to_owned());
    }
}
