//! Whether an accepted event counts, as far as the revocation of its device and the time of its grant decide.
//!
//! A verdict depends on the causal history alone, and so it never changes. What depends on a receipt or on a revocation
//! decides here, and only about the event itself. An event that a person accepted counts in spite of both.

use super::{authority::end_of, causal::History};

/// Whether an accepted event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    Counts,
    /// Not decided: a receipt is missing, or the server received the event after the end of its grant.
    Pending,
    None,
}

/// The limit of the event at a position.
pub(crate) fn limit(history: &History<'_>, at: usize) -> Limit {
    by_revocation(history, at).max(by_grant(history, at))
}

fn by_revocation(history: &History<'_>, at: usize) -> Limit {
    let Some(revoked) = history.revoked[at].filter(|_| !history.accepted[at]) else {
        return Limit::Counts;
    };
    let known = history.times[at];
    // A receipt proves more than what a device claims about its last contact.
    match known.upper {
        Some(upper) if upper <= revoked => Limit::Counts,
        Some(_) => Limit::None,
        None if known.lower.is_some_and(|lower| lower > revoked) => Limit::None,
        None => Limit::Pending,
    }
}

fn by_grant(history: &History<'_>, at: usize) -> Limit {
    let Some(grant) = history.grants[at] else {
        return Limit::None;
    };
    let upper = history.times[at].upper;
    if upper.is_some_and(|upper| upper < grant.from) {
        return Limit::None;
    }
    let Some(end) = end_of(history, grant).filter(|_| !history.accepted[at]) else {
        return Limit::Counts;
    };
    // Without a receipt the claimed time decides, until the server has received the event.
    let time = upper.map_or(history.entry(at).event.claimed.0, |upper| upper.0);
    if time <= end {
        Limit::Counts
    } else {
        Limit::Pending
    }
}
