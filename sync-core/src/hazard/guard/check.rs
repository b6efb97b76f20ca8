//! Checks a guard by its name in the tables.

use super::{decision, evidence, people, situation::Situation};
use crate::{
    catalogue::{Guard, may_end},
    hazard::steps,
    history::VoidReason,
};

/// Checks one guard.
pub(in crate::hazard) fn check(guard: Guard, s: &Situation<'_, '_, '_>) -> Result<(), VoidReason> {
    use VoidReason as R;
    let (holds, reason) = match guard {
        Guard::PhotoRequired => (!s.body().photos().is_empty(), R::PhotoMissing),
        Guard::AfterPhoto => (evidence::after_photo(s.body()), R::AfterPhotoMissing),
        Guard::BeforeSeen => (evidence::before_seen(s), R::BeforePhotoMissing),
        Guard::NoRepeatedEvidence => (!evidence::repeated_seen(s), R::EvidenceRepeated),
        // Whether the fix was stated during its visit is decided by what receipts prove (`effect.rs`).
        Guard::SameVisit => (true, R::TooLate),
        Guard::PromiseDated => (evidence::promise_dated(s.body()), R::Incomplete),
        Guard::StreetAndDepartment => (evidence::two_recipients(s.body()), R::RecipientsMissing),
        Guard::DissuadedFirst => (evidence::dissuaded_first(s), R::DissuadeFirst),
        Guard::OrderComplete
        | Guard::FactsGiven
        | Guard::EscalationComplete
        | Guard::DocumentGiven
        | Guard::CaseNumbered => (evidence::complete(s.body()), R::Incomplete),
        Guard::OrderKnown | Guard::PhotoKnown => (evidence::target_known(s), R::TargetUnknown),
        Guard::BothRecordsSeen => (evidence::other_seen(s.body()), R::OtherRecordNotSeen),
        Guard::Finder => (people::is_finder(s), R::RoleMayNot),
        Guard::FinderOrManager => (people::finder_or_manager(s), R::RoleMayNot),
        Guard::NotFinder => (!people::made_a_finding(s), R::SamePerson),
        Guard::NotClaimant => (!people::claimed_it(s), R::SamePerson),
        Guard::OtherOrganThanClaimant => (!people::organ_claimed_it(s), R::SamePerson),
        Guard::NotRechecker => (!people::rechecked_it(s), R::SamePerson),
        Guard::VerifiedByAnother => (people::verified_by_another(s), R::SecondPersonMissing),
        Guard::ResponsibleParty => (people::is_responsible(s), R::NotResponsible),
        Guard::IssuerOrHigher => (people::issuer_or_higher(s), R::NotTheIssuer),
        Guard::ReporterSoon => (people::reporter_soon(s), R::TooLate),
        Guard::TransferStep => return steps::transfer_step(s.known, s.at, s.view),
        Guard::Escalated => (
            !steps::escalations(s.known, s.at, s.view).is_empty(),
            R::StepOutOfOrder,
        ),
        Guard::StepFollows => (
            steps::step_follows(s.known, s.at, s.view),
            R::StepOutOfOrder,
        ),
        Guard::NoOpenConflict => (!decision::is_blocked(s), R::ConflictOpen),
        Guard::NoUnknownEvent => (!decision::knows_unknown(s), R::UnknownEvent),
        Guard::MayEndGrade => (may_end(s.grant.role, s.grade()), R::GradeTooHigh),
        Guard::HigherForOfficial => (decision::is_high_enough(s), R::GradeTooHigh),
        Guard::MajorStands => (!decision::knows_major(s), R::MajorStands),
        Guard::BeforeDeadline => (decision::before_deadline(s), R::DeadlinePassed),
        Guard::NotPartyToConflict => (decision::may_resolve(s), R::NotForThemToDecide),
    };
    if holds { Ok(()) } else { Err(reason) }
}
