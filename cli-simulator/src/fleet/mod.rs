//! Fleets: many real phone stores against a real server through a bad network, for simulated days.
//!
//! In come a number of phones and days, a network and a seed; out comes a report with every promise checked. What
//! people do follows from the seed; what the network does too; the server is whole and real.

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

/// What to play.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Phones.
    pub devices: usize,
    /// Days.
    pub days: usize,
    /// The network's name.
    pub network: String,
    /// The network.
    pub profile: Profile,
    /// Same seed, same people doing the same things.
    pub seed: u64,
    /// Several processes instead of one server in this process; the days are then those of the system's clock.
    pub cluster: Option<Cluster>,
    /// The server, one in this process, moves to another database and photo store half way.
    pub moving: Option<Moving>,
    /// What else goes wrong.
    pub trouble: Trouble,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Phones.
    pub devices: usize,
    /// Days.
    pub days: usize,
    /// The network.
    pub network: String,
    /// The seed.
    pub seed: u64,
    /// Hazards recorded.
    pub hazards: usize,
    /// Events stated, observations included.
    pub events: usize,
    /// Of them, those the fold gives no effect (their author may not, or not in that state).
    pub void: usize,
    /// Photos taken.
    pub photos: usize,
    /// Syncs, and how many of them ended before everything was done.
    pub syncs: usize,
    /// Syncs that the network ended.
    pub interrupted: usize,
    /// What else went wrong.
    pub trouble: Trouble,
    /// Calls of the longest sync, and of all syncs together.
    pub most_requests: u64,
    /// See `most_requests`; divided by `syncs` it is the mean.
    pub requests: u64,
    /// Server processes killed on the way.
    pub kills: usize,
    /// What was compared when the server moved.
    pub moved: Option<String>,
    /// Hazards with an open conflict at the end.
    pub conflicts: usize,
    /// What went over the wire.
    pub wire: Counters,
    /// Every promise with its verdict.
    pub promises: Vec<Promise>,
}

impl Outcome {
    /// Whether every promise was kept.
    pub fn is_kept(&self) -> bool {
        self.promises.iter().all(|p| p.broken.is_empty())
    }

    /// The report people read.
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

/// Plays a plan in a folder.
///
/// # Errors
/// If a store or the server fails; a broken promise is no error but part of the outcome.
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
