//! The client half of the session: challenge, proof, scopes.

use super::{Call, Reply, Syncing, Waiting};
use crate::{
    device::{Device, DeviceError},
    identity::key::Purpose,
    record::Label,
    wire::{
        Exchange, PROTOCOL,
        session::{Directive, Proof, Request, Response, Session},
    },
};

impl Syncing {
    pub(super) fn open(&mut self, device: &mut Device) -> Result<Call, DeviceError> {
        let enrolment = device.enrolment()?;
        // Kept until it is answered: a lost reply must not cost another challenge.
        let proof = self.challenge.clone().map(|challenge| Proof {
            signature: enrolment.key.sign(Purpose::Session, &challenge),
            challenge,
        });
        self.asked = Some(if proof.is_some() {
            Waiting::Proof
        } else {
            Waiting::Challenge
        });
        let app = Label::new(concat!("sync-core ", env!("CARGO_PKG_VERSION"))).unwrap_or_default();
        let claimed = device.host.clock.now();
        Ok(Call::exchange::<Session>(&Request {
            protocol: PROTOCOL,
            device: enrolment.device,
            app,
            claimed,
            proof,
        }))
    }

    pub(super) fn opened(
        &mut self,
        device: &mut Device,
        reply: &Reply,
    ) -> Result<bool, DeviceError> {
        match Session::read_response(&reply.body) {
            Err(_) => Ok(false),
            Ok(Response::Challenge(challenge)) => {
                self.challenge = Some(challenge);
                Ok(true)
            }
            Ok(Response::Open(opened)) => {
                self.opened += 1;
                self.challenge = None;
                self.report.wipe = opened.directive == Directive::Wipe;
                self.ended = self.report.wipe;
                device.take_session(&opened)?;
                Ok(true)
            }
        }
    }
}
