//! The client's part of a sync, without any I/O: which call to make next, and what its answer means.
//!
//! [`Syncing::next`] returns a step: a call to make, a time to wait for, or the report at the end. The embedder makes
//! the call with any HTTP client (reqwest, fetch, a simulated bad network) and passes the outcome to
//! [`Syncing::answer`]. Everything that must survive is durable in the device store before a step is returned, so the
//! process may stop between any two lines. The module has no sockets, no sleep and no clock of its own.

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

/// What the embedder must do next.
#[derive(Debug)]
pub enum Step {
    /// Make this call and pass its outcome to [`Syncing::answer`].
    Call(Call),
    /// Call [`Syncing::next`] again at this time (by the device's clock), or stop: nothing is lost either way.
    Wait {
        /// The end of the wait.
        until: DeviceTime,
    },
    /// The sync is over.
    Done(Box<Report>),
}

/// Options of one sync.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Send photos too; documents always go first.
    pub photos: bool,
    /// Calls that may fail in a row before the sync ends; the next sync continues.
    pub patience: u32,
    /// Documents of one page at most, for a device with little memory; absent: the server's limit.
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

/// The effect of a complete reply that is no refusal.
#[derive(Debug)]
enum Heard {
    /// Progress was made that this sync will not repeat.
    Progress,
    /// The reply was understood and another call follows; no progress yet.
    Understood,
    /// The reply brought nothing, for this reason: it is treated as lost.
    Nothing(String),
}

/// The longest `Retry-After`, in milliseconds, that a sync waits for; after a longer one it ends.
const MAX_WAIT_MS: i64 = 60_000;

/// Calls of one sync at most, so that every sync ends with any answers; the next sync continues.
pub const MAX_REQUESTS: u64 = 20_000;

/// One sync in progress.
#[derive(Debug)]
pub struct Syncing {
    options: Options,
    backoff: Backoff,
    report: Report,
    asked: Option<Waiting>,
    challenge: Option<Vec<u8>>,
    /// At least one records call was answered, and the server has no more pages.
    records_done: bool,
    /// How large a pack may be in this sync, and the documents that are left for the next one.
    packing: Packing,
    /// Documents to request by id in one call.
    need_limit: usize,
    repair: Option<Box<RepairTask>>,
    /// The offset that the server confirmed in this sync, for the current photo.
    photo: Option<(BlobHash, u64)>,
    /// Photos that this sync does not try (again).
    photos_aside: BTreeSet<BlobHash>,
    tried: BTreeMap<BlobHash, photo::Tried>,
    /// Bytes of one chunk of a photo.
    chunk: u64,
    begun: bool,
    opened: u32,
    /// Packs whose changes had to be sent again without progress.
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

    /// The next call, in this order: resupply, packs and pages, reconcile, photos.
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
            // The answer does not fit the call: a cached one, or another server's. It is treated as lost.
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

    /// Handles a reply that is no refusal of the server.
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
                    // A statement about the server's load, not about the photo.
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

    /// Records a failed call; the back-off decides when it is repeated.
    fn failed(
        &mut self,
        device: &mut Device,
        why: String,
        after_ms: Option<i64>,
    ) -> Result<(), DeviceError> {
        self.report.failures += 1;
        self.report.last_failure = Some(why);
        self.photo = None;
        // No sync waits longer than this; a later sync retries.
        self.ended |= after_ms.is_some_and(|ms| ms > MAX_WAIT_MS);
        let jitter = u64::from_be_bytes(device.host.random());
        self.backoff.fail(device.host.clock.now(), jitter, after_ms);
        Ok(())
    }

    /// Handles a refusal that a new session cures.
    fn reopen(&mut self, device: &mut Device, why: String) -> Result<(), DeviceError> {
        device.set_token(None)?;
        self.challenge = None;
        self.photo = None;
        if self.opened >= open::MAX_OPENED {
            return self.failed(device, why, None);
        }
        self.report.failures += 1;
        self.report.last_failure = Some(why);
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
            // Both are cured by a new session: it brings a token, or the scopes of the grants that are valid now. It
            // costs one refused call and no wait. If it happens more often, the call counts as failed.
            Waiting::Records(_) | Waiting::Repair(_) | Waiting::Photo(_)
                if code == Code::SessionExpired =>
            {
                return self.reopen(device, why);
            }
            Waiting::Records(_) | Waiting::Repair(_) if code == Code::OutOfScope => {
                return self.reopen(device, why);
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
        // Without its token the device opens a new session, which states whether a revoked device must erase its data.
        if code == Code::DeviceRevoked {
            device.set_token(None)?;
        }
        Ok(())
    }
}
