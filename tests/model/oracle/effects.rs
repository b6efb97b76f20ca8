//! Effects of accepted events, which depend on receipts and revocations (docs/rules.md, section 3,
//! "Effects").

use sync_core::record::{DeviceTime, Grant};

use super::{
    case::{Case, Effect, Mode, Register},
    doc::Entry,
    facts::Facts,
    registers,
    times::Bounds,
};

/// The effect of an accepted event: the worst of the rows that apply to it.
pub(crate) fn effect(case: &Case<'_>, e: usize) -> Effect {
    let Some(grant) = &case.doc.events[e].grant else {
        return Effect::None;
    };
    let rows = [
        of_device_and_grant(
            case.facts,
            &case.doc.events[e],
            grant,
            &case.bounds[e],
            case.tables.grace_ms,
        ),
        same_visit(case, e),
        own_window(case, e),
        extension(case, e),
    ];
    rows.into_iter().min().unwrap_or(Effect::Counts)
}

/// The rows of revoked devices and of the dates of grants.
pub(crate) fn of_device_and_grant(
    facts: &Facts,
    entry: &Entry,
    grant: &Grant,
    bounds: &Bounds,
    grace_ms: i64,
) -> Effect {
    let is_early = bounds.upper.is_some_and(|upper| upper < grant.from.0);
    if facts.accepted.contains(&entry.id) {
        return if is_early {
            Effect::None
        } else {
            Effect::Counts
        };
    }
    revoked(facts, grant, bounds).min(granted(grant, bounds, entry.event.claimed, grace_ms))
}

/// An upper bound not after a limit counts; a lower bound after it has no effect.
fn within(bounds: &Bounds, limit: i64) -> Option<Effect> {
    if bounds.upper.is_some_and(|upper| upper <= limit) {
        return Some(Effect::Counts);
    }
    bounds
        .lower
        .is_some_and(|lower| lower > limit)
        .then_some(Effect::None)
}

/// Its device was revoked, and the grant was issued before.
fn revoked(facts: &Facts, grant: &Grant, bounds: &Bounds) -> Effect {
    let Some(at) = facts.revoked.get(&grant.device) else {
        return Effect::Counts;
    };
    if grant.issued >= *at {
        return Effect::Counts;
    }
    let late = bounds.upper.is_some().then_some(Effect::None);
    within(bounds, at.0).or(late).unwrap_or(Effect::Pending)
}

/// The dates of the grant.
fn granted(grant: &Grant, bounds: &Bounds, claimed: DeviceTime, grace_ms: i64) -> Effect {
    let upper = bounds.upper;
    if upper.is_some_and(|upper| upper < grant.from.0) {
        return Effect::None;
    }
    let Some(until) = grant.until else {
        return Effect::Counts;
    };
    let end = until.0.saturating_add(grace_ms);
    match upper {
        Some(upper) if upper <= end => Effect::Counts,
        None if claimed.0 <= end => Effect::Counts,
        _ => Effect::Pending,
    }
}

/// Whether e is provably later than all the given events plus a window.
fn is_after(case: &Case<'_>, e: usize, events: &[usize], window: i64) -> bool {
    let Some(lower) = case.bounds[e].lower else {
        return false;
    };
    !events.is_empty()
        && events.iter().all(|x| {
            let upper = case.bounds[*x].upper;
            upper.is_some_and(|upper| lower > upper.saturating_add(window))
        })
}

fn observations(case: &Case<'_>, e: usize) -> Vec<usize> {
    let seen = case.doc.past[e].iter().copied();
    seen.filter(|x| case.is_accepted(*x) && case.doc.kind(*x) == "observe")
        .collect()
}

/// `fix_on_spot` outside the same-visit window.
fn same_visit(case: &Case<'_>, e: usize) -> Effect {
    let late = is_after(case, e, &observations(case, e), case.tables.same_visit_ms);
    if case.doc.kind(e) == "fix_on_spot" && late {
        Effect::None
    } else {
        Effect::Counts
    }
}

/// `recode` and `relocate` by the finder, outside the finder's own window.
fn own_window(case: &Case<'_>, e: usize) -> Effect {
    let corrects = ["recode", "relocate"].contains(&case.doc.kind(e));
    let by_reviewer = case.doc.role(e) == Some(sync_core::record::Role::CountyReviewer);
    let mut own = observations(case, e);
    own.retain(|o| case.doc.same_person(*o, e));
    if corrects && !by_reviewer && is_after(case, e, &own, case.tables.correct_own_ms) {
        Effect::ProposedInstead
    } else {
        Effect::Counts
    }
}

/// `extend_deadline` and the deadline that it extends: the earliest in its causal history.
fn extension(case: &Case<'_>, e: usize) -> Effect {
    if case.doc.kind(e) != "extend_deadline" {
        return Effect::Counts;
    }
    let v = case.view(e, Mode::Contested);
    let values = v.values.get(&Register::Deadline);
    let Some(deadline) = values.and_then(|values| registers::earliest(case, values)) else {
        return Effect::Counts;
    };
    within(&case.bounds[e], deadline).unwrap_or(Effect::Pending)
}
