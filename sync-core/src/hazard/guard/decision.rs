//! Guards about decisions: who may close or resolve, and whether a deadline or an earlier step allows the event.

use super::Situation;
use crate::{
    catalogue::Grade,
    hazard::{frontier::HazardFrontier, values},
    record::{EventBody, Grant, Role},
};

/// Whether a role may close a hazard of a grade: the street closes general hazards, the county up to serious ones,
/// every other role all of them.
pub(super) fn may_close(role: Role, grade: Option<Grade>) -> bool {
    match role {
        Role::StreetOfficer => grade == Some(Grade::G1),
        Role::CountyReviewer => grade.is_some_and(|g| g <= Grade::G2),
        _ => true,
    }
}

/// Whether a resolution names both events of an open conflict, and its author made none of the conflicting events that
/// it names.
pub(super) fn may_resolve(s: &Situation<'_, '_>, grant: &Grant, frontier: &HazardFrontier) -> bool {
    let EventBody::Resolve(resolution) = s.body() else {
        return false;
    };
    let named = |at: usize| resolution.resolves.contains(&s.history.entry(at).id);
    let ends_one = frontier.open_conflicts().any(|m| named(m.a) && named(m.b));
    let party = frontier
        .open_conflicts()
        .flat_map(|m| [m.a, m.b])
        .any(|at| named(at) && s.history.entry(at).event.author == grant.person);
    ends_one && !party
}

/// Whether a deadline is in force that has passed neither by the claimed time nor provably by the time bounds.
pub(super) fn before_deadline(s: &Situation<'_, '_>, frontier: &HazardFrontier) -> bool {
    let Some(deadline) = values::earliest_deadline(s.history, frontier) else {
        return false;
    };
    let provably_late = s.history.times[s.at]
        .lower
        .is_some_and(|l| l.0 > deadline.0);
    s.claimed() <= deadline.0 && !provably_late
}

/// Whether a step of a penalty case or of the government may follow the last steps in the author's causal history.
pub(super) fn step_follows(s: &Situation<'_, '_>) -> bool {
    let machines = &s.history.rules.machines;
    let Some(machine) = machines.iter().find(|m| m.event == s.body().name()) else {
        return true;
    };
    let Some(step) = step(s.body()) else {
        return true;
    };
    let same = |body: &EventBody| matter(body) == matter(s.body());
    let seen: Vec<usize> = s.seen(same).collect();
    let last = |at: &&usize| {
        !seen
            .iter()
            .any(|later| s.history.happened_before(**at, *later))
    };
    let known: Vec<&str> = seen
        .iter()
        .filter(last)
        .filter_map(|at| self::step(s.history.body(*at)))
        .collect();
    machine.follows(&known, step)
}

/// The matter that a step belongs to: its event kind and, for penalties, the case number.
fn matter(body: &EventBody) -> (u16, &str) {
    match body {
        EventBody::PenaltyLink(p) => (body.number(), p.case.as_str()),
        _ => (body.number(), ""),
    }
}

fn step(body: &EventBody) -> Option<&'static str> {
    match body {
        EventBody::PenaltyLink(p) => Some(p.stage.name()),
        EventBody::GovProgress(p) => Some(p.stage.name()),
        _ => None,
    }
}
