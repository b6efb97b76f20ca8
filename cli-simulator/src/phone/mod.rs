//! A device: a real on-device store in a folder, a clock, and HTTP.
//!
//! This is an embedder of `sync-core`: it passes clock, randomness and files to the core, and it carries the calls of
//! a sync to the server.

mod clock;
mod files;
mod http;

use std::path::{Path, PathBuf};

use anyhow::Context;
use rusqlite::Connection;
use sync_core::{
    device::{Device, DeviceError},
    document::DisplayedEvent,
    hazard::HazardState,
    host::Host,
    record::{DeviceTime, DocId, Grant, Label},
    sync::{Enrolling, Options, Report, Step, Syncing},
};

pub use clock::{Entropic, SetClock, SystemClock};
pub use files::Folder;
pub use http::{Http, Transport};

/// A device.
#[derive(Debug)]
pub struct Phone {
    /// Its store.
    pub device: Device,
    folder: PathBuf,
    /// Its clock, if it is simulated.
    pub clock: Option<SetClock>,
}

impl Phone {
    /// Opens a device in a folder, with the system's clock and randomness; creates it if it does not exist.
    ///
    /// # Errors
    /// If the folder or the database cannot be opened.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let host = Host {
            clock: Box::new(SystemClock),
            entropy: Box::new(Entropic::System),
            files: Box::new(Folder::open(&folder.join("photos"))?),
        };
        Self::with(folder, host, None)
    }

    /// Opens a device with a simulated clock and randomness from a seed; creates it if it does not exist.
    ///
    /// # Errors
    /// If the folder or the database cannot be opened.
    pub fn simulated(folder: &Path, seed: u64, now: DeviceTime) -> anyhow::Result<Self> {
        let clock = SetClock::at(now);
        let host = Host {
            clock: Box::new(clock.clone()),
            entropy: Box::new(Entropic::Seeded(seed)),
            files: Box::new(Folder::open(&folder.join("photos"))?),
        };
        Self::with(folder, host, Some(clock))
    }

    fn with(folder: &Path, host: Host, clock: Option<SetClock>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
        let connection = Connection::open(folder.join("device.db"))
            .with_context(|| format!("store in {}", folder.display()))?;
        let mut device = Device::open(connection, host)?;
        device.identity()?;
        Ok(Self {
            device,
            folder: folder.to_owned(),
            clock,
        })
    }

    /// The folder of the device.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A hazard as this device shows it: its state, and its events in causal order.
    ///
    /// # Errors
    /// [`DeviceError::UnknownDocument`] if it is not on this device, or is no hazard.
    pub fn hazard(&self, doc: DocId) -> Result<(HazardState, Vec<DisplayedEvent>), DeviceError> {
        let folded = self.device.open_document(doc)?;
        let state = folded
            .hazard()
            .ok_or(DeviceError::UnknownDocument(doc))?
            .state();
        Ok((state.clone(), folded.events(0..state.history.len())))
    }

    /// Enrols the device with a code.
    ///
    /// # Errors
    /// The server's refusal as text, or that the server cannot be reached.
    pub fn enrol(
        &mut self,
        net: &mut dyn Transport,
        server: &str,
        code: &str,
    ) -> anyhow::Result<Grant> {
        let code = Label::new(code).context("code")?;
        let model = Label::new("xuncha-sim").unwrap_or_default();
        let (enrolling, call) = Enrolling::start(&mut self.device, server, code, model)?;
        let reply = net
            .send(&call)
            .map_err(|lost| anyhow::anyhow!("{} cannot be reached: {}", server, lost.0))?;
        enrolling
            .finish(&mut self.device, &reply)?
            .map_err(|refusal| anyhow::anyhow!(refusal))
    }

    /// Syncs until nothing is left to do or the patience is exhausted. A simulated clock is moved instead of waiting.
    ///
    /// # Errors
    /// If the store fails; nothing is lost then.
    pub fn sync(&mut self, net: &mut dyn Transport, options: Options) -> anyhow::Result<Report> {
        let mut syncing = Syncing::new(options);
        loop {
            match syncing.next(&mut self.device)? {
                Step::Call(call) => {
                    let outcome = net.send(&call);
                    if let Some(clock) = &self.clock {
                        clock.forward(net.took_ms());
                    }
                    syncing.answer(&mut self.device, outcome)?;
                }
                Step::Wait { until } => match &self.clock {
                    Some(clock) => clock.set(until),
                    None => {
                        let wait = until.0 - self.device.host.clock.now().0;
                        std::thread::sleep(std::time::Duration::from_millis(
                            wait.max(0).unsigned_abs(),
                        ));
                    }
                },
                Step::Done(report) => return Ok(*report),
            }
        }
    }

    /// Erases the store and every photo, after the server reported this device as lost. Returns the number of unsent
    /// changes.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn erase(self) -> anyhow::Result<u64> {
        let unsent = self.device.status()?.unsent;
        drop(self.device);
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("folder {}", self.folder.display()))?;
        Ok(unsent)
    }

    /// Runs the idle work until nothing is left to do.
    ///
    /// # Errors
    /// If the store fails.
    pub fn rest(&mut self) -> anyhow::Result<usize> {
        let mut total = 0;
        loop {
            match self.device.idle(64)? {
                0 => return Ok(total),
                done => total += done,
            }
        }
    }
}
