//! The client's part of the exchange `session`: challenge, proof, scopes.

use super::{
    asked::{Asked, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    device::{Device, DeviceError},
    identity::key::Purpose,
    record::Label,
    wire::{
        Exchange, PROTOCOL,
        session::{Directive, MAX_INTRODUCTION, Proof, Request, Response, Session},
    },
};

/// Sessions that one sync opens without a wait before each.
const MAX_OPENED: u32 = 3;

impl Syncing {
    pub(super) fn next_session(&mut self, device: &mut Device) -> Result<Call, DeviceError> {
        let enrolment = device.enrolment()?;
        // The challenge is kept until a session call is answered: a lost reply must not cost another challenge.
        let proof = self.challenge.clone().map(|challenge| Proof {
            signature: enrolment.key.sign(Purpose::Session, &challenge),
            challenge,
        });
        self.asked = Some(Asked::Session {
            proven: proof.is_some(),
        });
        let grants = if self.introduced && proof.is_some() {
            Some(device.introduction(MAX_INTRODUCTION)?)
        } else {
            None
        };
        let app = Label::new(concat!("sync-core ", env!("CARGO_PKG_VERSION"))).unwrap_or_default();
        let claimed = device.host.clock.now();
        Ok(Call::exchange::<Session>(&Request {
            protocol: PROTOCOL,
            device: enrolment.device,
            app,
            claimed,
            proof,
            edition: Some(device.catalogue().newest()),
            grants,
        }))
    }

    pub(super) fn session_answered(
        &mut self,
        device: &mut Device,
        proven: bool,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        match Session::read_response(&reply.body) {
            Err(_) => Ok(Heard::Nothing(reply.unusable())),
            Ok(Response::Challenge(challenge)) => {
                self.challenge = Some(challenge);
                if proven {
                    let why =
                        "服务器未接受签名 / the server answered a proof with another challenge";
                    return Ok(Heard::Nothing(why.to_owned()));
                }
                Ok(Heard::Understood)
            }
            Ok(Response::Open(opened)) => {
                self.challenge = None;
                if opened.token.is_empty() {
                    let why = "会话无效 / the session came without a token";
                    return Ok(Heard::Nothing(why.to_owned()));
                }
                self.opened += 1;
                self.report.wipe = opened.directive == Directive::Wipe;
                self.ended = self.report.wipe;
                device.take_session(&opened)?;
                self.hear_of_edition(device, opened.edition);
                Ok(if self.opened <= MAX_OPENED {
                    Heard::Progress
                } else {
                    Heard::Understood
                })
            }
        }
    }

    /// Handles a refusal that a new session cures.
    pub(super) fn reopen(&mut self, device: &mut Device, why: String) -> Result<(), DeviceError> {
        device.set_token(None)?;
        self.challenge = None;
        self.photos.current = None;
        if self.opened >= MAX_OPENED {
            return self.failed(device, why, None);
        }
        self.report.failures += 1;
        self.report.last_failure = Some(why);
        Ok(())
    }
}
