//! On time, overdue or undetermined: a pure function of a deadline and time bounds.

use serde::Serialize;

use super::state::HazardState;
use crate::{
    catalogue::{Catalogue, Due},
    history::TimeBounds,
    record::{DeviceTime, MINUTE_MS, ServerTime},
};

/// Whether a deadline was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Certainly before the deadline.
    OnTime,
    /// Certainly after it.
    Overdue,
    /// The time bounds do not decide; a person decides.
    Undetermined,
}

impl Standing {
    /// The Chinese text for users.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::OnTime => "未逾期",
            Self::Overdue => "逾期",
            Self::Undetermined => "无法判定，须人工认定",
        }
    }
    /// The English text for users.
    pub const fn en(self) -> &'static str {
        match self {
            Self::OnTime => "on time",
            Self::Overdue => "overdue",
            Self::Undetermined => "undetermined, a person decides",
        }
    }
}

/// Whether something that happened within time bounds met a deadline.
///
/// # Properties
/// Overdue only if the lower bound is after the deadline, on time only if the upper bound is not: a claimed time
/// alone never decides.
pub fn standing(deadline: DeviceTime, happened: TimeBounds) -> Standing {
    let after = |bound: Option<ServerTime>| bound.map(|b| b.0 > deadline.0);
    match (after(happened.lower), after(happened.upper)) {
        (Some(true), _) => Standing::Overdue,
        (_, Some(false)) => Standing::OnTime,
        _ => Standing::Undetermined,
    }
}

/// The time bounds of the present time by the server's clock.
pub fn now(server: ServerTime) -> TimeBounds {
    TimeBounds {
        lower: Some(server),
        upper: Some(server),
    }
}

/// When a hazard must be rectified: the deadline in force, or else the default of its kind, counted from the finding.
pub fn due(state: &HazardState, catalogue: &Catalogue) -> Option<Due> {
    if let Some(at) = state.deadline {
        return Some(Due { at, certain: true });
    }
    let kind = catalogue.kind(state.code.as_ref()?.as_str(), state.edition)?;
    let calendar = catalogue.calendar_of(state.edition);
    calendar.due(&kind.deadline, state.found_at)
}

/// As [`due`], but not certain where the default of a kind counts from a finding whose claimed time contradicts its
/// time bounds (`found`): a clock that was set back must not make a hazard overdue.
pub fn trusted_due(state: &HazardState, catalogue: &Catalogue, found: &TimeBounds) -> Option<Due> {
    let due = due(state, catalogue)?;
    let skew = i64::from(catalogue.rules.bounds.clock_skew_minutes) * MINUTE_MS;
    let certain = due.certain && (state.deadline.is_some() || found.allows(state.found_at, skew));
    Some(Due { certain, ..due })
}

/// Whether an open hazard is overdue at a server time; `None` if it has no deadline or is not open.
pub fn open_standing(
    state: &HazardState,
    catalogue: &Catalogue,
    server: ServerTime,
) -> Option<Standing> {
    standing_of(state, due(state, catalogue)?, catalogue, server)
}

/// As [`open_standing`], for a deadline that the caller passes.
pub fn standing_of(
    state: &HazardState,
    due: Due,
    catalogue: &Catalogue,
    server: ServerTime,
) -> Option<Standing> {
    if !catalogue.rules.is_open(state.state) {
        return None;
    }
    let standing = standing(due.at, now(server));
    Some(if due.certain || standing == Standing::OnTime {
        standing
    } else {
        Standing::Undetermined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(lower: Option<i64>, upper: Option<i64>) -> TimeBounds {
        TimeBounds {
            lower: lower.map(ServerTime),
            upper: upper.map(ServerTime),
        }
    }

    #[test]
    fn inv_16_overdue_only_when_the_lower_bound_is_after_the_deadline() {
        let told = |lower, upper| standing(DeviceTime(100), between(lower, upper));
        for bound in [None, Some(0), Some(100), Some(101), Some(500)] {
            for other in [None, Some(100), Some(101), Some(900)] {
                let overdue = told(bound, other) == Standing::Overdue;
                assert_eq!(
                    overdue,
                    bound.is_some_and(|b| b > 100),
                    "{bound:?} {other:?}"
                );
            }
        }
        assert_eq!(told(Some(10), Some(100)), Standing::OnTime);
        assert_eq!(told(Some(10), Some(101)), Standing::Undetermined);
        assert_eq!(told(None, None), Standing::Undetermined);
    }
}
