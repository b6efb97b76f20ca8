//! Runs a plan and checks the promises.

use std::path::Path;

use super::{check, outcome::Outcome, plan::Plan, running::Fleet};

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
