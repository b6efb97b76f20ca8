//! Whether the author of an event had the authority to state it.

use super::{causal::History, reason::VoidReason};
use crate::record::{AreaPath, EventBody, Grant, HOUR_MS, ServerTime};

/// The grant of an event if it fits author, device, area and time; otherwise the reason why the event is void. `area`
/// is the area of the document; without one, the area in which the event itself begins a document.
pub(crate) fn authority<'g>(
    history: &History<'g>,
    at: usize,
    area: Option<&AreaPath>,
) -> Result<&'g Grant, VoidReason> {
    if history.unattested[at] {
        return Err(VoidReason::Unattested);
    }
    let event = &history.entry(at).event;
    let grant = history.grants[at].ok_or(VoidReason::GrantUnknown)?;
    if grant.person != event.author || grant.device != event.device {
        return Err(VoidReason::GrantNotTheirs);
    }
    // A slow device clock voids no event: only the server's receipt proves that an event is older than its grant.
    if history.times[at]
        .upper
        .is_some_and(|upper| upper < grant.from)
    {
        return Err(VoidReason::GrantOtherTime);
    }
    if let Some(until) = grant.until {
        // The event must be claimed within the grant or its grace period, and not provably made after both.
        let grace = i64::from(history.rules.bounds.grant_grace_hours) * HOUR_MS;
        let end = until.0.saturating_add(grace);
        let provably_late = history.times[at].lower.is_some_and(|lower| lower.0 >= end);
        if event.claimed.0 >= end || provably_late {
            return Err(VoidReason::GrantOtherTime);
        }
    }
    if let Some(revoked) = history.revoked[at] {
        let provably_before = history.times[at]
            .upper
            .is_some_and(|upper| upper <= revoked);
        if !provably_before {
            return Err(VoidReason::DeviceRevoked);
        }
    }
    let place = area.or_else(|| event.body.begins_in());
    if place.is_some_and(|area| !grant.area.covers(area)) {
        return Err(VoidReason::GrantOtherArea);
    }
    Ok(grant)
}

/// Whether the claimed time of an event is after the end of its grant, or its author's device was revoked later.
pub(crate) fn is_late(history: &History<'_>, at: usize) -> bool {
    let claimed = ServerTime(history.entry(at).event.claimed.0);
    let ended = history.grants[at]
        .and_then(|g| g.until)
        .is_some_and(|until| claimed >= until);
    ended || history.revoked[at].is_some()
}

/// Whether the history has an event of a newer version that blocks closing, because its author has authority over the
/// document. An event without authority blocks nothing.
pub(crate) fn is_blocked_by_unknown(history: &History<'_>) -> bool {
    let blocks = |at: &usize| {
        authority(history, *at, None).is_ok_and(|grant| {
            let mut areas = (0..history.len()).filter_map(|at| history.body(at).begins_in());
            areas.any(|area| grant.area.covers(area))
        })
    };
    (0..history.len())
        .filter(|at| matches!(history.body(*at), EventBody::Unknown { .. }))
        .any(|at| blocks(&at))
}
