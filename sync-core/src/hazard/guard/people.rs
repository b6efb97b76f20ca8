//! Guards about persons: who did the other part of a two-person rule, who is responsible, who has a higher level.

use super::Situation;
use crate::{
    hazard::{frontier::HazardFrontier, values},
    history::Verdict,
    record::{DissuasionResult, EventBody, Grant, HOUR_MS, Role, TransferOutcome},
};

fn is_claim(body: &EventBody) -> bool {
    match body {
        EventBody::ClaimFixed(_) | EventBody::FixOnSpot(_) => true,
        EventBody::Dissuade(d) => d.result == DissuasionResult::Complied,
        EventBody::TransferResult(r) => r.outcome == TransferOutcome::Fixed,
        _ => false,
    }
}

fn is_recheck(body: &EventBody) -> bool {
    match body {
        EventBody::RecheckPass(_) | EventBody::ConfirmSpotFix(_) => true,
        EventBody::TransferResult(r) => r.outcome == TransferOutcome::Verified,
        _ => false,
    }
}

fn is_observation(body: &EventBody) -> bool {
    matches!(body, EventBody::Observe(_))
}

pub(super) fn is_finder(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    s.grants_of(is_observation)
        .any(|g| g.person == grant.person)
}

pub(super) fn finder_or_manager(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    let present = matches!(grant.role, Role::PropertyManager | Role::PropertyPatrol);
    present || is_finder(s, grant)
}

pub(super) fn claimed_it(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    s.grants_of(is_claim).any(|g| g.person == grant.person)
}

pub(super) fn organ_claimed_it(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    s.grants_of(is_claim).any(|g| g.organ == grant.organ)
}

pub(super) fn rechecked_it(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    s.grants_of(is_recheck).any(|g| g.person == grant.person)
}

/// Whether a second person examined the hazard: the event names one, or another author's proposal to void the hazard
/// happened before it.
pub(super) fn verified_by_another(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    let EventBody::Void(voiding) = s.body() else {
        return false;
    };
    let other = |person| person != grant.person;
    let proposed = (0..s.at).any(|at| {
        let body = s.history.body(at);
        let theirs = other(s.history.entry(at).event.author);
        let counted = matches!(s.verdicts[at], Verdict::Proposed { .. });
        matches!(body, EventBody::Void(_))
            && theirs
            && counted
            && s.history.happened_before(at, s.at)
    });
    voiding.verified_by.is_some_and(other) || proposed
}

pub(super) fn receives(s: &Situation<'_, '_>, grant: &Grant, frontier: &HazardFrontier) -> bool {
    let transfers = values::transfers_in(s.history, frontier);
    transfers.iter().any(|(_, to)| *to == grant.organ)
}

pub(super) fn sent_it(s: &Situation<'_, '_>, grant: &Grant, frontier: &HazardFrontier) -> bool {
    let transfers = values::transfers_in(s.history, frontier);
    let sender = |at: usize| s.history.grants[at].map(|g| g.organ);
    transfers
        .iter()
        .any(|(at, _)| sender(*at) == Some(grant.organ))
}

pub(super) fn is_responsible(
    s: &Situation<'_, '_>,
    grant: &Grant,
    frontier: &HazardFrontier,
) -> bool {
    values::responsible_in(s.history, frontier).contains(&grant.organ)
        || receives(s, grant, frontier)
}

/// Whether the author belongs to an organisation that set a deadline, or has a level above it.
pub(super) fn issuer_or_higher(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    let issues = |body: &EventBody| {
        matches!(
            body,
            EventBody::Order(_)
                | EventBody::Assign(_)
                | EventBody::GovDecision(_)
                | EventBody::TransferResult(_)
        )
    };
    let mine = values::level(grant.role);
    s.grants_of(issues).any(|issuer| {
        let above = mine > values::level(issuer.role) && values::level(issuer.role) > 0;
        issuer.organ == grant.organ || above
    })
}

/// Whether the author is a finder, soon after the own finding, and no other author has acted on the hazard.
pub(super) fn reporter_soon(s: &Situation<'_, '_>, grant: &Grant) -> bool {
    let window = i64::from(s.history.rules.bounds.correct_own_hours) * HOUR_MS;
    let own = s
        .seen(is_observation)
        .find(|at| s.history.entry(*at).event.author == grant.person);
    let Some(found) = own.map(|at| s.history.entry(at).event.claimed.0) else {
        return false;
    };
    let acted = s
        .seen(|body| !is_observation(body))
        .any(|at| s.history.entry(at).event.author != grant.person);
    !acted && (found..=found.saturating_add(window)).contains(&s.claimed())
}
