//! Every row of the transition table: which author may take it from which state, and which may not.

use std::collections::BTreeSet;

use super::*;
use crate::history::Step;

/// Row, state before, author, event, state after.
#[rustfmt::skip]
fn allowed() -> Vec<(&'static str, u16, Who, EventBody, u16)> {
    use {DissuasionResult as D, GovOutcome as G, GovStage as S, TransferOutcome as O};
    vec![
        ("T01", 60, MANAGER, observe(), 60),
        ("T02", 10, MANAGER, fix_on_spot(), 15),
        ("T02", 10, GRID, fix_on_spot(), 15),
        ("T03", 15, COMMUNITY, EventBody::ConfirmSpotFix(reason()), 70),
        ("T04", 10, GRID, dissuade(D::Refused), 20),
        ("T04", 65, MANAGER, dissuade(D::Promised), 20),
        ("T05", 20, MANAGER, dissuade(D::Complied), 15),
        ("T06", 20, PATROL, report(), 30),
        ("T06", 65, GRID, report(), 30),
        ("T07", 30, STREET, assign(), 50),
        ("T08", 30, COUNTY, order(), 40),
        ("T08", 65, FIRE, order(), 40),
        ("T09", 20, STREET, transfer(), 35),
        ("T09", 35, COUNTY, transfer_withdraw(), 30),
        ("T10", 35, FIRE, transfer_accept(), 36),
        ("T11", 35, FIRE, transfer_return(), 30),
        ("T12", 36, FIRE, transfer_result(O::Ordered), 40),
        ("T12", 36, FIRE, transfer_result(O::Fixed), 60),
        ("T12", 36, FIRE, transfer_result(O::Verified), 70),
        ("T12", 36, FIRE, transfer_result(O::Unfounded), 95),
        ("T13", 40, MANAGER, start_rectify(), 50),
        ("T13", 36, FIRE, start_rectify(), 50),
        ("T14", 50, MANAGER, claim_fixed(), 60),
        ("T14", 50, PATROL, claim_fixed(), 60),
        ("T15", 60, COMMUNITY, recheck_pass(), 70),
        ("T16", 60, FIRE, recheck_fail(), 65),
        ("T16", 50, GRID, recheck_fail(), 50),
        ("T16", 80, COMMUNITY, recheck_fail(), 65),
        ("T16", 95, COMMUNITY, recheck_fail(), 65),
        ("T17", 70, COUNTY, close(), 80),
        ("T17", 70, STREET, close(), 80),
        ("T18", 80, VOLUNTEER, reopen(), 10),
        ("T18", 80, GRID, observe(), 10),
        ("T18", 95, GRID, observe(), 10),
        ("T18", 95, VOLUNTEER, reopen(), 10),
        ("T19", 50, COUNTY, escalate(), 90),
        ("T19", 10, CITY, escalate(), 90),
        ("T20", 90, COUNTY, gov_decision(G::Order), 40),
        ("T20", 90, CITY, gov_decision(G::Rectify), 50),
        ("T20", 90, CITY, gov_progress(S::Solved), 60),
        ("T21", 11, COUNTY, void(), 95),
        ("T22", 50, STREET, mark_duplicate(), 96),
        ("T22", 80, COUNTY, mark_duplicate(), 96),
        ("T23", 96, COUNTY, unmerge(), 10),
        ("T24", 40, COUNTY_TOO, extend_to(20), 40),
        ("T24", 40, CITY, extend_to(20), 40),
        ("T25", 80, COUNTY, regrade(Grade::G2), 80),
        ("T25", 10, FIRE, regrade(Grade::G3), 10),
        ("T26", 10, GRID, recode("EG-07"), 10),
        ("T26", 50, COUNTY, recode("EG-07"), 50),
        ("T26", 10, GRID, relocate("5栋"), 10),
        ("T26", 10, GRID, correct_count(12), 10),
        ("T27", 80, FIRE, penalty(), 80),
        ("T28", 60, GRID, photo_role(), 60),
        ("T28", 50, MANAGER, clearance(8), 50),
    ]
}

/// Row, state before, author, event.
#[rustfmt::skip]
fn proposed() -> Vec<(&'static str, u16, Who, EventBody)> {
    vec![
        ("T21", 10, COMMUNITY, void()),
        ("T22", 50, MANAGER, mark_duplicate()),
        ("T25", 10, GRID, regrade(Grade::G3Suspected)),
        ("T26", 10, MANAGER, recode("EG-07")),
        ("T26", 50, GRID, relocate("5栋")),
        ("T26", 10, MANAGER, correct_count(12)),
    ]
}

/// Row, state before, author, event, void reason.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table")]
fn refused() -> Vec<(&'static str, u16, Who, EventBody, VoidReason)> {
    use {DissuasionResult as D, GovOutcome as G, GovStage as S, TransferOutcome as O, VoidReason as R};
    let one_recipient = || EventBody::Report(ViolationReport {
        recipients: vec![OrganId([4; 16]); 2], note: text("已上报"), immediate_danger: false,
    });
    let blank_order = || EventBody::Order(RectificationOrder {
        number: Label::default(), temporary: true, basis: Short::default(),
        deadline: DeviceTime(START), photos: Vec::new(), responsible: None,
    });
    let unseen = || EventBody::MarkDuplicate(Duplicate {
        of: DocId([3; 16]), reason: Short::default(), seen: Vec::new(),
    });
    let unverified = || EventBody::Void(Voiding { reason: text("不是隐患"), verified_by: None });
    let undated = || EventBody::Dissuade(Dissuasion {
        method: DissuasionMethod::Oral, result: D::Promised, note: text("承诺"), photos: Vec::new(), promised_until: None,
    });
    let bare_escalation = || EventBody::Escalate(Escalation {
        class: EscalationClass::Legacy, letter: Label::default(), interim_measures: Short::default(), note: text("历史遗留"),
    });
    let no_case = || EventBody::PenaltyLink(PenaltyLink { case: Label::default(), stage: PenaltyStage::Filed });
    let no_minutes = || EventBody::GovDecision(GovDecision {
        outcome: G::Order, minutes: Label::default(), lead: None, deadline: None, listed: false,
    });
    let no_facts = || EventBody::Transfer(Transfer { to: OrganId([6; 16]), facts: text(""), photos: Vec::new() });
    vec![
        ("T01", 60, DEPARTMENT, observe(), R::RoleMayNot),
        ("T02", 10, MANAGER, EventBody::FixOnSpot(without_photo()), R::PhotoMissing),
        ("T02", 10, MANAGER, EventBody::FixOnSpot(Evidence { photos: vec![before()], ..evidence() }), R::AfterPhotoMissing),
        ("T02", 10, VOLUNTEER, fix_on_spot(), R::RoleMayNot),
        ("T02", 60, MANAGER, fix_on_spot(), R::IllegalFromState),
        ("T03", 15, MANAGER, EventBody::ConfirmSpotFix(reason()), R::RoleMayNot),
        ("T04", 10, COUNTY, dissuade(D::Refused), R::RoleMayNot),
        ("T04", 10, MANAGER, undated(), R::Incomplete),
        ("T05", 30, MANAGER, dissuade(D::Complied), R::IllegalFromState),
        ("T06", 50, GRID, report(), R::IllegalFromState),
        ("T06", 10, GRID, one_recipient(), R::RecipientsMissing),
        ("T07", 30, GRID, assign(), R::RoleMayNot),
        ("T08", 30, MANAGER, order(), R::RoleMayNot),
        ("T08", 30, COUNTY, blank_order(), R::Incomplete),
        ("T08", 40, COUNTY, official_number(EventId([9; 12])), R::TargetUnknown),
        ("T09", 10, GRID, transfer(), R::RoleMayNot),
        ("T09", 10, COUNTY, no_facts(), R::Incomplete),
        ("T09", 35, STREET, transfer_withdraw(), R::NotTheSender),
        ("T10", 35, URBAN, transfer_sign(), R::NotTheReceiver),
        ("T10", 35, URBAN, transfer_accept(), R::NotTheReceiver),
        ("T11", 35, URBAN, transfer_return(), R::NotTheReceiver),
        ("T11", 36, FIRE, transfer_return(), R::StepOutOfOrder),
        ("T12", 36, URBAN, transfer_result(O::Fixed), R::NotTheReceiver),
        ("T12", 36, GRID, transfer_result(O::Unfounded), R::RoleMayNot),
        ("T13", 10, MANAGER, start_rectify(), R::IllegalFromState),
        ("T13", 40, PATROL, start_rectify(), R::NotResponsible),
        ("T14", 50, MANAGER, EventBody::ClaimFixed(without_photo()), R::PhotoMissing),
        ("T14", 50, GRID, claim_fixed(), R::NotResponsible),
        ("T15", 60, PATROL, recheck_pass(), R::RoleMayNot),
        ("T15", 60, COMMUNITY, EventBody::RecheckPass(without_photo()), R::PhotoMissing),
        ("T16", 60, MANAGER, recheck_fail(), R::RoleMayNot),
        ("T17", 60, COUNTY, close(), R::IllegalFromState),
        ("T17", 70, MANAGER, close(), R::RoleMayNot),
        ("T18", 70, GRID, reopen(), R::IllegalFromState),
        ("T18", 80, GRID, EventBody::Reopen(without_photo()), R::PhotoMissing),
        ("T19", 80, COUNTY, escalate(), R::IllegalFromState),
        ("T19", 50, STREET, escalate(), R::RoleMayNot),
        ("T19", 50, COUNTY, bare_escalation(), R::Incomplete),
        ("T20", 50, COUNTY, gov_decision(G::Order), R::StepOutOfOrder),
        ("T20", 90, COUNTY, no_minutes(), R::Incomplete),
        ("T20", 10, COUNTY, gov_progress(S::Solved), R::StepOutOfOrder),
        ("T21", 50, COUNTY, void(), R::IllegalFromState),
        ("T21", 10, STREET, void(), R::RoleMayNot),
        ("T21", 10, COUNTY, unverified(), R::SecondPersonMissing),
        ("T22", 95, COUNTY, mark_duplicate(), R::IllegalFromState),
        ("T22", 10, COUNTY, unseen(), R::OtherRecordNotSeen),
        ("T22", 10, VOLUNTEER, mark_duplicate(), R::RoleMayNot),
        ("T23", 10, COUNTY, unmerge(), R::IllegalFromState),
        ("T23", 96, STREET, unmerge(), R::RoleMayNot),
        ("T24", 40, FIRE, extend_to(20), R::NotTheIssuer),
        ("T24", 40, STREET, extend_to(20), R::NotTheIssuer),
        ("T24", 50, STREET, extend_to(20), R::DeadlinePassed),
        ("T25", 10, COUNTY, regrade(Grade::G3), R::RoleMayNot),
        ("T25", 10, GRID, regrade(Grade::G3), R::RoleMayNot),
        ("T26", 10, DEPARTMENT, recode("EG-07"), R::RoleMayNot),
        ("T26", 10, DEPARTMENT, relocate("5栋"), R::RoleMayNot),
        ("T26", 10, DEPARTMENT, correct_count(12), R::RoleMayNot),
        ("T27", 10, COUNTY, penalty(), R::RoleMayNot),
        ("T27", 10, FIRE, no_case(), R::Incomplete),
        ("T27", 10, FIRE, penalty_at(PenaltyStage::Decided), R::StepOutOfOrder),
        ("T28", 10, STRANGER, note(), R::GrantOtherArea),
        ("T28", 10, DEPARTMENT, photo_role(), R::RoleMayNot),
        ("T28", 10, CITY, clearance(8), R::RoleMayNot),
        ("T29", 10, GRID, redact(&[]), R::RoleMayNot),
    ]
}

#[test]
fn every_allowed_transition_leads_where_the_table_says() {
    let mut wrong = Vec::new();
    for (row, way, who, body, to) in allowed() {
        let mut story = Story::told(&way_to(way));
        let from = story.state().state;
        let name = body.name();
        let id = story.then(who, body);
        let expected = Verdict::Accepted {
            step: Some(Step {
                transition: row.to_owned(),
                from,
                to: StateCode(to),
            }),
        };
        let found = (story.verdict(id), story.state().state);
        if found != (expected, StateCode(to)) {
            wrong.push(format!("{row} {name} from {from}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_not_allowed_stays_in_the_history_and_changes_nothing() {
    let mut wrong = Vec::new();
    for (row, from, who, body, reason) in refused() {
        let mut story = Story::told(&way_to(from));
        let before = story.state();
        let name = body.name();
        let id = story.then(who, body);
        let verdict = story.verdict(id);
        if verdict != (Verdict::Void { reason }) {
            wrong.push(format!(
                "{row} {name} from {from}: {verdict:?}, not {reason:?}"
            ));
            continue;
        }
        let after = story.state();
        let shown = |s: &HazardState| (s.state, s.cycle, s.flags, s.conflicts.len());
        assert_eq!(shown(&after), shown(&before), "{row} {name} from {from}");
        assert_eq!(after.history.len(), before.history.len() + 1);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn who_may_only_propose_changes_nothing_until_a_reviewer_states_it() {
    for (row, from, who, body) in proposed() {
        let mut story = Story::told(&way_to(from));
        let before = story.state();
        let id = story.then(who, body.clone());
        let transition = row.to_owned();
        assert_eq!(story.verdict(id), Verdict::Proposed { transition }, "{row}");
        let state = story.state();
        assert_eq!(
            (state.state, &state.values),
            (before.state, &before.values),
            "{row}"
        );
        assert_eq!(
            (state.proposals, state.flags.proposal_open),
            (vec![id], true),
            "{row}"
        );
        story.then(COUNTY, body);
        assert_eq!(story.state().proposals, [], "{row}");
    }
}

#[test]
fn remarks_and_photos_move_nothing() {
    for from in [10, 50, 80, 95] {
        let mut story = Story::told(&way_to(from));
        for body in [note(), EventBody::AddPhoto(evidence())] {
            let id = story.then(MANAGER, body);
            assert_eq!(story.verdict(id), Verdict::Added);
        }
        assert_eq!(story.state().state, StateCode(from));
    }
}

#[test]
fn a_row_of_the_table_without_a_story_fails_here() {
    let rules = &Catalogue::embedded().rules;
    // Events that only add, and resolutions, are covered by other tests.
    let adds = [
        "note",
        "add_photo",
        "redact",
        "transfer_sign",
        "official_number",
    ];
    let rows: BTreeSet<_> = rules
        .transitions
        .iter()
        .map(|t| (t.id.as_str(), t.event.as_str()))
        .collect();
    let rows: BTreeSet<_> = rows
        .into_iter()
        .filter(|(id, event)| *id != "R01" && !adds.contains(event))
        .collect();
    let allowed: BTreeSet<_> = allowed()
        .iter()
        .map(|(row, _, _, body, _)| (*row, body.name()))
        .collect();
    let refused: BTreeSet<_> = refused()
        .iter()
        .map(|(row, _, _, body, _)| (*row, body.name()))
        .collect();
    let told = |set: &BTreeSet<(&str, &str)>, row: &(&str, &str)| set.contains(row);
    let untold: Vec<_> = rows
        .iter()
        .filter(|row| !told(&allowed, row) || !refused.iter().any(|(id, _)| id == &row.0))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[test]
fn inv_05_claimant_rechecker_and_closer_are_three_people_of_two_organisations() {
    let same = Verdict::Void {
        reason: VoidReason::SamePerson,
    };
    // A recheck by a colleague of the claimant's department.
    let mut story = Story::told(&[(STREET, assign()), (URBAN, claim_fixed())]);
    let own = story.then(URBAN, recheck_pass());
    let colleague = story.then(URBAN_TOO, recheck_pass());
    assert_eq!(
        (story.verdict(own), story.verdict(colleague)),
        (same.clone(), same.clone())
    );
    // The author of the recheck may not close; another county reviewer may.
    let mut story = Story::told(&way_to(60));
    story.then(COUNTY, recheck_pass());
    let own = story.then(COUNTY, close());
    assert_eq!(story.verdict(own), same);
    story.then(COUNTY_TOO, close());
    assert_eq!(story.state().state, StateCode(80));
    // A finder may not declare the own finding void.
    let mut story = Story::new();
    story.then(COUNTY, observe());
    let own = story.then(COUNTY, void());
    assert_eq!(story.verdict(own), same);
    // The author who reported a transfer as verified may not close the hazard.
    let mut story = Story::told(&way_to(36));
    story.then(FIRE, transfer_result(TransferOutcome::Verified));
    let own = story.then(FIRE, close());
    assert_eq!(story.verdict(own), same);
    // The author who fixed the hazard on the spot may not confirm the fix.
    let mut story = Story::new();
    story.then(COMMUNITY, observe());
    story.then(COMMUNITY, fix_on_spot());
    let own = story.then(COMMUNITY, EventBody::ConfirmSpotFix(reason()));
    assert_eq!(story.verdict(own), same);
}

#[test]
fn a_grade_above_the_reviewers_reach_is_not_closed_there() {
    let too_high = Verdict::Void {
        reason: VoidReason::GradeTooHigh,
    };
    for (grade, street, county) in [
        ("G1", true, true),
        ("G2", false, true),
        ("G3_suspected", false, false),
    ] {
        let kinds = &Catalogue::embedded().kinds.kinds;
        let kind = kinds.iter().find(|k| k.grade.name() == grade).unwrap();
        let told = |who| {
            let mut story = Story::new();
            story.then(GRID, observe_kind(&kind.code));
            for (who, body) in way_to(70) {
                story.then(who, body);
            }
            let id = story.then(who, close());
            story.verdict(id)
        };
        assert_eq!(told(STREET) != too_high, street, "{grade}");
        assert_eq!(told(COUNTY) != too_high, county, "{grade}");
        assert!(matches!(told(FIRE), Verdict::Accepted { .. }), "{grade}");
    }
}

#[test]
fn a_grant_that_is_not_the_authors_gives_nothing() {
    let mut story = Story::told(&[]);
    let id = story.then(MANAGER, fix_on_spot());
    let event = &mut story.events[1].event;
    event.author = PersonId([99; 16]);
    assert_eq!(
        story.verdict(id),
        Verdict::Void {
            reason: VoidReason::GrantNotTheirs
        }
    );
    story.events[1].event.grant = GrantId::from_slice(&[99; GrantId::LEN]).unwrap();
    assert_eq!(
        story.verdict(id),
        Verdict::Void {
            reason: VoidReason::GrantUnknown
        }
    );
}
