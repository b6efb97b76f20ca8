//! What an honest device and an operator notice.

use std::time::{Duration, Instant};

use sync_core::{record::LocationKind, sync::Options};

use super::outcome::{Row, row};
use crate::{
    phone::{Http, Phone},
    world::{World, observation},
};

/// Milliseconds that a push of an honest device may take.
const PUSH_MS: u128 = 500;
/// Milliseconds in which a health request must be answered.
const HEALTH_MS: u128 = 1_000;
/// Resident megabytes at most: at the peak, and within one minute after the siege.
pub(super) const MEMORY: (u64, u64) = (400, 150);

/// What an honest device and an operator measured.
pub(super) struct Seen {
    /// The start of each push, from the start of the siege, and its duration.
    pub(super) pushes: Vec<(Duration, Duration)>,
    pub(super) unanswered: usize,
    pub(super) health: Vec<(u16, Duration)>,
    pub(super) peak: u64,
}

impl Seen {
    pub(super) fn rows(&self, calm: Duration) -> Vec<Row> {
        let slowest = self.pushes.iter().max_by_key(|(_, took)| *took);
        let (at, slowest) =
            slowest.map_or((0.0, 0), |(at, took)| (at.as_secs_f64(), took.as_millis()));
        let well = self
            .health
            .iter()
            .filter(|(status, _)| *status == 200)
            .count();
        let slow = self.health.iter().map(|(_, took)| took.as_millis()).max();
        let slow = slow.unwrap_or_default();
        vec![
            row(
                format!("an honest device's push: at most {PUSH_MS} ms"),
                format!(
                    "{slowest} ms at {at:.0} s, of {} pushes, {} without answer ({} ms before)",
                    self.pushes.len(),
                    self.unanswered,
                    calm.as_millis()
                ),
                slowest <= PUSH_MS && self.unanswered == 0 && !self.pushes.is_empty(),
            ),
            row(
                format!("health is answered within {HEALTH_MS} ms, on both listeners"),
                format!("{well} of {} with 200, {slow} ms", self.health.len()),
                well == self.health.len() && well > 0 && slow <= HEALTH_MS,
            ),
            row(
                format!("memory at the peak: at most {} MB", MEMORY.0),
                format!("{} MB", self.peak),
                self.peak > 0 && self.peak <= MEMORY.0,
            ),
        ]
    }
}

/// Records a hazard and syncs it; returns the duration of the sync, or `None` if it did not complete.
pub(super) fn push(
    phone: &mut Phone,
    http: &mut Http,
    world: &World,
) -> anyhow::Result<Option<Duration>> {
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let found = observation(
        &world.compounds[0],
        "EG-03",
        place,
        "围攻时发现",
        Vec::new(),
    );
    phone.device.observe(found, None)?;
    let begun = Instant::now();
    let report = phone.sync(http, Options::default())?;
    Ok((report.complete && report.acknowledged > 0).then(|| begun.elapsed()))
}
