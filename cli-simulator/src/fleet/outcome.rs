//! The outcome of a run.

use serde::Serialize;

use super::trouble::Trouble;
use crate::network::Counters;

/// A promise with the number of checks and the violations.
#[derive(Debug, Serialize)]
pub struct Promise {
    /// The promise.
    pub name: &'static str,
    /// Number of checks.
    pub checked: usize,
    /// The violations.
    pub broken: Vec<String>,
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
