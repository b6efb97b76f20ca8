//! Which kind of event comes next in a random world, and who states it.

use sync_core::record::{EventBody, Role};

use super::{
    bodies::Theme,
    case::{Case, Verdict},
    catalogue::Types,
    state::{State, View},
    verdict::SIDE,
};
use crate::world::Actor;

/// Kinds with their weights.
pub(crate) type Weights = Vec<(&'static str, usize)>;

const ALWAYS: &[(&str, usize)] = &[
    ("note", 1),
    ("add_photo", 1),
    ("redact", 2),
    ("unknown", 1),
    ("claim_fixed", 1),
];

/// What may come after what the author has.
pub(crate) fn weights(case: &Case<'_>, theme: &Theme, v: &View) -> Weights {
    let mut all = ALWAYS.to_vec();
    if theme.is_activity {
        all.extend(of_activity(theme, v));
    } else {
        all.extend(of_inspection(v));
    }
    let proposed = |e: &usize| case.verdicts[*e] == Verdict::Proposed;
    if v.set.iter().any(proposed) && v.is_closed() {
        all.push(("withdraw", 24));
    }
    if v.is_withdrawal_disputed() {
        all.extend([("confirm", 34), ("withdraw", 24)]);
    }
    all
}

fn of_activity(theme: &Theme, v: &View) -> Weights {
    let mut all = match v.state {
        State::Stated => vec![("amend", 14), ("confirm", 18), ("withdraw", 8)],
        State::Confirmed => vec![("amend", 14), ("confirm", 5), ("withdraw", 14)],
        State::Disputed => vec![("amend", 14), ("confirm", 6), ("withdraw", 6)],
        State::Withdrawn | State::Void | State::Unknown => vec![("amend", 1), ("confirm", 1)],
    };
    if !v.supplement.is_empty() {
        all.push(("confirm", 16));
    }
    let task = ["responsibility", "supervision_task"].contains(&theme.code);
    let weight = if task { 10 } else { 1 };
    all.extend([("receive", weight), ("respond", weight)]);
    all.extend([("activity", 1), ("answer", 1), ("sign", 1)]);
    all
}

fn of_inspection(v: &View) -> Weights {
    let mut all = match v.state {
        State::Stated => vec![
            ("answer", 34),
            ("sign", 10),
            ("finish_inspection", 20),
            ("withdraw", 5),
            ("confirm", 1),
        ],
        State::Confirmed => vec![
            ("answer", 1),
            ("sign", 1),
            ("finish_inspection", 1),
            ("withdraw", 16),
        ],
        State::Disputed => vec![
            ("answer", 8),
            ("sign", 2),
            ("finish_inspection", 8),
            ("withdraw", 8),
            ("confirm", 3),
        ],
        State::Withdrawn | State::Void | State::Unknown => {
            vec![("answer", 1), ("finish_inspection", 1)]
        }
    };
    if !v.supplement.is_empty() {
        all.extend([("answer", 8), ("sign", 4), ("finish_inspection", 20)]);
    }
    all.extend([("inspect", 1), ("amend", 1), ("receive", 1)]);
    all
}

const REVIEWERS: [Role; 4] = [
    Role::StreetOfficer,
    Role::CountyReviewer,
    Role::CityReviewer,
    Role::ProvinceReviewer,
];

/// Who may state a kind, as far as a person knows. `pick` is a number of the chance from 0 to 99.
pub(crate) fn may(
    case: &Case<'_>,
    types: &Types,
    theme: &Theme,
    v: &View,
    kind: &str,
    pick: usize,
    actor: &Actor,
) -> bool {
    let role = actor.grant.role;
    let begun = case.begun(&v.set);
    let own = begun
        .iter()
        .any(|b| case.doc.person(*b) == actor.grant.person);
    let decider = match begun.first().map(|b| case.doc.body(*b)) {
        Some(EventBody::Activity(entry)) => types
            .activity(entry.r#type.as_str())
            .is_some_and(|of| of.confirm_roles.contains(&role)),
        _ => REVIEWERS.contains(&role),
    };
    let starts = if theme.is_activity {
        types.activity(theme.code).map(|of| &of.roles)
    } else {
        types.template(theme.code).map(|of| &of.roles)
    };
    let starts = starts.is_some_and(|roles| roles.contains(&role));
    match kind {
        "activity" | "inspect" => starts,
        "amend" => own,
        "confirm" => decider,
        "withdraw" if v.is_withdrawal_disputed() => decider,
        "withdraw" if v.is_closed() => own || (pick < 50 && decider),
        "withdraw" => own || (pick < 30 && decider),
        "receive" | "respond" if pick < 45 => own,
        "redact" => role == Role::Dpo || pick < 10,
        "answer" | "finish_inspection" if theme.alone => own,
        "answer" | "finish_inspection" => starts || (pick < 8 && SIDE.contains(&role)),
        "sign" => starts || (pick < 50 && SIDE.contains(&role)),
        _ => true,
    }
}
