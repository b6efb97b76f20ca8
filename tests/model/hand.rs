//! Histories by hand, with the results that docs/rules.md implies.

use std::collections::BTreeSet;

use sync_core::record::ServerTime;

use crate::{
    history::{self, History},
    oracle::{
        judge,
        outcome::{ConflictName, ConflictStatus, Outcome, Verdict},
        tables::Tables,
    },
};

macro_rules! history {
    ($name:literal) => {
        history::read(include_str!(concat!("histories/", $name, ".json")))
    };
}

fn judged(history: &History) -> Outcome {
    judge(&history.events, &history.facts, &Tables::embedded())
}

/// Asserts state, round, the rules and names of the conflicts with their status, and the void events.
fn assert_result(
    history: &History,
    state: (u16, u16),
    conflicts: &[(&str, &str, ConflictStatus)],
    void: &[(&str, &str)],
) {
    let judged = judged(history);
    let named = |id| {
        let name = history.names.iter().find(|(_, known)| **known == id);
        name.map_or("?", |(name, _)| name.as_str())
    };
    let found: BTreeSet<(String, String, ConflictStatus)> = judged
        .conflicts
        .iter()
        .map(|c| {
            let name = match &c.name {
                ConflictName::Objection(id) | ConflictName::SamePerson(id) => named(*id),
                ConflictName::Register(name) => name,
            };
            (c.rows.join(" "), name.to_owned(), c.status)
        })
        .collect();
    let expected: BTreeSet<_> = conflicts
        .iter()
        .map(|(rules, name, status)| ((*rules).to_owned(), (*name).to_owned(), *status))
        .collect();
    assert_eq!((judged.state, judged.round), state, "{judged:#?}");
    assert_eq!(found, expected, "{judged:#?}");
    let reasons: BTreeSet<(&str, &str)> = judged
        .events
        .iter()
        .filter_map(|(id, event)| match event.verdict {
            Verdict::Void(reason) => Some((named(*id), reason)),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, void.iter().copied().collect(), "{judged:#?}");
}

#[test]
fn a_claim_and_a_check_by_one_person_are_a_conflict() {
    let history = history!("01_claim_recheck_one_person");
    let conflicts = [("C-40", "r", ConflictStatus::Open)];
    assert_result(&history, (60, 1), &conflicts, &[("z", "conflict-open")]);
}

#[test]
fn another_use_of_a_photo_of_the_finding_is_no_objection_to_a_check() {
    let history = history!("02_c33_behind_close");
    assert_result(&history, (80, 1), &[], &[]);
}

#[test]
fn a_closing_beyond_the_authors_level_is_suspended() {
    let history = history!("03_close_g3");
    let conflicts = [("C-39", "g", ConflictStatus::Open)];
    assert_result(&history, (70, 1), &conflicts, &[]);
}

#[test]
fn a_decision_about_grades_ends_no_recurrence() {
    let history = history!("04_resolve_third");
    let conflicts = [("C-17", "grade", ConflictStatus::Open)];
    let void = [("res", "not-for-them-to-decide")];
    assert_result(&history, (10, 2), &conflicts, &void);
}

#[test]
fn of_two_findings_the_one_that_holds_keeps_the_hazard_open() {
    let history = history!("05_two_sightings");
    let conflicts = [
        ("C-10", "o1", ConflictStatus::Overruled),
        ("C-10", "o2", ConflictStatus::Held),
    ];
    assert_result(&history, (10, 2), &conflicts, &[]);
}

#[test]
fn a_department_answers_a_transfer_in_every_state() {
    let history = history!("06_c15_feedback");
    assert_result(&history, (60, 1), &[], &[]);
}

#[test]
fn one_of_two_transfers_is_returned_and_the_other_accepted() {
    let history = history!("07_two_transfers");
    let conflicts = [("C-14", "transfer", ConflictStatus::Settled)];
    assert_result(&history, (30, 1), &conflicts, &[]);
}

#[test]
fn a_new_claim_does_not_hide_a_failed_recheck() {
    let history = history!("08_c08_behind_claim");
    let conflicts = [("C-08", "fail", ConflictStatus::Open)];
    assert_result(&history, (65, 1), &conflicts, &[("z", "conflict-open")]);
}

#[test]
fn another_use_of_a_photo_does_not_remove_a_failed_recheck() {
    let history = history!("09_c33_cancels_failure");
    assert_result(&history, (65, 1), &[], &[]);
}

#[test]
fn a_finding_after_a_merge_is_accepted() {
    let history = history!("12_observe_after_merge");
    assert_result(&history, (96, 1), &[], &[]);
}

#[test]
fn an_internal_extension_leaves_the_statutory_deadline() {
    let mut history = history!("20_street_extends_fire_order");
    assert_result(&history, (40, 1), &[], &[]);
    let deadlines = |history: &History, names: [&str; 2]| {
        let found: BTreeSet<_> = judged(history).registers["deadline"]
            .maximal
            .iter()
            .copied()
            .collect();
        assert_eq!(found, names.map(|name| history.names[name]).into());
    };
    // Without a receipt the extension is pending.
    deadlines(&history, ["o1", "o2"]);
    let received = history::instant("2024-03-25T10:00:00+08:00");
    let all = history.names.values();
    let received = ServerTime(received.0);
    history.facts.received = all.map(|id| (*id, received)).collect();
    deadlines(&history, ["o1", "x"]);
}

#[test]
fn a_street_officer_does_not_merge_a_major_hazard() {
    let history = history!("23_street_ends_major");
    assert_result(&history, (90, 1), &[], &[("d", "grade-too-high")]);
}

#[test]
fn a_void_that_no_second_person_states_is_void() {
    let history = history!("24_void_alone");
    assert_result(&history, (10, 1), &[], &[("v", "second-person-missing")]);
}
