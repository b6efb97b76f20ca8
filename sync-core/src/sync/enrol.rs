//! The client's part of enrolment: one call.

use super::call::{Call, Reply};
use crate::{
    device::{Device, DeviceError},
    record::{Grant, Label},
    wire::{Exchange, enrol},
};

/// An enrolment in progress.
#[derive(Debug)]
pub struct Enrolling {
    server: String,
}

impl Enrolling {
    /// The call that enrols this device at `server` (an address such as `https://…`).
    ///
    /// # Errors
    /// [`DeviceError`] from the store.
    pub fn start(
        device: &mut Device,
        server: &str,
        code: Label,
        model: Label,
    ) -> Result<(Self, Call), DeviceError> {
        let (id, key) = device.identity()?;
        let request = enrol::Request::signed(code, id, &key, model);
        Ok((
            Self {
                server: server.to_owned(),
            },
            Call::exchange::<enrol::Enrol>(&request),
        ))
    }

    /// Handles the reply; returns the grant, or a text with the server's refusal.
    ///
    /// # Errors
    /// [`DeviceError`] if the answer cannot be verified or stored.
    pub fn finish(
        self,
        device: &mut Device,
        reply: &Reply,
    ) -> Result<Result<Grant, String>, DeviceError> {
        if let Some(refused) = reply.refusal() {
            let (code, detail) = (refused.code, refused.detail);
            return Ok(Err(format!("{} / {}: {detail}", code.zh(), code.en())));
        }
        let read = enrol::Enrol::read_response(&reply.body).ok();
        let Some(response) = read.filter(|_| reply.status == 200) else {
            return Ok(Err(reply.unusable()));
        };
        device
            .enrol(&self.server, response.server_key, &response.grant)
            .map(Ok)
    }
}
