//! The client's side of syncing, without any I/O: what to send next, and what an answer means.
//!
//! [`Syncing::next`] gives a step: a call to make, a time to wait for, or the report at the end. The embedder makes
//! the call with whatever it has (reqwest, fetch, a test's bad network) and hands the outcome to
//! [`Syncing::answer`]. Everything that must survive is in the device store before a step is given, so the process
//! may die between any two lines. No sockets, no sleeping, no clock of its own here.

mod backoff;
mod call;
mod enrol;
mod open;
mod photo;
mod records;
mod repair;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    device::{Device, DeviceError, Packing, RepairTask},
    record::{BlobHash, DeviceTime},
    wire::{Code, MAX_NEED},
};

use backoff::Backoff;
use call::Refused;
pub use call::{Call, Lost, Method, Reply};
pub use enrol::Enrolling;
pub use report::Report;

/// What the embedder shall do.
#[derive(Debug)]
pub enum Step {
    /// Make this call and hand its outcome to [`Syncing::answer`].
    Call(Call),
    /// Ask again at this time (by the phone's clock), or stop: nothing is lost either way.
    Wait {
        /// When.
        until: DeviceTime,
    },
    /// The sync is over.
    Done(Box<Report>),
}

/// What one sync shall do.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Send photos too; records always go first.
    pub photos: bool,
    /// Calls that may fail in a row before the sync ends for now.
    pub patience: u32,
    /// Documents of one page at most, for a phone with little memory; absent: the server's limit.
    pub page_documents: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            photos: true,
            patience: 8,
            page_documents: None,
        }
    }
}

#[derive(Debug)]
enum Waiting {
    Session { proven: bool },
    Records(records::Asked),
    Repair(Box<RepairTask>),
    Photo(photo::Asked),
}

/// What a whole reply, which is no refusal, has brought.
#[derive(Debug)]
enum Heard {
    /// Something was settled that will not be asked again in this sync.
    Progress,
    /// The next call is another one; nothing was settled yet.
    Understood,
    /// Nothing, for this reason: as good as lost.
    Nothing(String),
}

/// The longest wait within one sync that the server or the network may ask for, in milliseconds.
const MAX_WAIT_MS: i64 = 60_000;

/// Calls of one sync at most, so that every sync ends whatever it is answered; the next one goes on.
pub const MAX_REQUESTS: u64 = 20_000;

/// One sync in progress.
#[derive(Debug)]
pub struct Syncing {
    options: Options,
    backoff: Backoff,
    report: Report,
    asked: Option<Waiting>,
    challenge: Option<Vec<u8>>,
    /// At least one answer to a records call has come, and nothing more waits there.
    records_done: bool,
    /// How large a pack may be in this sync, and what is left for the next.
    packing: Packing,
    /// Records to ask for by name in one call.
    need_limit: usize,
    repair: Option<Box<RepairTask>>,
    /// Offset the server confirmed in this sync, for the photo under way.
    photo: Option<(BlobHash, u64)>,
    /// Photos that this sync does not try (again).
    photos_aside: BTreeSet<BlobHash>,
    tried: BTreeMap<BlobHash, photo::Tried>,
    /// Bytes of one part of a photo.
    chunk: u64,
    begun: bool,
    opened: u32,
    /// Packs whose changes had to be sent once more.
    again: u32,
    ended: bool,
}

impl Syncing {
    /// A new sync.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            backoff: Backoff::default(),
            report: Report::default(),
            asked: None,
            challenge: None,
            records_done: false,
            packing: Packing::default(),
            need_limit: MAX_NEED,
            repair: None,
            photo: None,
            photos_aside: BTreeSet::new(),
            tried: BTreeMap::new(),
            chunk: photo::CHUNK,
            begun: false,
            opened: 0,
            again: 0,
            ended: false,
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// [`DeviceError`] from the store; try again later, nothing is lost.
    pub fn next(&mut self, device: &mut Device) -> Result<Step, DeviceError> {
        let hopeless = self.report.failures > u64::from(self.options.patience) * 8;
        let long = self.report.requests >= MAX_REQUESTS;
        if self.ended || hopeless || long || self.backoff.failures() > self.options.patience {
            return Ok(Step::Done(Box::new(self.report.clone())));
        }
        if !std::mem::replace(&mut self.begun, true) && device.lacks_scopes()? {
            // The server named fewer areas than the grants say, or none: it is asked again.
            device.set_token(None)?;
        }
        if let Some(until) = self.backoff.wait(device.host.clock.now()) {
            return Ok(Step::Wait { until });
        }
        let call = match device.token()? {
            None => self.open(device)?,
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

    /// What was found different first, then records, then comparing, then photos.
    fn work(&mut self, device: &mut Device) -> Result<Option<Call>, DeviceError> {
        if self.repair.is_none() && self.seal_offer(device)? {
            self.records_done = false;
        }
        if let Some(call) = self.next_records(device)? {
            return Ok(Some(call));
        }
        if let Some(call) = self.next_repair(device)? {
            return Ok(Some(call));
        }
        if self.options.photos {
            self.next_photo(device)
        } else {
            Ok(None)
        }
    }

    /// Takes the outcome of the call that was asked for.
    ///
    /// # Errors
    /// [`DeviceError`] from the store; the sync may go on with [`Self::next`].
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
                if let Waiting::Photo(asked) = &asked {
                    self.photo_lost(device, asked)?;
                }
                return self.failed(device, reason, None);
            }
        };
        self.report.bytes_down += reply.body.len() as u64;
        if let Some(refused) = reply.refusal() {
            return self.refused(device, asked, &reply, refused);
        }
        let heard = match self.hear(device, asked, &reply) {
            // An answer that does not fit the call: a stored one, or another server's. As good as lost.
            Err(error @ (DeviceError::Signature(_) | DeviceError::Damaged(_))) => {
                Heard::Nothing(error.to_string())
            }
            heard => heard?,
        };
        match heard {
            Heard::Progress => self.backoff.reset(),
            Heard::Understood => {}
            Heard::Nothing(why) => return self.failed(device, why, reply.retry_after_ms()),
        }
        Ok(())
    }

    /// Takes a reply that carries no refusal of the server.
    fn hear(
        &mut self,
        device: &mut Device,
        asked: Waiting,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        let ours = (200..300).contains(&reply.status);
        match asked {
            Waiting::Photo(asked) => {
                if reply.status == 429 || reply.status >= 500 {
                    // Said of the moment, not of the photo.
                    self.photo_lost(device, &asked)?;
                    return Ok(Heard::Nothing(reply.unusable()));
                }
                if reply.status == 413 && self.smaller_chunk(&asked) {
                    self.photo = None;
                    return Ok(Heard::Understood);
                }
                let heard = self.photo_sent(device, &asked, reply);
                if !matches!(heard, Ok(Heard::Progress | Heard::Understood)) {
                    self.photo_stuck(device, &asked)?;
                }
                heard
            }
            Waiting::Records(asked)
                if reply.status == 413 && self.too_large(device, &asked, false)? =>
            {
                Ok(Heard::Understood)
            }
            _ if !ours => Ok(Heard::Nothing(reply.unusable())),
            Waiting::Session { proven } => self.opened(device, proven, reply),
            Waiting::Records(asked) => self.records(device, &asked, reply),
            Waiting::Repair(task) => self.repaired(device, task, reply),
        }
    }

    /// A call that brought nothing: it is made again after a while.
    fn failed(
        &mut self,
        device: &mut Device,
        why: String,
        after_ms: Option<i64>,
    ) -> Result<(), DeviceError> {
        self.report.failures += 1;
        self.report.last_failure = Some(why);
        self.photo = None;
        // Nobody waits longer than this in one sync; the next one begins after that.
        self.ended |= after_ms.is_some_and(|ms| ms > MAX_WAIT_MS);
        let jitter = u64::from_be_bytes(device.host.random());
        self.backoff.fail(device.host.clock.now(), jitter, after_ms);
        Ok(())
    }

    fn refused(
        &mut self,
        device: &mut Device,
        asked: Waiting,
        reply: &Reply,
        refused: Refused,
    ) -> Result<(), DeviceError> {
        let Refused { code, detail } = refused;
        let why = format!("{code}: {detail}");
        match asked {
            // A token that has run out costs one refused call, without a wait; more often than that it is no token.
            Waiting::Records(_) | Waiting::Repair(_) | Waiting::Photo(_)
                if code == Code::SessionExpired =>
            {
                device.set_token(None)?;
                self.challenge = None;
                self.photo = None;
                if self.opened >= open::MAX_OPENED {
                    return self.failed(device, why, None);
                }
                self.report.failures += 1;
                self.report.last_failure = Some(why);
                return Ok(());
            }
            Waiting::Session { .. } if code == Code::SessionExpired => {
                self.challenge = None;
                return self.failed(device, why, None);
            }
            _ if code.is_transient() => {
                if let Waiting::Photo(asked) = &asked {
                    self.photo_lost(device, asked)?;
                }
                return self.failed(device, why, reply.retry_after_ms());
            }
            Waiting::Records(asked)
                if code == Code::TooLarge && self.too_large(device, &asked, true)? =>
            {
                return Ok(());
            }
            Waiting::Photo(asked) => match self.photo_refused(device, &asked, code, &detail)? {
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
        // The next session says whether a disabled phone must erase what it holds.
        if code == Code::DeviceRevoked {
            device.set_token(None)?;
        }
        Ok(())
    }
}
