//! Time bounds: what the server's clock proves about the time at which an event was made.
//!
//! A device's clock is a claim. The last server time that the device knew bounds an event from below, and the server's
//! receipt bounds it from above. A monotonic clock narrows the bounds as long as the device was not restarted.

use serde::Serialize;

use super::{context::FoldContext, order::CausalOrder};
use crate::record::{Beacon, DeviceTime, MINUTE_MS, ServerTime};

/// Tolerance for the error of a monotonic clock, in milliseconds.
const MONOTONIC_TOLERANCE_MS: i64 = MINUTE_MS;

/// The earliest and the latest server time at which an event can have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TimeBounds {
    /// Not before.
    pub lower: Option<ServerTime>,
    /// Not after.
    pub upper: Option<ServerTime>,
}

/// How far the claimed time of an event can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It lies within bounds from two contacts with the server.
    Bounded,
    /// As `Bounded`, with bounds that a monotonic clock narrowed.
    Narrowed,
    /// It contradicts the bounds, or a bound is missing.
    Untrusted,
}

impl TimeBounds {
    /// Bounds from the device's beacon and the time at which the server first received the event.
    ///
    /// The beacon is a claim of the device: it can only raise the lower bound, and only as far as the receipt allows. A
    /// beacon that contradicts the receipt is ignored. The upper bound comes from the server's receipt alone.
    pub fn new(beacon: Option<&Beacon>, received: Option<ServerTime>) -> Self {
        let possible = |at: &ServerTime| received.is_none_or(|received| *at <= received);
        let seen = beacon.map(|b| b.seen).filter(possible);
        let since = seen.and(beacon).and_then(|b| {
            let since = i64::try_from(b.since_ms?).unwrap_or(i64::MAX);
            let at = b.seen.0.saturating_add(since);
            Some(ServerTime(at.saturating_sub(MONOTONIC_TOLERANCE_MS)))
        });
        Self {
            lower: seen.max(since.filter(possible)),
            upper: received,
        }
    }

    fn raise(&mut self, bound: ServerTime) {
        self.lower = Some(self.lower.map_or(bound, |lower| lower.max(bound)));
    }

    fn cap(&mut self, bound: ServerTime) {
        self.upper = Some(self.upper.map_or(bound, |upper| upper.min(bound)));
    }

    /// Whether every time within these bounds is before every time within `other`.
    pub fn is_before(&self, other: &Self) -> bool {
        let proven = |interval: &Self| match (interval.lower, interval.upper) {
            (Some(lower), Some(upper)) => lower <= upper,
            _ => true,
        };
        // Bounds that contradict each other prove nothing.
        proven(self)
            && proven(other)
            && matches!((self.upper, other.lower), (Some(end), Some(begin)) if end < begin)
    }

    /// Whether a claimed time lies within these bounds, give or take `skew_ms` milliseconds.
    pub fn allows(&self, claimed: DeviceTime, skew_ms: i64) -> bool {
        let too_early = |l: ServerTime| claimed.0 < l.0.saturating_sub(skew_ms);
        let too_late = |u: ServerTime| claimed.0 > u.0.saturating_add(skew_ms);
        let too_early = self.lower.is_some_and(too_early);
        let too_late = self.upper.is_some_and(too_late);
        !too_early && !too_late
    }

    /// How far a claimed time can be trusted; `narrowed`: whether a monotonic clock narrowed the bounds.
    pub fn trust(&self, claimed: DeviceTime, narrowed: bool, skew_ms: i64) -> Trust {
        if self.lower.is_none() || self.upper.is_none() || !self.allows(claimed, skew_ms) {
            Trust::Untrusted
        } else if narrowed {
            Trust::Narrowed
        } else {
            Trust::Bounded
        }
    }
}

/// The time bounds of all events, by position.
///
/// An event cannot have been made before the events that happened before it, nor after those that it happened before.
pub(super) fn bounds(order: &CausalOrder<'_>, context: &FoldContext<'_>) -> Vec<TimeBounds> {
    let mut known = false;
    let mut times: Vec<TimeBounds> = Vec::with_capacity(order.events.len());
    for entry in &order.events {
        if context.is_unattested(&entry.id) {
            // Neither the beacon nor the receipt comes from the author's device.
            times.push(TimeBounds::default());
            continue;
        }
        let received = context.received(&entry.id);
        let bounds = TimeBounds::new(entry.event.beacon.as_ref(), received);
        known |= bounds != TimeBounds::default();
        times.push(bounds);
    }
    if !known {
        return times;
    }
    // In causal order: the lower bound of a parent is final before its children raise theirs to it.
    for at in 0..times.len() {
        for parent in &order.parents[at] {
            // A lower bound above the receipt came from a wrong clock and is ignored.
            let possible = |lower: &ServerTime| times[at].upper.is_none_or(|upper| *lower <= upper);
            if let Some(lower) = times[*parent].lower.filter(possible) {
                times[at].raise(lower);
            }
        }
    }
    for at in (0..times.len()).rev() {
        for parent in &order.parents[at] {
            if let Some(upper) = times[at].upper {
                times[*parent].cap(upper);
            }
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn seen(at: i64, since_ms: Option<u64>) -> Beacon {
        Beacon {
            seen: ServerTime(at),
            since_ms,
        }
    }

    #[test]
    fn a_claim_outside_what_the_server_knows_is_not_trusted() {
        let interval = TimeBounds::new(Some(&seen(10 * HOUR, None)), Some(ServerTime(12 * HOUR)));
        let trust = |claimed| interval.trust(DeviceTime(claimed), false, 5 * 60_000);
        assert_eq!(trust(11 * HOUR), Trust::Bounded);
        // A clock that was set back to meet the deadline, or a year ahead.
        assert_eq!(trust(9 * HOUR), Trust::Untrusted);
        assert_eq!(trust(8_760 * HOUR), Trust::Untrusted);
        assert_eq!(trust(12 * HOUR + 240_000), Trust::Bounded);
        assert_eq!(
            TimeBounds::default().trust(DeviceTime(0), false, 0),
            Trust::Untrusted
        );
    }

    #[test]
    fn a_clock_that_nobody_can_set_raises_the_lower_bound_alone() {
        let beacon = seen(10 * HOUR, Some(3_600_000));
        let interval = TimeBounds::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, Some(ServerTime(11 * HOUR - 60_000)));
        // If a device could lower the upper bound, its events could evade its revocation.
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
        // An impossible reading of the monotonic clock narrows nothing.
        let beacon = seen(10 * HOUR, Some(u64::MAX));
        let interval = TimeBounds::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, Some(ServerTime(10 * HOUR)));
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
    }
    #[test]
    fn a_beacon_later_than_the_receipt_is_no_knowledge() {
        let beacon = seen(100 * HOUR, Some(0));
        let interval = TimeBounds::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, None);
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
        let extreme = TimeBounds::new(Some(&seen(i64::MAX, Some(1))), None);
        assert!(!extreme.allows(DeviceTime(0), 1));
        assert!(TimeBounds::default().allows(DeviceTime(i64::MIN), i64::MAX));
    }
}
