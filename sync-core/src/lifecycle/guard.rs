//! The conditions beyond role and state, each a small function named in the tables.

use super::{
    order::Ordered,
    state::{Verdict, VoidReason},
    view::View,
};
use crate::{
    catalogue::{Grade, Guard, Rules},
    record::{AreaPath, DissuasionResult, EventBody, Grant, Role},
};

/// Everything a judgement may look at.
pub(super) struct Situation<'a, 'g> {
    pub(super) at: usize,
    pub(super) ordered: &'a Ordered<'a>,
    pub(super) rules: &'a Rules,
    pub(super) grant: Option<&'g Grant>,
    /// Grants of all events, by position.
    pub(super) grants: &'a [Option<&'g Grant>],
    /// Verdicts of the events before this one, by position.
    pub(super) verdicts: &'a [Verdict],
    pub(super) area: Option<&'a AreaPath>,
    pub(super) grade: Option<Grade>,
    pub(super) has_unknown: bool,
}

impl Situation<'_, '_> {
    pub(super) fn body(&self) -> &EventBody {
        &self.ordered.events[self.at].event.body
    }

    /// Grants of accepted events that the author had seen and that satisfy `which`.
    fn seen(&self, which: impl Fn(&EventBody) -> bool) -> Vec<&Grant> {
        let ancestors = &self.ordered.ancestors[self.at];
        (0..self.at)
            .filter(|at| {
                ancestors.has(*at) && matches!(self.verdicts[*at], Verdict::Accepted { .. })
            })
            .filter(|at| which(&self.ordered.events[*at].event.body))
            .filter_map(|at| self.grants[at])
            .collect()
    }
}

fn is_claim(body: &EventBody) -> bool {
    match body {
        EventBody::ClaimFixed(_) | EventBody::FixOnSpot(_) => true,
        EventBody::Dissuade(d) => d.result == DissuasionResult::Complied,
        _ => false,
    }
}

pub(super) fn check(
    guard: Guard,
    s: &Situation<'_, '_>,
    grant: &Grant,
    view: &View,
) -> Result<(), VoidReason> {
    let same_person = |grants: Vec<&Grant>| grants.iter().any(|g| g.person == grant.person);
    let finders = || s.seen(|body| matches!(body, EventBody::Observe(_)));
    let (broken, reason) = match guard {
        Guard::PhotoRequired => (s.body().photos().is_empty(), VoidReason::PhotoMissing),
        Guard::FinderOrManager => {
            let manager = matches!(grant.role, Role::PropertyManager | Role::PropertyPatrol);
            (!manager && !same_person(finders()), VoidReason::RoleMayNot)
        }
        Guard::NotFinder => (same_person(finders()), VoidReason::SamePerson),
        Guard::NotClaimant => (same_person(s.seen(is_claim)), VoidReason::SamePerson),
        Guard::OtherOrganThanClaimant => (
            s.seen(is_claim).iter().any(|g| g.organ == grant.organ),
            VoidReason::SamePerson,
        ),
        Guard::NotRechecker => {
            let rechecks =
                s.seen(|b| matches!(b, EventBody::RecheckPass(_) | EventBody::ConfirmSpotFix(_)));
            (same_person(rechecks), VoidReason::SamePerson)
        }
        Guard::NoOpenConflict => (!view.open_conflicts().is_empty(), VoidReason::ConflictOpen),
        Guard::NoUnknownEvent => (s.has_unknown, VoidReason::UnknownEvent),
        Guard::MayCloseGrade => (!may_close(grant.role, s.grade), VoidReason::GradeTooHigh),
        Guard::NotPartyToConflict => (!may_resolve(s, grant, view), VoidReason::NotForThemToDecide),
    };
    if broken { Err(reason) } else { Ok(()) }
}

/// Street closes general hazards, the county up to serious ones, city and fire-rescue all.
fn may_close(role: Role, grade: Option<Grade>) -> bool {
    match role {
        Role::StreetOfficer => grade == Some(Grade::G1),
        Role::CountyReviewer => grade.is_some_and(|g| g <= Grade::G2),
        _ => true,
    }
}

/// A resolution names an open conflict whole, and its author made neither side.
fn may_resolve(s: &Situation<'_, '_>, grant: &Grant, view: &View) -> bool {
    let EventBody::Resolve(resolution) = s.body() else {
        return false;
    };
    let event = |at: usize| s.ordered.events[at];
    let named = |at: usize| resolution.resolves.contains(&event(at).id);
    let open = view.open_conflicts();
    let ends_one = open.iter().any(|(a, b)| named(*a) && named(*b));
    let party = open
        .iter()
        .flat_map(|(a, b)| [*a, *b])
        .any(|at| named(at) && event(at).event.author == grant.person);
    ends_one && !party
}
