//! Whether the author of an event had the authority to state it.

use super::{causal::History, reason::VoidReason, time::TimeBounds};
use crate::record::{AreaPath, Grant, HOUR_MS, ServerTime};

/// The grant that an event names, if it is known and is that of the event's author and device.
fn own_grant<'g>(history: &History<'g>, at: usize) -> Result<&'g Grant, VoidReason> {
    let event = &history.entry(at).event;
    let grant = history.grants[at].ok_or(VoidReason::GrantUnknown)?;
    if grant.person != event.author || grant.device != event.device {
        return Err(VoidReason::GrantNotTheirs);
    }
    Ok(grant)
}

/// The end of a grant with the grace period, in milliseconds of the server's clock.
pub(crate) fn end_of(history: &History<'_>, grant: &Grant) -> Option<i64> {
    let grace = i64::from(history.rules.bounds.grant_grace_hours) * HOUR_MS;
    grant.until.map(|until| until.0.saturating_add(grace))
}

/// Whether the claimed time of an event is after the end of its grant, or its author's device was revoked later.
pub(crate) fn is_late(history: &History<'_>, at: usize) -> bool {
    let claimed = ServerTime(history.entry(at).event.claimed.0);
    let ended = history.grants[at]
        .and_then(|g| g.until)
        .is_some_and(|until| claimed >= until);
    ended || history.revoked[at].is_some()
}

/// The grant of an event if its author may state it, by the causal history alone; otherwise the reason why the event is
/// void. What receipts and revocations prove decides whether the event counts, and never whether it is void.
pub(crate) fn entitled<'g>(
    history: &History<'g>,
    at: usize,
    area: Option<&AreaPath>,
) -> Result<&'g Grant, VoidReason> {
    let event = &history.entry(at).event;
    let grant = own_grant(history, at)?;
    if history.unattested[at] {
        return Err(VoidReason::Unattested);
    }
    let place = area.or_else(|| event.body.begins_in());
    if place.is_some_and(|area| !grant.area.covers(area)) {
        return Err(VoidReason::GrantOtherArea);
    }
    if let Some(end) = end_of(history, grant)
        && by_beacons(history, at).is_some_and(|lower| lower.0 >= end)
    {
        return Err(VoidReason::GrantOtherTime);
    }
    Ok(grant)
}

/// The time before which an event was not made, by what its own device states: in the beacon of the event, and of those
/// ancestors that are proven to be from the same device. No receipt changes it.
///
/// The beacons of other devices do not count: a device that states a time to come would void what others add to the record.
fn by_beacons(history: &History<'_>, at: usize) -> Option<ServerTime> {
    let device = history.entry(at).event.device;
    let proven = |of: usize| {
        let beacon = history.entry(of).event.beacon;
        TimeBounds::new(beacon.as_ref(), None).lower
    };
    let own = |of: &usize| history.entry(*of).event.device == device && !history.unattested[*of];
    let ancestors = history.order.ancestors[at].iter().filter(|of| own(of));
    proven(at).max(ancestors.filter_map(proven).max())
}
