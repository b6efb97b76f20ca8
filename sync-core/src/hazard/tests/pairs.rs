//! Pairs of concurrent events, in both orders of arrival.

use std::collections::BTreeSet;

use super::*;
use crate::catalogue::{Class, PairScope};

type Said = (Who, EventBody);

/// The expected result of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The events agree, or add to each other.
    Agree,
    /// A rule decides, which a notice records.
    Rule,
    /// A reviewer must decide; closing is blocked until then.
    Decide,
    /// A reviewer must decide about a reward; closing is not blocked.
    Reward,
}

/// Rule, state before both events, one event, the other, the effective state, the result.
type Pair = (&'static str, u16, Said, Said, u16, Then);

#[rustfmt::skip]
fn pairs() -> Vec<Pair> {
    use {DissuasionResult as D, Then::{Agree, Decide, Reward, Rule}};
    let other_order = || order_numbered("消责改字2024第2号");
    vec![
        ("C-04", 10, (MANAGER, fix_on_spot()), (GRID, dissuade(D::Refused)), 20, Decide),
        ("C-04", 10, (MANAGER, fix_on_spot()), (GRID, report()), 30, Decide),
        ("C-06", 50, (MANAGER, claim_fixed()), (GRID, recheck_fail()), 65, Decide),
        ("C-06", 10, (MANAGER, fix_on_spot()), (COMMUNITY, recheck_fail()), 65, Decide),
        ("C-07", 50, (MANAGER, claim_fixed()), (GRID, recheck_pass()), 70, Agree),
        ("C-08", 60, (COMMUNITY, recheck_pass()), (FIRE, recheck_fail()), 65, Decide),
        ("C-09", 60, (COMMUNITY, recheck_pass()), (FIRE, recheck_pass()), 70, Agree),
        ("C-10", 70, (COUNTY, close()), (FIRE, recheck_fail()), 65, Decide),
        ("C-10", 70, (COUNTY, close()), (GRID, observe()), 10, Decide),
        ("C-12", 10, (URBAN, order()), (FIRE, other_order()), 40, Decide),
        ("C-12", 10, (COUNTY, order()), (FIRE, other_order()), 40, Rule),
        ("C-13", 10, (STREET, assign()), (COUNTY, assign_to(3)), 50, Decide),
        ("C-14", 30, (COUNTY, transfer()), (STREET, transfer_to(7)), 35, Decide),
        ("C-15", 30, (COUNTY, transfer()), (MANAGER, claim_fixed()), 60, Rule),
        ("C-16", 35, (FIRE, transfer_accept()), (COUNTY, transfer_withdraw()), 36, Decide),
        ("C-17", 10, (COUNTY, regrade(Grade::G3Suspected)), (COUNTY_TOO, regrade(Grade::G1)), 10, Decide),
        ("C-17", 10, (COUNTY, regrade(Grade::G2)), (COUNTY_TOO, regrade(Grade::G1)), 10, Rule),
        ("C-18", 10, (FIRE, regrade(Grade::G3)), (COUNTY, regrade(Grade::G1)), 10, Rule),
        ("C-19", 10, (GRID, recode("EG-07")), (COUNTY, recode("EG-09")), 10, Decide),
        ("C-20", 10, (GRID, relocate("5栋")), (COUNTY, relocate("6栋")), 10, Decide),
        ("C-21", 10, (COUNTY, void()), (GRID, report()), 30, Decide),
        ("C-21", 10, (COUNTY, void()), (GRID, recode("EG-07")), 10, Decide),
        ("C-23", 70, (COUNTY, close()), (STREET, mark_duplicate()), 70, Decide),
        ("C-24", 40, (COUNTY, extend_to(20)), (CITY, escalate()), 90, Rule),
        ("C-25", 70, (COUNTY, close()), (CITY, escalate()), 90, Decide),
        ("C-26", 10, (FIRE, penalty()), (COUNTY, void()), 10, Decide),
        ("C-26", 50, (FIRE, penalty()), (STREET, mark_duplicate()), 50, Decide),
        ("C-26", 80, (FIRE, penalty()), (COUNTY, mark_duplicate()), 70, Decide),
        ("C-27", 10, (GRID_TOO, public_report("楼道堆物")), (COMMUNITY, public_report("三栋楼道有杂物")), 10, Reward),
        ("C-28", 50, (MANAGER, clearance(12)), (GRID, clearance(8)), 50, Decide),
        ("C-33", 60, (COMMUNITY, recheck_pass()), (GRID, photo_role()), 60, Decide),
        ("C-33", 60, (COMMUNITY, recheck_fail()), (GRID, photo_role()), 60, Decide),
        ("C-38", 70, (COUNTY, close()), (GRID, correct_count(12)), 70, Decide),
        ("C-00", 10, (STREET, assign()), (GRID, report()), 30, Decide),
    ]
}

/// A history with two concurrent events after a state.
fn told_apart(base: u16, one: &Said, other: &Said) -> (Story, EventId, EventId) {
    let mut story = Story::told(&way_to(base));
    let seen = heads(&story.events);
    let a = story.after(one.0, &seen, one.1.clone());
    let b = story.after(other.0, &seen, other.1.clone());
    (story, a, b)
}

#[test]
fn every_pair_holds_what_the_table_says_in_both_orders_of_arrival() {
    for (row, base, one, other, holds, then) in pairs() {
        let (story, a, b) = told_apart(base, &one, &other);
        let state = story.state();
        let mut turned = story.events.clone();
        turned.reverse();
        assert_eq!(state, story.of(&turned), "{row}");
        assert_eq!(state.state, StateCode(holds), "{row} {:?}", state.history);
        let open = state.flags.conflict_open;
        assert_eq!(open, then == Then::Decide, "{row} {:?}", state.conflicts);
        let told: Vec<_> = match then {
            Then::Agree => Vec::new(),
            Then::Rule => state
                .notices
                .iter()
                .map(|n| (n.rule.as_str(), n.one, n.other))
                .collect(),
            Then::Decide | Then::Reward => {
                let pair = |c: &'_ Conflict| c.resolved_by.is_none();
                assert!(state.conflicts.iter().all(pair));
                state
                    .conflicts
                    .iter()
                    .map(|c| (c.rule.as_str(), c.one, c.other))
                    .collect()
            }
        };
        let expected = [(row, a.min(b), a.max(b))];
        let expected: &[_] = if then == Then::Agree { &[] } else { &expected };
        assert_eq!(told, expected, "{row}");
    }
}

/// Rules that other tests cover, with the name of the test.
const ELSEWHERE: [(&str, &str); 15] = [
    ("C-01", "fields::what_only_adds_stands_beside_anything"),
    ("C-02", "grouping::one_kind_place_and_day_is_a_suggestion"),
    ("C-03", "grouping::another_kind_at_one_place_is_a_hint"),
    (
        "C-05",
        "time::a_recheck_before_the_fix_by_trusted_time_is_no_conflict",
    ),
    (
        "C-11",
        "fields::a_photo_beside_a_closing_is_shown_to_the_reviewer",
    ),
    (
        "C-22",
        "grouping::each_marked_as_duplicate_of_the_other_has_one_canonical_record",
    ),
    (
        "C-29",
        "time::late_records_of_a_former_grid_count_within_their_grace",
    ),
    ("C-30", "time::a_revoked_phone_keeps_what_is_provably_older"),
    (
        "C-31",
        "fields::a_redaction_wins_over_copies_that_arrive_later",
    ),
    ("C-32", "fields::two_texts_are_kept_under_their_authors"),
    (
        "C-34",
        "grouping::a_covert_finding_meets_the_closing_when_it_is_released",
    ),
    (
        "C-35",
        "grouping::two_new_names_are_aliases_until_somebody_decides",
    ),
    (
        "C-36",
        "grouping::two_drafts_stay_two_until_their_author_picks",
    ),
    ("C-37", "across::a_run_is_judged_by_the_plan_of_its_day"),
    (
        "C-TIME",
        "time::apart_and_in_order_by_trusted_time_is_a_sequence",
    ),
];

#[test]
fn a_pair_of_the_table_without_a_story_fails_here() {
    let mut told: BTreeSet<_> = pairs().iter().map(|(row, ..)| (*row).to_owned()).collect();
    told.extend(ELSEWHERE.iter().map(|(row, _)| (*row).to_owned()));
    let rules = &Catalogue::embedded().rules;
    let rows: BTreeSet<_> = rules.rows().map(|p| p.id.clone()).collect();
    assert_eq!(told, rows);
    let numbers = (1..=38).map(|n| format!("C-{n:02}"));
    let missing: Vec<_> = numbers.filter(|n| !rows.contains(n)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_row_of_class_c_in_a_record_is_decided_only_by_somebody_on_neither_side() {
    for (row, base, one, other, _, then) in pairs() {
        if !matches!(then, Then::Decide | Then::Reward) {
            continue;
        }
        let (mut story, a, b) = told_apart(base, &one, &other);
        for who in [CITY, PROVINCE] {
            let party = one.0 == who || other.0 == who;
            let id = story.then(who, resolve(&[a, b], b));
            let held = matches!(story.verdict(id), Verdict::Accepted { .. });
            assert_eq!(held, !party, "{row} {:?}", story.verdict(id));
            if held {
                break;
            }
        }
        let state = story.state();
        assert!(!state.flags.conflict_open, "{row}");
        assert!(
            state.conflicts.iter().all(|c| c.resolved_by.is_some()),
            "{row}"
        );
    }
}

#[test]
fn inv_04_the_most_open_of_two_holds_unless_the_row_names_another() {
    let rules = &Catalogue::embedded().rules;
    for (row, base, one, other, _, then) in pairs() {
        if then != Then::Decide {
            continue;
        }
        let alone = |said: &Said| {
            let mut story = Story::told(&way_to(base));
            story.then(said.0, said.1.clone());
            story.state().state
        };
        let (story, ..) = told_apart(base, &one, &other);
        let holds = story.state().state;
        let most = rules.rank(alone(&one)).max(rules.rank(alone(&other)));
        let undone = ["C-16", "C-21", "C-26", "C-33"].contains(&row);
        assert!(undone || rules.rank(holds) >= most, "{row} {holds}");
    }
}

#[test]
fn rows_beyond_one_record_are_not_for_the_fold() {
    let rules = &Catalogue::embedded().rules;
    for row in rules.rows().filter(|row| row.scope != PairScope::Record) {
        let told = ELSEWHERE.iter().any(|(id, _)| *id == row.id) || row.id == "C-23";
        assert!(told, "{}", row.id);
    }
}

/// The manager claims a fix and, concurrently, the inspector states a failed recheck.
fn quarrel() -> (Story, EventId, EventId) {
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
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
    let seen = heads(&story.events);
    let pass = story.after(COMMUNITY, &seen, recheck_pass());
    let fail = story.after(FIRE, &seen, recheck_fail());
    let theirs = Verdict::Void {
        reason: VoidReason::NotForThemToDecide,
    };
    let own = story.then(COMMUNITY, resolve(&[pass, fail], pass));
    assert_eq!(story.verdict(own), theirs);
    // Nor does a resolution that names only one event of the conflict, or events that are no conflict.
    let half = story.then(STREET, resolve(&[own, pass], pass));
    assert_eq!(story.verdict(half), theirs);
    assert!(story.state().flags.conflict_open);
}

#[test]
fn two_resolutions_apart_that_disagree_leave_the_more_open_state_and_a_conflict() {
    let (mut story, fixed, there) = quarrel();
    let seen = heads(&story.events);
    story.after(STREET, &seen, resolve(&[fixed, there], fixed));
    story.after(COUNTY, &seen, resolve(&[fixed, there], there));
    let state = story.state();
    assert!(state.flags.conflict_open, "{:?}", state.conflicts);
    assert_eq!(state.state, StateCode(65), "the more open one holds");
}

#[test]
fn a_late_look_from_before_the_closing_takes_it_back_until_somebody_decides() {
    let mut story = Story::told(&way_to(60));
    let seen = heads(&story.events);
    story.then(COMMUNITY, recheck_pass());
    story.then(COUNTY, close());
    assert_eq!(story.state().state, StateCode(80));
    // A device that was offline since before the recheck.
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
        let seen = heads(&story.events);
        story.after(STREET, &seen, body.clone());
        story.after(COUNTY, &seen, body);
        assert!(!story.state().flags.conflict_open);
    }
}

#[test]
fn two_who_end_a_hazard_apart_in_different_ways_have_not_ended_it() {
    let mut story = Story::told(&[]);
    let seen = heads(&story.events);
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
    // The inspector states a failed recheck, then an observation; the manager's claim is concurrent with both.
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    let there = story.after(GRID, &seen, recheck_fail());
    story.after(GRID, &[there], observe());
    story.after(MANAGER, &seen, claim_fixed());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(65), true)
    );
    // An observation that is concurrent with a merge.
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    story.after(GRID, &seen, observe());
    story.after(COUNTY, &seen, mark_duplicate());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(50), true)
    );
}
