//! Every row of the table of transitions: who may, from where, and who may not.

use std::collections::BTreeSet;

use super::*;

/// Row, state before, who, what, state after.
fn allowed() -> Vec<(&'static str, u16, Who, EventBody, u16)> {
    vec![
        ("T01", 60, MANAGER, observe(), 60),
        ("T02", 10, MANAGER, fix_on_spot(), 15),
        ("T02", 10, GRID, fix_on_spot(), 15),
        (
            "T03",
            15,
            COMMUNITY,
            EventBody::ConfirmSpotFix(reason()),
            70,
        ),
        ("T04", 10, GRID, dissuade(DissuasionResult::Refused), 20),
        ("T04", 65, MANAGER, dissuade(DissuasionResult::Promised), 20),
        ("T05", 20, MANAGER, dissuade(DissuasionResult::Complied), 15),
        ("T06", 20, PATROL, report(), 30),
        ("T07", 30, STREET, assign(), 50),
        ("T08", 30, COUNTY, order(), 40),
        ("T13", 40, MANAGER, start_rectify(), 50),
        ("T14", 50, MANAGER, claim_fixed(), 60),
        ("T15", 60, COMMUNITY, recheck_pass(), 70),
        ("T16", 60, FIRE, recheck_fail(), 65),
        ("T16", 50, GRID, recheck_fail(), 50),
        ("T17", 70, COUNTY, close(), 80),
        ("T17", 70, STREET, close(), 80),
        ("T18", 80, VOLUNTEER, reopen(), 10),
        ("T18", 80, GRID, observe(), 10),
        ("T21", 10, COUNTY, void(), 95),
        ("T22", 50, STREET, mark_duplicate(), 96),
    ]
}

/// Row, state before, who, what, why not.
fn refused() -> Vec<(&'static str, u16, Who, EventBody, VoidReason)> {
    use VoidReason as R;
    vec![
        ("T01", 95, GRID, observe(), R::IllegalFromState),
        ("T01", 60, DEPARTMENT, observe(), R::RoleMayNot),
        (
            "T02",
            10,
            MANAGER,
            EventBody::FixOnSpot(without_photo()),
            R::PhotoMissing,
        ),
        ("T02", 10, VOLUNTEER, fix_on_spot(), R::RoleMayNot),
        ("T02", 60, MANAGER, fix_on_spot(), R::IllegalFromState),
        (
            "T03",
            15,
            MANAGER,
            EventBody::ConfirmSpotFix(reason()),
            R::RoleMayNot,
        ),
        (
            "T04",
            10,
            COUNTY,
            dissuade(DissuasionResult::Refused),
            R::RoleMayNot,
        ),
        (
            "T05",
            30,
            MANAGER,
            dissuade(DissuasionResult::Complied),
            R::IllegalFromState,
        ),
        ("T06", 50, GRID, report(), R::IllegalFromState),
        ("T07", 30, GRID, assign(), R::RoleMayNot),
        ("T08", 30, MANAGER, order(), R::RoleMayNot),
        ("T13", 10, MANAGER, start_rectify(), R::IllegalFromState),
        (
            "T14",
            50,
            MANAGER,
            EventBody::ClaimFixed(without_photo()),
            R::PhotoMissing,
        ),
        ("T14", 50, GRID, claim_fixed(), R::RoleMayNot),
        ("T15", 60, PATROL, recheck_pass(), R::RoleMayNot),
        (
            "T15",
            60,
            COMMUNITY,
            EventBody::RecheckPass(without_photo()),
            R::PhotoMissing,
        ),
        ("T16", 60, MANAGER, recheck_fail(), R::RoleMayNot),
        ("T16", 80, COMMUNITY, recheck_fail(), R::IllegalFromState),
        ("T17", 60, COUNTY, close(), R::IllegalFromState),
        ("T17", 70, MANAGER, close(), R::RoleMayNot),
        ("T18", 70, GRID, reopen(), R::IllegalFromState),
        (
            "T18",
            80,
            GRID,
            EventBody::Reopen(without_photo()),
            R::PhotoMissing,
        ),
        ("T21", 50, COUNTY, void(), R::IllegalFromState),
        ("T21", 10, STREET, void(), R::RoleMayNot),
        ("T22", 80, COUNTY, mark_duplicate(), R::IllegalFromState),
        ("T22", 10, GRID, mark_duplicate(), R::RoleMayNot),
        ("T28", 10, STRANGER, note(), R::GrantOtherArea),
        ("T28", 10, FORMER, note(), R::GrantOtherTime),
    ]
}

#[test]
fn every_allowed_transition_leads_where_the_table_says() {
    for (row, from, who, body, to) in allowed() {
        let mut story = Story::told(&way_to(from));
        let name = body.name();
        let id = story.then(who, body);
        let expected = Verdict::Accepted {
            transition: row.to_owned(),
            from: StateCode(from),
            to: StateCode(to),
        };
        assert_eq!(story.verdict(id), expected, "{row} {name} from {from}");
        assert_eq!(
            story.state().state,
            StateCode(to),
            "{row} {name} from {from}"
        );
    }
}

#[test]
fn what_is_not_allowed_stays_in_the_history_and_changes_nothing() {
    for (row, from, who, body, reason) in refused() {
        let mut story = Story::told(&way_to(from));
        let before = story.state();
        let name = body.name();
        let id = story.then(who, body);
        assert_eq!(
            story.verdict(id),
            Verdict::Void { reason },
            "{row} {name} from {from}"
        );
        let after = story.state();
        let stands = (after.state, after.cycle, after.flags, after.conflicts.len());
        let stood = (
            before.state,
            before.cycle,
            before.flags,
            before.conflicts.len(),
        );
        assert_eq!(stands, stood, "{row} {name} from {from}");
        assert_eq!(after.history.len(), before.history.len() + 1);
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
    // Remarks and resolutions have stories of their own.
    let own = ["T28", "R01"];
    let rows: BTreeSet<_> = rules
        .transitions
        .iter()
        .map(|t| (t.id.as_str(), t.event.as_str()))
        .collect();
    let rows: BTreeSet<_> = rows
        .into_iter()
        .filter(|(id, _)| !own.contains(id))
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
    // A closing by who rechecked; another county reviewer may.
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
    // Who fixed on the spot does not confirm it.
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
