//! Guards about persons: who did the other part of a two-person rule, who is responsible, who has a higher level.

use super::Situation;
use crate::{
    catalogue::{EventClass, FieldName, level},
    hazard::{in_force, values},
    history::Verdict,
    record::{EventBody, OrganId, PersonId, Role},
};

fn is_observation(body: &EventBody) -> bool {
    matches!(body, EventBody::Observe(_))
}

fn is_finding(body: &EventBody) -> bool {
    EventClass::of(body) == EventClass::Finding
}

/// Whether the author observed the hazard in the current round.
pub(super) fn is_finder(s: &Situation<'_, '_, '_>) -> bool {
    s.of_round(|_, body| is_observation(body))
        .any(|at| s.is_own(at))
}

/// Whether the author stated a finding, in any round.
pub(super) fn made_a_finding(s: &Situation<'_, '_, '_>) -> bool {
    s.seen(is_finding).any(|at| s.is_own(at))
}

pub(super) fn finder_or_manager(s: &Situation<'_, '_, '_>) -> bool {
    let present = matches!(s.grant.role, Role::PropertyManager | Role::PropertyPatrol);
    present || is_finder(s)
}

fn claims(s: &Situation<'_, '_, '_>) -> impl Iterator<Item = usize> {
    s.of_round(|class, _| class == EventClass::Claim)
}

pub(super) fn claimed_it(s: &Situation<'_, '_, '_>) -> bool {
    claims(s).any(|at| s.is_own(at))
}

pub(super) fn organ_claimed_it(s: &Situation<'_, '_, '_>) -> bool {
    claims(s).any(|at| s.known.organ(at) == Some(s.grant.organ))
}

pub(super) fn rechecked_it(s: &Situation<'_, '_, '_>) -> bool {
    s.of_round(|class, _| class == EventClass::Check)
        .any(|at| s.is_own(at))
}

/// Whether a third person examined the hazard and proposed to void it: neither the voider nor a finder.
pub(super) fn verified_by_another(s: &Situation<'_, '_, '_>) -> bool {
    let EventBody::Void(voiding) = s.body() else {
        return false;
    };
    let known = s.known;
    let found = |who| s.seen(is_finding).any(|at| known.same_person(at, who));
    known.ancestors(s.at).iter().any(|at| {
        matches!(known.history.body(at), EventBody::Void(_))
            && matches!(known.verdicts[at], Verdict::Proposed { .. })
            && s.view.own_round(known, at) >= s.view.round
            && !s.is_own(at)
            && voiding
                .verified_by
                .is_none_or(|named| known.history.has_id(at, named))
            && !found(at)
    })
}

/// Whether the author belongs to the responsible organisation, or to one that received a transfer.
pub(super) fn is_responsible(s: &Situation<'_, '_, '_>) -> bool {
    let organ = s.grant.organ;
    let named = |(of, person): (OrganId, Option<PersonId>)| {
        of == organ || person.is_some_and(|id| s.grant.is_id(id))
    };
    values::responsible_in(s.known, s.view)
        .into_iter()
        .any(named)
        || s.view
            .transfers
            .iter()
            .any(|at| in_force::receiver(s.known, *at) == Some(organ))
}

/// Whether a deadline in force is one of the author's organisation, or of a lower level.
pub(super) fn issuer_or_higher(s: &Situation<'_, '_, '_>) -> bool {
    let mine = level(s.grant.role);
    let deadlines = s.view.values.iter();
    let mut issuers = deadlines
        .filter(|value| value.lane == FieldName::Deadline.bit())
        .filter_map(|value| s.known.history.grants[value.at]);
    issuers.any(|issuer| issuer.organ == s.grant.organ || mine > level(issuer.role))
}

/// Whether the author is a finder, and no other person has acted on the hazard. Whether the correction was stated soon
/// is decided by what receipts prove (`effect.rs`).
pub(super) fn reporter_soon(s: &Situation<'_, '_, '_>) -> bool {
    let acts = |body: &EventBody| EventClass::of(body) != EventClass::Silent;
    let mut others = s.seen(acts);
    is_finder(s) && others.all(|at| s.is_own(at))
}
