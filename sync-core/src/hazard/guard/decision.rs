//! Guards about decisions: who may end or resolve, and whether a deadline allows the event.

use super::Situation;
use crate::{
    catalogue::{FieldName, StateCode, is_statutory},
    hazard::{
        dispute::Fate,
        rivals,
        settle::{self, Settled},
        steps, values,
    },
    history::Verdict,
    record::{EventBody, Role},
};

/// Whether a conflict is open that the event itself does not answer.
pub(super) fn is_blocked(s: &Situation<'_, '_, '_>) -> bool {
    let Some(contest) = &s.view.contest else {
        return false;
    };
    let answered = settle::by_answer(s.known, s.at, s.grant, s.contested);
    contest
        .conflicts()
        .filter(|fated| fated.fate == Fate::Open)
        .any(|fated| {
            !answered
                .iter()
                .any(|(subject, _)| *subject == fated.conflict.subject)
        })
}

/// Whether the author had an event of a newer version.
pub(super) fn knows_unknown(s: &Situation<'_, '_, '_>) -> bool {
    let mut seen = s.known.ancestors(s.at).iter();
    seen.any(|at| s.known.verdicts[at] == Verdict::Unknown)
}

/// Whether a resolution settles a conflict.
pub(super) fn may_resolve(s: &Situation<'_, '_, '_>) -> bool {
    let EventBody::Resolve(resolution) = s.body() else {
        return false;
    };
    let Settled { settles, .. } =
        settle::by_resolution(s.known, s.at, resolution, s.grant, s.contested);
    !settles.is_empty()
}

/// Whether the author may merge a hazard for which an official act exists: from the county upwards only.
pub(super) fn is_high_enough(s: &Situation<'_, '_, '_>) -> bool {
    const ESCALATED: StateCode = StateCode(90);
    let reviews = matches!(
        s.grant.role,
        Role::CountyReviewer | Role::CityReviewer | Role::FireOfficer
    );
    if reviews {
        return true;
    }
    let mut orders = s
        .of_round(|_, body| matches!(body, EventBody::Order(_)))
        .filter_map(|at| s.known.history.grants[at]);
    let mut cases = s.seen(|body| matches!(body, EventBody::PenaltyLink(_)));
    s.view.state != ESCALATED
        && steps::escalations(s.known, s.at, s.view).is_empty()
        && !orders.any(|grant| is_statutory(grant.role))
        && cases.next().is_none()
}

/// Whether a deadline is in force. Whether it has passed is decided by what receipts prove (`effect.rs`).
pub(super) fn before_deadline(s: &Situation<'_, '_, '_>) -> bool {
    values::earliest_deadline(s.known, s.view).is_some()
}

/// Whether a fire officer's determination of a major hazard is in force.
pub(super) fn knows_major(s: &Situation<'_, '_, '_>) -> bool {
    let lane = FieldName::Grade.bit();
    let mut values = s.view.values.iter().filter(|value| value.lane == lane);
    values.any(|value| rivals::is_fire_major(s.known, lane, value.at))
}
