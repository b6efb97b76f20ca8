//! What the outcome of a call means for the sync.

use super::{
    asked::{Asked, Heard},
    call::{CallRefused, Lost, Reply},
    syncing::Syncing,
};
use crate::{
    causes::with_causes,
    device::{Device, DeviceError},
    wire::Code,
};

impl Syncing {
    /// Handles the outcome of the call that [`Self::next`] returned.
    ///
    /// # Errors
    /// [`DeviceError`] from the store; the sync may continue with [`Self::next`].
    pub fn answer(
        &mut self,
        device: &mut Device,
        outcome: Result<Reply, Lost>,
    ) -> Result<(), DeviceError> {
        let Some(asked) = self.asked.take() else {
            return Ok(());
        };
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Lost(reason)) => {
                match &asked {
                    Asked::Photo(asked) => self.photo_lost(device, asked)?,
                    Asked::Editions => self.without_editions(&reason),
                    _ => {}
                }
                return self.failed(device, reason, None);
            }
        };
        self.report.bytes_down += reply.body.len() as u64;
        if let Some(refused) = reply.refusal() {
            return self.refused(device, asked, &reply, refused);
        }
        let heard = match self.hear(device, asked, &reply) {
            // The answer does not fit the call, or another process holds the store. It is treated as lost.
            Err(error) if error.is_transient() => Heard::Nothing(with_causes(&error)),
            heard => heard?,
        };
        match heard {
            Heard::Progress => self.backoff.reset(),
            Heard::Understood => {}
            Heard::Nothing(why) => return self.failed(device, why, reply.retry_after_ms()),
        }
        Ok(())
    }

    /// Handles a reply that is no refusal of the server.
    fn hear(
        &mut self,
        device: &mut Device,
        asked: Asked,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        let ours = (200..300).contains(&reply.status);
        match asked {
            Asked::Photo(asked) => {
                if reply.status == 429 || reply.status >= 500 {
                    // A statement about the server's load, not about the photo.
                    self.photo_lost(device, &asked)?;
                    return Ok(Heard::Nothing(reply.unusable()));
                }
                if reply.status == 413 && self.smaller_chunk(&asked) {
                    self.photos.current = None;
                    return Ok(Heard::Understood);
                }
                let heard = self.photo_answered(device, &asked, reply);
                if !matches!(heard, Ok(Heard::Progress | Heard::Understood)) {
                    self.photo_stuck(device, &asked)?;
                }
                heard
            }
            Asked::Editions => self.editions_answered(device, reply),
            Asked::Sync(asked)
                if reply.status == 413 && self.too_large(device, &asked, false)? =>
            {
                Ok(Heard::Understood)
            }
            Asked::Resupply(sent) if reply.status == 413 && self.resupply_less(&sent) => {
                Ok(Heard::Understood)
            }
            _ if !ours => Ok(Heard::Nothing(reply.unusable())),
            Asked::Resupply(sent) => self.resupply_answered(device, &sent, reply),
            Asked::Session { proven } => self.session_answered(device, proven, reply),
            Asked::Sync(asked) => self.sync_answered(device, &asked, reply),
            Asked::Reconcile(task) => self.reconcile_answered(device, task, reply),
        }
    }

    /// Handles a refusal of the server.
    fn refused(
        &mut self,
        device: &mut Device,
        asked: Asked,
        reply: &Reply,
        refused: CallRefused,
    ) -> Result<(), DeviceError> {
        let CallRefused { code, detail } = refused;
        let why = format!("{code}: {detail}");
        match asked {
            // Both are cured by a new session: it brings a token, or the scopes of the grants that are valid now. It
            // costs one refused call and no wait. If it happens more often, the call counts as failed.
            Asked::Editions
            | Asked::Sync(_)
            | Asked::Reconcile(_)
            | Asked::Resupply(_)
            | Asked::Photo(_)
                if code == Code::SessionExpired =>
            {
                return self.reopen(device, why);
            }
            Asked::Sync(_) | Asked::Reconcile(_) if code == Code::OutOfScope => {
                return self.reopen(device, why);
            }
            Asked::Session { .. } if code == Code::SessionExpired => {
                self.challenge = None;
                return self.failed(device, why, None);
            }
            Asked::Editions if code != Code::DeviceRevoked && code != Code::SessionExpired => {
                self.without_editions(&why);
                return Ok(());
            }
            _ if code.is_transient() => {
                if let Asked::Photo(asked) = &asked {
                    self.photo_lost(device, asked)?;
                }
                return self.failed(device, why, reply.retry_after_ms());
            }
            Asked::Sync(asked)
                if code == Code::TooLarge && self.too_large(device, &asked, true)? =>
            {
                return Ok(());
            }
            Asked::Resupply(sent) if code == Code::TooLarge && self.resupply_less(&sent) => {
                return Ok(());
            }
            // A restored server may have lost the enrolment: its own signature under the grants shows that it knew this
            // device.
            _ if code == Code::DeviceUnknown && self.introduced == 0 => {
                self.introduced += 1;
                self.introducing = device.newest_grants()?;
                return self.reopen(device, why);
            }
            Asked::Photo(asked) => match self.photo_refused(device, &asked, code, &detail)? {
                Some(Heard::Nothing(why)) => {
                    self.photo_stuck(device, &asked)?;
                    return self.failed(device, why, None);
                }
                Some(_) => {
                    self.report.last_failure = Some(why);
                    return Ok(());
                }
                None => {}
            },
            _ => {}
        }
        self.report.last_failure = Some(why);
        self.report.refusal = Some(code);
        self.ended = true;
        // Without its token the device opens a new session, which states whether a revoked device must erase its data.
        if code == Code::DeviceRevoked {
            device.set_token(None)?;
        }
        Ok(())
    }
}
