//! Pairs of events whose authors had not seen each other, in both orders of arrival.

use std::collections::BTreeSet;

use super::*;
use crate::catalogue::Class;

type Said = (Who, EventBody);
/// Row, state that both had seen, one event, the other, the state that holds, whether a reviewer must decide.
type Pair = (&'static str, u16, Said, Said, u16, bool);

fn pairs() -> Vec<Pair> {
    let refused = || dissuade(DissuasionResult::Refused);
    vec![
        (
            "C-07",
            50,
            (MANAGER, claim_fixed()),
            (GRID, recheck_pass()),
            70,
            false,
        ),
        (
            "C-04",
            10,
            (MANAGER, fix_on_spot()),
            (GRID, refused()),
            20,
            true,
        ),
        (
            "C-04",
            10,
            (MANAGER, fix_on_spot()),
            (GRID, report()),
            30,
            true,
        ),
        (
            "C-06",
            50,
            (MANAGER, claim_fixed()),
            (GRID, recheck_fail()),
            65,
            true,
        ),
        (
            "C-06",
            10,
            (MANAGER, fix_on_spot()),
            (COMMUNITY, recheck_fail()),
            65,
            true,
        ),
        (
            "C-08",
            60,
            (COMMUNITY, recheck_pass()),
            (FIRE, recheck_fail()),
            65,
            true,
        ),
        (
            "C-10",
            70,
            (COUNTY, close()),
            (FIRE, recheck_fail()),
            65,
            true,
        ),
        ("C-10", 70, (COUNTY, close()), (GRID, observe()), 70, true),
        (
            "C-12",
            10,
            (COUNTY, order()),
            (FIRE, order_numbered("消责改字2024第2号")),
            40,
            true,
        ),
        (
            "C-13",
            10,
            (STREET, assign()),
            (COUNTY, assign_to(3)),
            50,
            true,
        ),
        ("C-21", 10, (COUNTY, void()), (GRID, report()), 30, true),
        ("C-00", 10, (STREET, assign()), (GRID, report()), 30, true),
    ]
}

#[test]
fn every_pair_holds_what_the_table_says_in_both_orders_of_arrival() {
    for (row, base, one, other, holds, decides) in pairs() {
        let mut story = Story::told(&way_to(base));
        let seen = newest(&story.events);
        let a = story.after(one.0, &seen, one.1);
        let b = story.after(other.0, &seen, other.1);
        let state = story.state();
        let mut turned = story.events.clone();
        turned.reverse();
        assert_eq!(state, story.of(&turned), "{row}");
        assert_eq!(state.state, StateCode(holds), "{row} {:?}", state.history);
        assert_eq!(
            state.flags.conflict_open, decides,
            "{row} {:?}",
            state.conflicts
        );
        if decides {
            let [
                Conflict {
                    rule,
                    one,
                    other,
                    resolved_by: None,
                    ..
                },
            ] = state.conflicts.as_slice()
            else {
                panic!("{row}: {:?}", state.conflicts);
            };
            assert_eq!((rule.as_str(), *one, *other), (row, a.min(b), a.max(b)));
        }
    }
}

#[test]
fn a_pair_of_the_table_without_a_story_fails_here() {
    let told: BTreeSet<_> = pairs().iter().map(|(row, ..)| (*row).to_owned()).collect();
    let rules = &Catalogue::embedded().rules;
    let rows: BTreeSet<_> = rules
        .concurrent
        .iter()
        .chain([&rules.default])
        .map(|p| p.id.clone())
        .collect();
    assert_eq!(told, rows);
}

/// The manager says fixed, the inspector sees it still there.
fn quarrel() -> (Story, EventId, EventId) {
    let mut story = Story::told(&way_to(50));
    let seen = newest(&story.events);
    let fixed = story.after(MANAGER, &seen, claim_fixed());
    let there = story.after(GRID, &seen, recheck_fail());
    (story, fixed, there)
}

#[test]
fn inv_03_an_open_conflict_holds_closing() {
    let (mut story, ..) = quarrel();
    story.then(MANAGER, claim_fixed());
    story.then(COMMUNITY, recheck_pass());
    assert_eq!(story.state().state, StateCode(70));
    let id = story.then(COUNTY, close());
    assert_eq!(
        story.verdict(id),
        Verdict::Void {
            reason: VoidReason::ConflictOpen
        }
    );
    assert!(story.state().flags.conflict_open);
}

#[test]
fn a_resolution_by_somebody_else_ends_the_conflict_and_names_what_holds() {
    let (mut story, fixed, there) = quarrel();
    let id = story.then(STREET, resolve(&[fixed, there], fixed));
    let state = story.state();
    assert!(matches!(story.verdict(id), Verdict::Accepted { .. }));
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(60), false)
    );
    assert_eq!(state.conflicts[0].resolved_by, Some(id));
    story.then(COMMUNITY, recheck_pass());
    story.then(COUNTY, close());
    assert_eq!(story.state().state, StateCode(80));
}

#[test]
fn a_party_to_the_conflict_does_not_decide_it() {
    let mut story = Story::told(&way_to(60));
    let seen = newest(&story.events);
    let pass = story.after(COMMUNITY, &seen, recheck_pass());
    let fail = story.after(FIRE, &seen, recheck_fail());
    let theirs = Verdict::Void {
        reason: VoidReason::NotForThemToDecide,
    };
    let own = story.then(COMMUNITY, resolve(&[pass, fail], pass));
    assert_eq!(story.verdict(own), theirs);
    // Nor does a resolution that names only one side, or something that is no conflict.
    let half = story.then(STREET, resolve(&[own, pass], pass));
    assert_eq!(story.verdict(half), theirs);
    assert!(story.state().flags.conflict_open);
}

#[test]
fn two_resolutions_apart_that_disagree_leave_the_more_open_state_and_a_conflict() {
    let (mut story, fixed, there) = quarrel();
    let seen = newest(&story.events);
    story.after(STREET, &seen, resolve(&[fixed, there], fixed));
    story.after(COUNTY, &seen, resolve(&[fixed, there], there));
    let state = story.state();
    assert!(state.flags.conflict_open, "{:?}", state.conflicts);
    assert!(
        !matches!(state.state, StateCode(60)),
        "the more open one holds"
    );
}

#[test]
fn a_late_look_from_before_the_closing_takes_it_back_until_somebody_decides() {
    let mut story = Story::told(&way_to(60));
    let seen = newest(&story.events);
    story.then(COMMUNITY, recheck_pass());
    story.then(COUNTY, close());
    assert_eq!(story.state().state, StateCode(80));
    // A phone that was in the basement meanwhile.
    story.after(FIRE, &seen, recheck_fail());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(65), true)
    );
}

#[test]
fn inv_30_an_event_of_a_version_to_come_holds_closing() {
    let mut story = Story::told(&way_to(60));
    let id = story.then(DEPARTMENT, unknown());
    story.then(COMMUNITY, recheck_pass());
    let closing = story.then(COUNTY, close());
    assert_eq!(story.verdict(id), Verdict::Unknown);
    assert_eq!(
        story.verdict(closing),
        Verdict::Void {
            reason: VoidReason::UnknownEvent
        }
    );
    let state = story.state();
    assert!(state.flags.unknown_events);
    assert_eq!(state.state, StateCode(70));
}

#[test]
fn conflicts_are_of_the_class_that_a_reviewer_decides() {
    let (story, ..) = quarrel();
    assert!(
        story
            .state()
            .conflicts
            .iter()
            .all(|c| c.class == Some(Class::C))
    );
}

#[test]
fn two_people_who_say_the_same_do_not_quarrel() {
    for body in [assign(), recheck_pass()] {
        let mut story = Story::told(&way_to(if body == assign() { 10 } else { 60 }));
        let seen = newest(&story.events);
        story.after(STREET, &seen, body.clone());
        story.after(COUNTY, &seen, body);
        assert!(!story.state().flags.conflict_open);
    }
}

#[test]
fn two_who_end_a_hazard_apart_in_different_ways_have_not_ended_it() {
    let mut story = Story::told(&[]);
    let seen = newest(&story.events);
    let void = story.after(COUNTY, &seen, void());
    story.after(MANAGER, &seen, claim_fixed());
    let claimed = vec![story.events[2].id];
    let pass = story.after(COMMUNITY, &claimed, recheck_pass());
    let close = story.after(COUNTY_TOO, &[pass], close());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(10), true)
    );
    story.then(STREET, resolve(&[void, close], close));
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(80), false)
    );
}

#[test]
fn a_look_hides_neither_what_it_agreed_with_nor_that_somebody_ended_it_elsewhere() {
    // The inspector sees it again after the failed recheck; the manager's claim was made without knowing of either.
    let mut story = Story::told(&way_to(50));
    let seen = newest(&story.events);
    let there = story.after(GRID, &seen, recheck_fail());
    story.after(GRID, &[there], observe());
    story.after(MANAGER, &seen, claim_fixed());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(65), true)
    );
    // Somebody sees it while another merges it away.
    let mut story = Story::told(&way_to(50));
    let seen = newest(&story.events);
    story.after(GRID, &seen, observe());
    story.after(COUNTY, &seen, mark_duplicate());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(50), true)
    );
}
