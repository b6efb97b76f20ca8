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

use crate::{
    device::{Device, DeviceError, RepairTask},
    record::{DeviceTime, DocId},
    wire::{Code, pull::Cursor},
};

use backoff::Backoff;
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
    Challenge,
    Proof,
    Records(Vec<Cursor>, Vec<DocId>),
    Repair(Box<RepairTask>),
    Photo(photo::Asked),
}

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
    repair: Option<Box<RepairTask>>,
    /// Offset the server confirmed in this sync, for the photo under way.
    photo: Option<(crate::record::BlobHash, u64)>,
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
            repair: None,
            photo: None,
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
        if self.ended || hopeless || self.backoff.failures() > self.options.patience {
            return Ok(Step::Done(Box::new(self.report.clone())));
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
                    self.report.complete = true;
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
                self.report.failures += 1;
                self.report.last_failure = Some(reason);
                return self.retry_later(device, None);
            }
        };
        self.report.bytes_down += reply.body.len() as u64;
        if let Some((code, detail)) = reply.refusal() {
            return self.refused(device, asked, &reply, code, detail);
        }
        let understood = match asked {
            Waiting::Challenge | Waiting::Proof => self.opened(device, &reply)?,
            Waiting::Records(cursors, need) => self.records(device, &cursors, &need, &reply)?,
            Waiting::Repair(task) => self.repaired(device, task, &reply)?,
            Waiting::Photo(asked) => self.photo_sent(device, &asked, &reply)?,
        };
        if understood {
            self.backoff.reset();
            Ok(())
        } else {
            // A damaged answer is a lost one: the same call is made again.
            self.report.failures += 1;
            self.report.last_failure = Some("the answer was damaged".to_owned());
            self.retry_later(device, None)
        }
    }

    fn retry_later(
        &mut self,
        device: &mut Device,
        after_ms: Option<i64>,
    ) -> Result<(), DeviceError> {
        self.photo = None;
        let jitter = u64::from_be_bytes(device.host.random());
        self.backoff.fail(device.host.clock.now(), jitter, after_ms);
        Ok(())
    }

    fn refused(
        &mut self,
        device: &mut Device,
        asked: Waiting,
        reply: &Reply,
        code: Code,
        detail: String,
    ) -> Result<(), DeviceError> {
        self.report.last_failure = Some(format!("{code}: {detail}"));
        match (code, asked) {
            (Code::SessionExpired, _) if self.opened < 3 && self.report.failures < 64 => {
                self.challenge = None;
                self.report.failures += 1;
                device.set_token(None)
            }
            (code, Waiting::Photo(asked)) if !code.is_transient() => {
                self.photo_refused(device, &asked, code)
            }
            (code, _) if code.is_transient() => {
                self.report.failures += 1;
                self.retry_later(device, reply.retry_after_ms())
            }
            (code, _) => {
                self.report.refusal = Some(code);
                self.ended = true;
                // The next session says whether a disabled phone must erase what it holds.
                if code == Code::DeviceRevoked {
                    device.set_token(None)?;
                }
                Ok(())
            }
        }
    }
}
