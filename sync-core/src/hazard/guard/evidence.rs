//! Guards about evidence: photos, times and required content.

use super::Situation;
use crate::{
    catalogue::Nature,
    hazard::values,
    record::{DissuasionResult, EventBody, PhotoHash, PhotoRole},
};

pub(super) fn after_photo(body: &EventBody) -> bool {
    body.photos().iter().any(|p| p.role == PhotoRole::After)
}

/// Whether a photo from before the rectification exists to compare with.
pub(super) fn before_seen(s: &Situation<'_, '_, '_>) -> bool {
    let own = s.body().photos().iter();
    let found = |body: &EventBody| {
        matches!(body, EventBody::Observe(_) | EventBody::AddPhoto(_)) && !body.photos().is_empty()
    };
    own.into_iter().any(|p| p.role == PhotoRole::Before) || s.seen(found).next().is_some()
}

/// Whether the body shows a hazard as fixed.
pub(in crate::hazard) fn shows_fixed(body: &EventBody) -> bool {
    match body {
        EventBody::FixOnSpot(_) | EventBody::ClaimFixed(_) | EventBody::RecheckPass(_) => true,
        EventBody::Dissuade(d) => d.result == DissuasionResult::Complied,
        _ => false,
    }
}

/// Whether the body shows a hazard as it was found.
pub(in crate::hazard) fn shows_hazard(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Observe(_) | EventBody::RecheckFail(_) | EventBody::Reopen(_)
    )
}

/// Whether one photo shows the hazard both before and after the rectification.
pub(in crate::hazard) fn repeated<'e>(
    before: impl Iterator<Item = &'e EventBody>,
    after: impl Iterator<Item = &'e EventBody>,
) -> bool {
    let mut taken: Vec<PhotoHash> = before
        .flat_map(|b| b.photos())
        .filter(|p| p.role != PhotoRole::After)
        .map(|p| p.hash)
        .collect();
    if taken.is_empty() {
        return false;
    }
    taken.sort_unstable();
    after
        .flat_map(|b| b.photos())
        .filter(|p| p.role != PhotoRole::Before)
        .any(|p| taken.binary_search(&p.hash).is_ok())
}

pub(super) fn repeated_seen(s: &Situation<'_, '_, '_>) -> bool {
    let before = s.seen(shows_hazard).map(|at| s.known.history.body(at));
    let after = s.seen(shows_fixed).map(|at| s.known.history.body(at));
    repeated(before, after)
}

pub(super) fn promise_dated(body: &EventBody) -> bool {
    match body {
        EventBody::Dissuade(d) => {
            d.result != DissuasionResult::Promised || d.promised_until.is_some()
        }
        _ => true,
    }
}

/// Whether a report names two different recipients. They should be the street office and a department, which is not
/// checked.
pub(super) fn two_recipients(body: &EventBody) -> bool {
    let EventBody::Report(report) = body else {
        return false;
    };
    let mut recipients = report.recipients.clone();
    recipients.sort_unstable();
    recipients.dedup();
    recipients.len() >= 2
}

/// Whether a violation was dissuaded before it is reported. Immediate danger needs no dissuasion.
pub(super) fn dissuaded_first(s: &Situation<'_, '_, '_>) -> bool {
    let kind =
        values::code(s.known, s.view, s.known.ancestors(s.at)).and_then(|code| s.known.kind(code));
    let violation = kind.is_some_and(|k| k.nature == Nature::Violation);
    let danger = matches!(s.body(), EventBody::Report(r) if r.immediate_danger);
    let mut tried = s.of_round(|_, body| matches!(body, EventBody::Dissuade(_)));
    !violation || danger || tried.next().is_some()
}

/// Whether every part that an official act requires is given.
pub(super) fn complete(body: &EventBody) -> bool {
    match body {
        EventBody::Order(o) => !o.number.is_empty() && !o.basis.is_empty(),
        EventBody::Transfer(t) => !t.facts.is_empty(),
        EventBody::Escalate(e) => !e.letter.is_empty() && !e.interim_measures.is_empty(),
        EventBody::GovDecision(d) => !d.minutes.is_empty(),
        EventBody::TransferResult(r) => !r.document.is_empty(),
        EventBody::PenaltyLink(p) => !p.case.is_empty(),
        _ => true,
    }
}

/// Whether the order or the photo that the event names is in its author's causal history.
pub(super) fn target_known(s: &Situation<'_, '_, '_>) -> bool {
    match s.body() {
        EventBody::OfficialNumber(n) => s
            .seen(|body| matches!(body, EventBody::Order(_)))
            .any(|at| s.known.history.entry(at).id == n.order),
        EventBody::PhotoRole(p) => s
            .seen(|body| body.photos().iter().any(|known| known.hash == p.photo))
            .next()
            .is_some(),
        _ => true,
    }
}

pub(super) fn other_seen(body: &EventBody) -> bool {
    matches!(body, EventBody::MarkDuplicate(d) if !d.seen.is_empty())
}
