//! Exponential back-off with full jitter, so that many devices do not retry at the same moment.

use crate::record::{DAY_MS, DeviceTime};

const BASE_MS: u64 = 500;
/// The shortest wait.
const LEAST_MS: i64 = 50;
const CAP_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<DeviceTime>,
}

impl Backoff {
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Records a failure and sets the next wait. The server's `Retry-After` is the minimum.
    pub(super) fn fail(&mut self, now: DeviceTime, random: u64, at_least_ms: Option<i64>) {
        let ceiling = (BASE_MS << self.failures.min(10)).min(CAP_MS);
        self.failures += 1;
        let wait = (random % (ceiling + 1))
            .cast_signed()
            .max(LEAST_MS)
            .max(at_least_ms.unwrap_or(0));
        self.until = Some(DeviceTime(now.0.saturating_add(wait)));
    }

    /// The end of the wait, or `None` if it is over. A wait of more than a day means that the clock was set back: it
    /// ends.
    pub(super) fn wait(&mut self, now: DeviceTime) -> Option<DeviceTime> {
        let until = self.until?;
        let sane = until.0.saturating_sub(now.0) <= DAY_MS;
        if now < until && sane {
            return Some(until);
        }
        self.until = None;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_never_undercut_the_server() {
        let mut backoff = Backoff::default();
        for _ in 0..20 {
            backoff.fail(DeviceTime(0), u64::MAX - 1, None);
            assert!(backoff.wait(DeviceTime(0)).is_none_or(|t| t.0 <= 60_000));
        }
        backoff.fail(DeviceTime(0), 0, Some(90_000));
        assert_eq!(backoff.wait(DeviceTime(0)), Some(DeviceTime(90_000)));
        assert_eq!(backoff.wait(DeviceTime(-9_000_000_000)), None);
    }
}
