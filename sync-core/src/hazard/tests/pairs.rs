//! Pairs of concurrent events, in both orders of arrival.

use std::collections::BTreeSet;

use super::*;

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
    /// A reviewer is asked about a figure or a name; nothing is suspended.
    Card,
}

/// Rule, state before both events, one event, the other, the effective state, the result.
type Pair = (&'static str, u16, Said, Said, u16, Then);

#[rustfmt::skip]
fn pairs() -> Vec<Pair> {
    use {DissuasionResult as D, Then::{Agree, Card, Decide, Rule}};
    vec![
        ("C-04", 10, (MANAGER, fix_on_spot()), (GRID, dissuade(D::Refused)), 20, Decide),
        ("C-04", 10, (MANAGER, fix_on_spot()), (GRID, report()), 30, Decide),
        ("C-06", 50, (MANAGER, claim_fixed()), (GRID, recheck_fail()), 65, Decide),
        ("C-06", 10, (MANAGER, fix_on_spot()), (COMMUNITY, recheck_fail()), 65, Decide),
        ("C-07", 50, (MANAGER, claim_fixed()), (GRID, recheck_pass()), 70, Agree),
        ("C-08", 60, (COMMUNITY, recheck_pass()), (FIRE, recheck_fail()), 65, Decide),
        ("C-09", 70, (COUNTY, close()), (FIRE, recheck_pass()), 80, Agree),
        ("C-10", 70, (COUNTY, close()), (FIRE, recheck_fail()), 65, Decide),
        ("C-10", 70, (COUNTY, close()), (GRID, observe()), 10, Decide),
        ("C-12", 10, (URBAN, order()), (FIRE, order_until(9)), 40, Decide),
        ("C-12", 10, (COUNTY, order()), (FIRE, order_until(9)), 40, Rule),
        ("C-13", 10, (STREET, assign()), (COUNTY, assign_to(3)), 50, Decide),
        ("C-14", 30, (COUNTY, transfer()), (STREET, transfer_to(7)), 35, Decide),
        ("C-15", 30, (COUNTY, transfer()), (MANAGER, claim_fixed()), 60, Rule),
        ("C-16", 35, (FIRE, transfer_accept()), (COUNTY, transfer_withdraw()), 36, Decide),
        ("C-17", 10, (COUNTY, regrade(Grade::G3Suspected)), (COUNTY_TOO, regrade(Grade::G1)), 10, Decide),
        ("C-17", 10, (COUNTY, regrade(Grade::G2)), (COUNTY_TOO, regrade(Grade::G1)), 10, Rule),
        ("C-18", 10, (FIRE, regrade(Grade::G3)), (COUNTY, regrade(Grade::G1)), 10, Rule),
        ("C-19", 10, (GRID, recode("EG-07")), (COUNTY, recode("EG-09")), 10, Decide),
        ("C-20", 10, (GRID, relocate("5栋")), (COUNTY, relocate("6栋")), 10, Decide),
        ("C-21", 11, (COUNTY, void()), (GRID, report()), 30, Decide),
        ("C-21", 11, (COUNTY, void()), (GRID, clearance(3)), 10, Decide),
        ("C-21", 11, (COUNTY, void()), (FIRE, penalty()), 10, Decide),
        ("C-22", 10, (COUNTY, mark_duplicate()), (GRID, report()), 96, Rule),
        ("C-23", 60, (COUNTY, mark_duplicate()), (FIRE, recheck_fail()), 65, Decide),
        ("C-25", 70, (COUNTY, close()), (CITY, escalate()), 90, Decide),
        ("C-26", 50, (FIRE, penalty()), (STREET, mark_duplicate()), 50, Decide),
        ("C-27", 10, (GRID_TOO, public_report("楼道堆物")), (COMMUNITY, public_report("三栋楼道有杂物")), 10, Card),
        ("C-28", 50, (MANAGER, clearance(12)), (GRID, clearance(8)), 50, Card),
        ("C-33", 60, (COMMUNITY, recheck_pass()), (GRID, photo_role()), 60, Decide),
        ("C-38", 70, (COUNTY, close()), (GRID, correct_count(12)), 80, Card),
        ("C-39", 70, (COUNTY, close()), (FIRE, regrade(Grade::G3)), 70, Decide),
        ("C-40", 50, (URBAN, claim_fixed()), (URBAN_TOO, recheck_pass()), 60, Decide),
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

/// The events of a conflict.
fn parts(c: &Conflict) -> BTreeSet<EventId> {
    c.objections.iter().chain(&c.decisions).copied().collect()
}

#[test]
fn every_pair_holds_what_the_table_says_in_both_orders_of_arrival() {
    for (row, base, one, other, holds, then) in pairs() {
        let (story, a, b) = told_apart(base, &one, &other);
        let state = story.state();
        let mut turned = story.events.clone();
        turned.reverse();
        assert_eq!(state, story.of(&turned), "{row}");
        assert_eq!(state.state, StateCode(holds), "{row} {state:?}");
        let open = state.flags.conflict_open;
        assert_eq!(open, then == Then::Decide, "{row} {:?}", state.conflicts);
        let both = BTreeSet::from([a, b]);
        let found: Vec<(String, BTreeSet<EventId>)> = match then {
            Then::Agree => Vec::new(),
            Then::Rule => {
                let notices = state.notices.iter();
                notices
                    .map(|n| (n.rule.clone(), BTreeSet::from([n.one, n.other])))
                    .collect()
            }
            Then::Decide | Then::Card => {
                let conflicts = &state.conflicts;
                conflicts
                    .iter()
                    .map(|c| {
                        let expected = (true, then == Then::Card);
                        assert_eq!((c.is_open(), c.is_card), expected, "{row} {conflicts:?}");
                        (c.rules.join("/"), parts(c))
                    })
                    .collect()
            }
        };
        let expected = [(row.to_owned(), both)];
        let expected: &[_] = if then == Then::Agree { &[] } else { &expected };
        assert_eq!(found, expected, "{row}");
    }
}

/// Rules that other tests cover, with the name of the test.
const ELSEWHERE: [(&str, &str); 16] = [
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
        "C-24",
        "time::an_extension_counts_if_it_was_received_before_the_deadline",
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
        "C-41",
        "settlements::an_order_that_the_closer_had_not_seen_suspends_the_closing",
    ),
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
    let rows: BTreeSet<_> = rules.concurrent.iter().map(|p| p.id.clone()).collect();
    assert_eq!(told, rows);
    let numbers = (1..=41).map(|n| format!("C-{n:02}"));
    let missing: Vec<_> = numbers.filter(|n| !rows.contains(n)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_conflict_is_settled_only_by_a_person_on_neither_side() {
    for (row, base, one, other, _, then) in pairs() {
        // A closing above the own limit is stated again by an entitled person (C-39).
        if !matches!(then, Then::Decide | Then::Card) || row == "C-39" {
            continue;
        }
        let (mut story, a, b) = told_apart(base, &one, &other);
        let holds = story.state().conflicts[0].objections.first().copied();
        for who in [CITY, PROVINCE] {
            let party = one.0 == who || other.0 == who;
            let id = story.then(who, resolve(&[a, b], holds.unwrap_or(b)));
            let held = matches!(story.verdict(id), Verdict::Accepted { .. });
            assert_eq!(held, !party, "{row} {:?}", story.verdict(id));
            if held {
                break;
            }
        }
        let state = story.state();
        assert!(!state.flags.conflict_open, "{row}");
        let open = state.conflicts.iter().any(Conflict::is_open);
        assert!(!open, "{row} {:?}", state.conflicts);
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
        // The acceptance leads before the withdrawal, which alone would be more open.
        assert!(row == "C-16" || rules.rank(holds) >= most, "{row} {holds}");
    }
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
    // It never reopens what was closed before.
    let mut story = Story::told(&way_to(80));
    story.then(DEPARTMENT, unknown());
    assert_eq!(story.state().state, StateCode(80));
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
