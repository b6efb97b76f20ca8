//! Who did what in the round: the guards about persons and who verified a `void` (docs/rules.md, section 3, "Guards
//! that these rules define"). They look at accepted events in P(e) of the current round only, except that a finder of
//! any round is a finder.

use sync_core::record::EventBody;

use super::{
    case::{Case, Judgement, View},
    classes::Class,
    doc::Set,
};

/// The accepted events of the round of v that are of a class.
pub(crate) fn of_class(case: &Case<'_>, v: &View, class: Class) -> Set {
    let all = case.of_round(v);
    all.into_iter()
        .filter(|e| case.doc.class(*e) == class)
        .collect()
}

/// The accepted `observe` events of the round of v.
pub(crate) fn sightings(case: &Case<'_>, v: &View) -> Set {
    let all = case.of_round(v);
    all.into_iter()
        .filter(|e| case.doc.kind(*e) == "observe")
        .collect()
}

/// *not_claimant*: no claim by the same person.
pub(crate) fn is_no_claimant(case: &Case<'_>, v: &View, e: usize) -> bool {
    let claims = of_class(case, v, Class::Claim);
    !claims.iter().any(|c| case.doc.same_person(*c, e))
}

/// *other_organ_than_claimant*: no claim by the same organisation.
pub(crate) fn is_of_other_organ(case: &Case<'_>, v: &View, e: usize) -> bool {
    let claims = of_class(case, v, Class::Claim);
    !claims.iter().any(|c| case.doc.same_organ(*c, e))
}

/// *not_rechecker*: no check by the same person.
pub(crate) fn is_no_checker(case: &Case<'_>, v: &View, e: usize) -> bool {
    let checks = of_class(case, v, Class::Check);
    !checks.iter().any(|c| case.doc.same_person(*c, e))
}

/// *not_finder*: no finding by the same person, in any round.
pub(crate) fn has_found(case: &Case<'_>, v: &View, who: usize) -> bool {
    let finds = |f: &usize| {
        case.is_accepted(*f)
            && case.doc.class(*f) == Class::Finding
            && case.doc.same_person(*f, who)
    };
    v.set.iter().any(finds)
}

/// *finder*: an `observe` by the same person.
pub(crate) fn is_finder(case: &Case<'_>, v: &View, e: usize) -> bool {
    sightings(case, v)
        .iter()
        .any(|o| case.doc.same_person(*o, e))
}

/// *verified_by_another*: the proposed `void` events of third persons in P(e) on which e rests.
pub(crate) fn verifiers(case: &Case<'_>, v: &View, e: usize) -> Set {
    let named = match case.doc.body(e) {
        EventBody::Void(void) => void.verified_by,
        _ => None,
    };
    let verifies = |p: &&usize| {
        let proposed = matches!(case.judgements[**p], Judgement::Proposed { .. });
        proposed
            && case.doc.kind(**p) == "void"
            && case.own_round(v, **p) >= v.round
            && !case.doc.same_person(**p, e)
            && !has_found(case, v, **p)
            && named.is_none_or(|who| case.doc.ids(**p).contains(&who))
    };
    v.set.iter().filter(verifies).copied().collect()
}
