//! Guards: conditions of a transition beyond role and state, each a function that the tables name.
//!
//! A guard is decided from an event, its grant and its author's causal history; a guard that fails returns the reason.
//! Guards about persons are in `people`, guards about evidence in `evidence`, guards about decisions in `decision`.

mod decision;
mod evidence;
mod people;

pub(super) use evidence::{repeated, shows_fixed, shows_hazard};

use super::{frontier::Frontier, values};
use crate::{
    catalogue::{Grade, Guard},
    history::{History, Verdict, VoidReason},
    record::{AreaPath, DeviceTime, EventBody, Grant, Observation},
};

/// An event under judgement and everything that the judgement may read.
pub(super) struct Situation<'s, 'a> {
    pub(super) at: usize,
    pub(super) history: &'s History<'a>,
    /// Verdicts of the events at earlier positions, by position.
    pub(super) verdicts: &'s [Verdict],
    pub(super) area: Option<&'s AreaPath>,
    /// The observation that the hazard began with, and its claimed time.
    pub(super) first: Option<(&'s Observation, DeviceTime)>,
}

impl<'a> Situation<'_, 'a> {
    pub(super) fn body(&self) -> &'a EventBody {
        self.history.body(self.at)
    }

    fn claimed(&self) -> i64 {
        self.history.entry(self.at).event.claimed.0
    }

    /// Positions of the events in the author's causal history that have an effect and satisfy `which`.
    fn seen(&self, which: impl Fn(&EventBody) -> bool) -> impl Iterator<Item = usize> {
        (0..self.at).filter(move |at| {
            which(self.history.body(*at))
                && self.history.happened_before(*at, self.at)
                && self.verdicts[*at].has_effect()
        })
    }

    /// The grants of those events.
    fn grants_of(&self, which: impl Fn(&EventBody) -> bool) -> impl Iterator<Item = &'a Grant> {
        self.seen(which).filter_map(|at| self.history.grants[at])
    }

    /// The grade in the author's causal history: as set, or else the default of the kind.
    fn grade(&self, frontier: &Frontier) -> Option<Grade> {
        let default = || {
            self.first
                .and_then(|(o, found)| self.history.grade_of(&o.code, found))
        };
        values::grade(self.history, frontier).or_else(default)
    }
}

/// Checks one guard.
pub(super) fn check(
    guard: Guard,
    s: &Situation<'_, '_>,
    grant: &Grant,
    frontier: &Frontier,
) -> Result<(), VoidReason> {
    use VoidReason as R;
    let (holds, reason) = match guard {
        Guard::PhotoRequired => (!s.body().photos().is_empty(), R::PhotoMissing),
        Guard::AfterPhoto => (evidence::after_photo(s.body()), R::AfterPhotoMissing),
        Guard::BeforeSeen => (evidence::before_seen(s), R::BeforePhotoMissing),
        Guard::NoRepeatedEvidence => (!evidence::repeated_seen(s), R::EvidenceRepeated),
        Guard::SameVisit => (evidence::same_visit(s), R::TooLate),
        Guard::PromiseDated => (evidence::promise_dated(s.body()), R::Incomplete),
        Guard::StreetAndDepartment => (evidence::two_recipients(s.body()), R::RecipientsMissing),
        Guard::DissuadedFirst => (evidence::dissuaded_first(s), R::DissuadeFirst),
        Guard::OrderComplete
        | Guard::FactsGiven
        | Guard::EscalationComplete
        | Guard::DocumentGiven
        | Guard::CaseNumbered => (evidence::complete(s.body()), R::Incomplete),
        Guard::StepFollows => (decision::step_follows(s), R::StepOutOfOrder),
        Guard::OrderKnown | Guard::PhotoKnown => (evidence::target_known(s), R::TargetUnknown),
        Guard::BothRecordsSeen => (evidence::other_seen(s.body()), R::OtherRecordNotSeen),
        Guard::Finder => (people::is_finder(s, grant), R::RoleMayNot),
        Guard::FinderOrManager => (people::finder_or_manager(s, grant), R::RoleMayNot),
        Guard::NotFinder => (!people::is_finder(s, grant), R::SamePerson),
        Guard::NotClaimant => (!people::claimed_it(s, grant), R::SamePerson),
        Guard::OtherOrganThanClaimant => (!people::organ_claimed_it(s, grant), R::SamePerson),
        Guard::NotRechecker => (!people::rechecked_it(s, grant), R::SamePerson),
        Guard::VerifiedByAnother => (
            people::verified_by_another(s, grant),
            R::SecondPersonMissing,
        ),
        Guard::ReceivingOrgan => (people::receives(s, grant, frontier), R::NotTheReceiver),
        Guard::SendingOrgan => (people::sent_it(s, grant, frontier), R::NotTheSender),
        Guard::ResponsibleParty => (
            people::is_responsible(s, grant, frontier),
            R::NotResponsible,
        ),
        Guard::IssuerOrHigher => (people::issuer_or_higher(s, grant), R::NotTheIssuer),
        Guard::ReporterSoon => (people::reporter_soon(s, grant), R::TooLate),
        Guard::NoOpenConflict => (!frontier.is_contested(s.history), R::ConflictOpen),
        Guard::NoUnknownEvent => (!s.history.has_unknown, R::UnknownEvent),
        Guard::MayCloseGrade => (
            decision::may_close(grant.role, s.grade(frontier)),
            R::GradeTooHigh,
        ),
        Guard::MajorStands => (s.grade(frontier) != Some(Grade::G3), R::MajorStands),
        Guard::BeforeDeadline => (decision::before_deadline(s, frontier), R::DeadlinePassed),
        Guard::NotPartyToConflict => (
            decision::may_resolve(s, grant, frontier),
            R::NotForThemToDecide,
        ),
    };
    if holds { Ok(()) } else { Err(reason) }
}
