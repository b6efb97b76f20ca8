//! What can be trusted about when an event was made.
//!
//! A phone's clock is a claim. The server's time that the phone had seen bounds an event from below, the server's
//! receipt from above; a clock that nobody can set narrows it, as long as the phone was not restarted.

use serde::Serialize;

use super::{order::Ordered, state::Grants};
use crate::record::{Beacon, DeviceTime, ServerTime};

/// How far a monotonic clock may be off, in milliseconds.
const MONOTONIC_TOLERANCE_MS: i64 = 60_000;

/// When something happened, as far as it can be bounded by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Interval {
    /// Not before.
    pub lower: Option<ServerTime>,
    /// Not after.
    pub upper: Option<ServerTime>,
}

/// How well a time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Between two contacts with the server.
    Bounded,
    /// Between two contacts, and by a clock that nobody can set.
    Narrowed,
    /// The claimed time contradicts what is known, or nothing is known.
    Untrusted,
}

impl Interval {
    /// From what the device says it knew when it made the event and when the server first received it.
    ///
    /// The beacon is the device's word: it can only raise the lower bound, and only as far as the receipt allows. A
    /// beacon that contradicts the receipt is no knowledge. The upper bound is the server's receipt alone.
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

    fn after(&mut self, bound: ServerTime) {
        self.lower = Some(self.lower.map_or(bound, |lower| lower.max(bound)));
    }

    fn before(&mut self, bound: ServerTime) {
        self.upper = Some(self.upper.map_or(bound, |upper| upper.min(bound)));
    }

    /// Whether this certainly ended before `other` began.
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

    /// Whether the claimed time can be true.
    pub fn allows(&self, claimed: DeviceTime, skew_ms: i64) -> bool {
        let too_early = |l: ServerTime| claimed.0 < l.0.saturating_sub(skew_ms);
        let too_late = |u: ServerTime| claimed.0 > u.0.saturating_add(skew_ms);
        let too_early = self.lower.is_some_and(too_early);
        let too_late = self.upper.is_some_and(too_late);
        !too_early && !too_late
    }

    /// How well the time is known.
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

/// The intervals of all events: nobody sees an event before it was made.
pub(super) fn intervals(ordered: &Ordered<'_>, grants: &impl Grants) -> Vec<Interval> {
    let mut known = false;
    let mut times: Vec<Interval> = Vec::with_capacity(ordered.events.len());
    for stated in &ordered.events {
        if grants.is_unattested(&stated.id) {
            // Neither the beacon nor the receipt is its author's.
            times.push(Interval::default());
            continue;
        }
        let received = grants.received(&stated.id);
        let interval = Interval::new(stated.event.beacon.as_ref(), received);
        known |= interval != Interval::default();
        times.push(interval);
    }
    if !known {
        return times;
    }
    for at in 0..times.len() {
        for parent in &ordered.parents[at] {
            // A bound above the receipt came from a clock that was wrong: it decides nothing.
            let possible = |lower: &ServerTime| times[at].upper.is_none_or(|upper| *lower <= upper);
            if let Some(lower) = times[*parent].lower.filter(possible) {
                times[at].after(lower);
            }
        }
    }
    for at in (0..times.len()).rev() {
        for parent in &ordered.parents[at] {
            if let Some(upper) = times[at].upper {
                times[*parent].before(upper);
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
        let interval = Interval::new(Some(&seen(10 * HOUR, None)), Some(ServerTime(12 * HOUR)));
        let trust = |claimed| interval.trust(DeviceTime(claimed), false, 5 * 60_000);
        assert_eq!(trust(11 * HOUR), Trust::Bounded);
        // Set back "to make the deadline", or a year ahead.
        assert_eq!(trust(9 * HOUR), Trust::Untrusted);
        assert_eq!(trust(8_760 * HOUR), Trust::Untrusted);
        assert_eq!(trust(12 * HOUR + 240_000), Trust::Bounded);
        assert_eq!(
            Interval::default().trust(DeviceTime(0), false, 0),
            Trust::Untrusted
        );
    }

    #[test]
    fn a_clock_that_nobody_can_set_raises_the_lower_bound_alone() {
        let beacon = seen(10 * HOUR, Some(3_600_000));
        let interval = Interval::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, Some(ServerTime(11 * HOUR - 60_000)));
        // A device that could lower the upper bound could outlive its own revocation.
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
        // A reading that cannot be true narrows nothing.
        let beacon = seen(10 * HOUR, Some(u64::MAX));
        let interval = Interval::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, Some(ServerTime(10 * HOUR)));
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
    }
    #[test]
    fn a_beacon_later_than_the_receipt_is_no_knowledge() {
        let beacon = seen(100 * HOUR, Some(0));
        let interval = Interval::new(Some(&beacon), Some(ServerTime(20 * HOUR)));
        assert_eq!(interval.lower, None);
        assert_eq!(interval.upper, Some(ServerTime(20 * HOUR)));
        let extreme = Interval::new(Some(&seen(i64::MAX, Some(1))), None);
        assert!(!extreme.allows(DeviceTime(0), 1));
        assert!(Interval::default().allows(DeviceTime(i64::MIN), i64::MAX));
    }
}
