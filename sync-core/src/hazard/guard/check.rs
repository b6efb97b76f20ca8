//! Checks a guard by its name in the tables.

use super::{decision, evidence, people, situation::Situation};
use crate::{
    catalogue::{Grade, Guard},
    hazard::frontier::HazardFrontier,
    history::{VoidReason, is_blocked_by_unknown},
    record::Grant,
};

/// Checks one guard.
pub(in crate::hazard) fn check(
    guard: Guard,
    s: &Situation<'_, '_>,
    grant: &Grant,
    frontier: &HazardFrontier,
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
        Guard::NoUnknownEvent => (!is_blocked_by_unknown(s.history), R::UnknownEvent),
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
