//! Time bounds and their order (docs/rules.md, section 2).

use sync_core::record::MINUTE_MS;

use super::{doc::Doc, facts::Facts};

/// The bounds of one event, in milliseconds of the server's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// The lower bound by the beacons of the event and its attested ancestors of the same device, which receipts cannot change.
    pub(crate) by_beacons: Option<i64>,
    /// The lower bound.
    pub(crate) lower: Option<i64>,
    /// The upper bound.
    pub(crate) upper: Option<i64>,
    /// The look time of a `recheck_fail`.
    pub(crate) look: Option<i64>,
}

/// What the beacon of one event proves: the server time in it, plus the monotonic time since minus one minute.
fn proven(doc: &Doc, e: usize) -> Option<i64> {
    let beacon = doc.events[e].event.beacon?;
    let since = beacon
        .since_ms
        .map_or(0, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
    let later = beacon
        .seen
        .0
        .saturating_add(since)
        .saturating_sub(MINUTE_MS);
    Some(beacon.seen.0.max(later))
}

/// Section 2: the bounds of all events.
pub(crate) fn bounds(doc: &Doc, facts: &Facts) -> Vec<Bounds> {
    let is_attested = |e: usize| !facts.unattested.contains(&doc.events[e].id);
    let receipt = |e: usize| {
        let at = facts.received.get(&doc.events[e].id).map(|t| t.0);
        at.filter(|_| is_attested(e))
    };
    let mut all: Vec<Bounds> = Vec::new();
    for e in 0..doc.events.len() {
        let beacon = doc.events[e].event.beacon;
        let own = proven(doc, e);
        let device = doc.events[e].event.device;
        let same = |a: &&usize| doc.events[**a].event.device == device && is_attested(**a);
        let earlier = doc.past[e].iter().filter(same);
        let by_beacons = own.max(earlier.filter_map(|a| proven(doc, *a)).max());
        let is_late = beacon.is_some_and(|b| receipt(e).is_some_and(|r| b.seen.0 > r));
        let own = own.filter(|_| !is_late && is_attested(e));
        let possible = |l: &i64| receipt(e).is_none_or(|r| *l <= r);
        let parents = doc.events[e]
            .event
            .after
            .iter()
            .filter_map(|id| doc.find(id));
        let inherited = parents.filter_map(|a| all.get(a).and_then(|b| b.lower));
        let inherited = inherited.filter(possible).max();
        let lower = own.filter(possible).max(inherited);
        let upper = doc.future[e]
            .iter()
            .chain([&e])
            .filter_map(|x| receipt(*x))
            .min();
        let narrowed = beacon.and_then(|b| {
            let since = i64::try_from(b.since_ms?).unwrap_or(i64::MAX);
            Some(b.seen.0.saturating_add(since).saturating_add(MINUTE_MS))
        });
        let look = [upper, narrowed].into_iter().flatten().min();
        all.push(Bounds {
            by_beacons,
            lower,
            upper,
            look,
        });
    }
    all
}

fn is_consistent(b: &Bounds) -> bool {
    !matches!((b.lower, b.upper), (Some(lower), Some(upper)) if lower > upper)
}

/// Section 2: x is provably before y.
pub(crate) fn is_before(x: &Bounds, y: &Bounds) -> bool {
    let ordered = matches!((x.upper, y.lower), (Some(upper), Some(lower)) if upper < lower);
    ordered && is_consistent(x) && is_consistent(y)
}

/// Section 2: the `recheck_fail` x is provably before y by its look time.
pub(crate) fn looked_before(x: &Bounds, y: &Bounds) -> bool {
    let ordered = matches!((x.look, y.lower), (Some(look), Some(lower)) if look < lower);
    let possible = !matches!((x.lower, x.look), (Some(lower), Some(look)) if lower > look);
    ordered && possible && is_consistent(x) && is_consistent(y)
}
