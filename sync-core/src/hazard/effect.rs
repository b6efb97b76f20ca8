//! Whether an accepted event counts: limits that depend on receipts and revocations.
//!
//! A verdict depends on the causal history alone, and so it never changes. What depends on a receipt or on a revocation
//! decides here, and only about the event itself.

use crate::{
    catalogue::EventClass,
    history::{History, Limit, Verdict, limit},
    record::{DeviceTime, EventBody, HOUR_MS, MINUTE_MS},
};

/// Whether an accepted event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Counts,
    /// Not decided: it counts if that keeps the hazard open.
    Pending,
    /// A correction after the window for it: a proposal.
    Proposed,
    None,
}

impl Effect {
    /// Whether an event with this effect is live. What is pending favours the open state.
    pub(super) fn is_live(self, body: &EventBody, class: EventClass) -> bool {
        match self {
            Self::Counts => true,
            Self::Proposed | Self::None => false,
            Self::Pending => {
                let decides = matches!(
                    class,
                    EventClass::Claim | EventClass::Check | EventClass::Ending
                );
                let extends = matches!(body, EventBody::ExtendDeadline(_) | EventBody::Resolve(_));
                !decides && !extends
            }
        }
    }
}

/// The effect of an accepted event. `extends`: the deadline that an extension extends.
pub(super) fn of(
    history: &History<'_>,
    verdicts: &[Verdict],
    at: usize,
    extends: Option<DeviceTime>,
) -> Effect {
    let own = match history.body(at) {
        EventBody::FixOnSpot(_) if after_visit(history, verdicts, at) => Effect::None,
        EventBody::ExtendDeadline(_) => extended(history, at, extends),
        _ => Effect::Counts,
    };
    own.max(match limit(history, at) {
        Limit::Counts => Effect::Counts,
        Limit::Pending => Effect::Pending,
        Limit::None => Effect::None,
    })
}

/// Whether a spot fix was provably made after the visit of every finding.
fn after_visit(history: &History<'_>, verdicts: &[Verdict], at: usize) -> bool {
    let Some(lower) = history.times[at].lower else {
        return false;
    };
    let window = i64::from(history.rules.bounds.same_visit_minutes) * MINUTE_MS;
    let mut found = (0..at).filter(|seen| {
        matches!(history.body(*seen), EventBody::Observe(_))
            && verdicts[*seen].has_effect()
            && history.happened_before(*seen, at)
    });
    found.all(|seen| {
        history.times[seen]
            .upper
            .is_some_and(|upper| lower.0 > upper.0.saturating_add(window))
    })
}

/// Whether the own correction of a finder was provably made after the window for it.
pub(super) fn after_own_window(history: &History<'_>, at: usize, own: usize) -> bool {
    let window = i64::from(history.rules.bounds.correct_own_hours) * HOUR_MS;
    let bounds = (history.times[at].lower, history.times[own].upper);
    matches!(bounds, (Some(lower), Some(upper)) if lower.0 > upper.0.saturating_add(window))
}

/// An extension counts only if it was received before the deadline that it extends.
fn extended(history: &History<'_>, at: usize, old: Option<DeviceTime>) -> Effect {
    let Some(old) = old else {
        return Effect::Counts;
    };
    let known = history.times[at];
    if known.upper.is_some_and(|upper| upper.0 <= old.0) {
        Effect::Counts
    } else if known.lower.is_some_and(|lower| lower.0 > old.0) {
        Effect::None
    } else {
        Effect::Pending
    }
}
