//! The client's part of the exchange `session`: challenge, proof, scopes.

use super::{
    asked::{Asked, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    device::{Device, DeviceError},
    identity::{SignedGrant, key::Purpose},
    record::{GrantId, Label},
    wire::{
        Exchange, PROTOCOL,
        session::{Directive, MAX_INTRODUCTION, Proof, Request, Response, Session},
    },
};

/// Sessions that one sync opens without a wait before each.
const MAX_OPENED: u32 = 3;

/// Session requests of one sync that name grants.
const MAX_INTRODUCED: u32 = 8;

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
        let grants = if self.introducing.is_empty() || proof.is_none() {
            None
        } else {
            Some(device.introduction(&self.introducing, MAX_INTRODUCTION)?)
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
                if self.introduces_more(device, &opened.grants)? {
                    return Ok(Heard::Understood);
                }
                self.opened += 1;
                self.report.wipe = opened.directive == Directive::Wipe;
                self.ended = self.report.wipe;
                device.take_session(&opened)?;
                device.offer_kept()?;
                self.hear_of_edition(device, opened.edition);
                Ok(if self.opened <= MAX_OPENED {
                    Heard::Progress
                } else {
                    Heard::Understood
                })
            }
        }
    }

    /// Whether the server lacks grants of this device, because it was restored from an older backup: then another session
    /// request names them, before a scope that only they open is paused, and before a pack that names them is sent.
    fn introduces_more(
        &mut self,
        device: &Device,
        known: &[SignedGrant],
    ) -> Result<bool, DeviceError> {
        let known: Vec<GrantId> = known.iter().map(SignedGrant::id).collect();
        let mut lacking = device.newest_grants()?;
        lacking.retain(|id| !known.contains(id));
        // What it did not take once it does not take again.
        let is_new = lacking != self.introducing;
        self.introducing = lacking;
        if self.introducing.is_empty() || !is_new || self.introduced >= MAX_INTRODUCED {
            self.introducing.clear();
            return Ok(false);
        }
        self.introduced += 1;
        Ok(true)
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
