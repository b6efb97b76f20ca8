//! Fleets: many real device stores with a real server through a bad network, for simulated days.
//!
//! A plan names the number of devices and days, a network and a seed. The outcome is a report with every promise
//! checked. The seed decides what people do and which calls the network damages. The server is the real one.

mod check;
mod cluster;
mod moving;
mod play;
mod trouble;

use std::path::Path;

use serde::Serialize;

use crate::network::{Counters, Profile};

pub use check::Promise;
pub use cluster::Cluster;
pub use moving::Moving;
use play::Fleet;
pub use trouble::Trouble;

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Number of devices.
    pub devices: usize,
    /// Number of simulated days.
    pub days: usize,
    /// The network's name.
    pub network: String,
    /// The network.
    pub profile: Profile,
    /// Seed; the same seed gives the same people and the same actions.
    pub seed: u64,
    /// Several server processes instead of one server in this process; the run then uses the system's clock.
    pub cluster: Option<Cluster>,
    /// The server in this process moves to another database and photo store half way.
    pub moving: Option<Moving>,
    /// Other faults.
    pub trouble: Trouble,
}

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Number of devices.
    pub devices: usize,
    /// Number of simulated days.
    pub days: usize,
    /// The network.
    pub network: String,
    /// The seed.
    pub seed: u64,
    /// Hazards recorded.
    pub hazards: usize,
    /// Events stated, observations included.
    pub events: usize,
    /// Of these, the void ones (their author had no right to state them, or not in that state).
    pub void: usize,
    /// Photos taken.
    pub photos: usize,
    /// Number of syncs.
    pub syncs: usize,
    /// Syncs that ended before everything was done.
    pub interrupted: usize,
    /// Other faults of the run.
    pub trouble: Trouble,
    /// Calls of the longest sync.
    pub most_requests: u64,
    /// Calls of all syncs together; divided by `syncs` it is the mean.
    pub requests: u64,
    /// Number of killed server processes.
    pub kills: usize,
    /// The comparison after the server moved.
    pub moved: Option<String>,
    /// Hazards with an open conflict at the end.
    pub conflicts: usize,
    /// Calls and bytes through the proxy.
    pub wire: Counters,
    /// Every promise with its violations.
    pub promises: Vec<Promise>,
}

impl Outcome {
    /// Whether every promise was kept.
    pub fn is_kept(&self) -> bool {
        self.promises.iter().all(|p| p.broken.is_empty())
    }

    /// The report as text.
    pub fn text(&self) -> String {
        use std::fmt::Write;
        let mut out = format!(
            "机群 / fleet: {} phones, {} days, network {}, seed {}\n\
             hazards {} · events {} ({} void) · photos {} · syncs {} (interrupted {}) · server kills {} · open conflicts {}\n\
             requests per sync: mean {:.1}, at most {}\n\
             wire: {} calls, {} harmed, {:.1} KB up, {:.1} KB down\n",
            self.devices,
            self.days,
            self.network,
            self.seed,
            self.hazards,
            self.events,
            self.void,
            self.photos,
            self.syncs,
            self.interrupted,
            self.kills,
            self.conflicts,
            self.requests as f64 / self.syncs.max(1) as f64,
            self.most_requests,
            self.wire.calls,
            self.wire.faults,
            self.wire.bytes_up as f64 / 1e3,
            self.wire.bytes_down as f64 / 1e3,
        );
        if let Some(moved) = &self.moved {
            let _ = write!(out, "the server moved / 迁移对比\n{moved}");
        }
        for promise in &self.promises {
            let verdict = if promise.broken.is_empty() {
                "kept  "
            } else {
                "BROKEN"
            };
            let _ = writeln!(
                out,
                "{verdict} {} ({} checked)",
                promise.name, promise.checked
            );
            for broken in promise.broken.iter().take(5) {
                let _ = writeln!(out, "       {broken}");
            }
        }
        out
    }
}

/// Runs a plan in a folder.
///
/// # Errors
/// If a store or the server fails. A broken promise is part of the outcome and no error.
pub fn run(folder: &Path, plan: &Plan, step: &dyn Fn(u64, u64)) -> anyhow::Result<Outcome> {
    let mut fleet = Fleet::play(folder, plan, step)?;
    let promises = check::check(&mut fleet)?;
    Ok(Outcome {
        devices: plan.devices,
        days: plan.days,
        network: plan.network.clone(),
        seed: plan.seed,
        hazards: check::hazards(&fleet),
        events: fleet.members.iter().map(|m| m.stated.len()).sum(),
        void: check::void(&fleet)?,
        photos: fleet.members.iter().map(|m| m.photos.len()).sum(),
        syncs: fleet.syncs,
        interrupted: fleet.interrupted,
        trouble: plan.trouble,
        most_requests: fleet.requests.iter().copied().max().unwrap_or(0),
        requests: fleet.requests.iter().sum(),
        kills: fleet.kills,
        moved: fleet.moved.take(),
        conflicts: check::conflicts(&fleet)?,
        wire: fleet.proxy.counters(),
        promises,
    })
}
