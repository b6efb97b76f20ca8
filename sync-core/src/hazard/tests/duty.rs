//! The duty chain of a property company: found, dissuaded, reported.

use super::*;
use crate::{
    duty::{DutyChain, duty_chain},
    hazard::deadline::Standing,
};

/// The company of the manager and the patrol.
const COMPANY: OrganId = OrganId([2; 16]);

fn chain(story: &Story, company: OrganId, days: i64) -> Option<DutyChain> {
    let now = ServerTime(START + days * DAY);
    let catalogue = Catalogue::embedded();
    duty_chain(
        &story.state(),
        &story.events,
        &story.context(),
        catalogue,
        company,
        now,
    )
}

fn codes(chain: &DutyChain) -> Vec<(&str, Standing, bool)> {
    let finding = |f: &'_ crate::duty::DutyFinding| (f.standing, f.late);
    let told = chain.findings.iter();
    told.map(|f| (f.code.as_str(), finding(f).0, finding(f).1))
        .collect()
}

/// A violation that the patrol found.
fn seen_by_patrol(code: &str) -> Story {
    let mut story = Story::new();
    story.then(PATROL, observe_kind(code));
    story
}

#[test]
fn a_whole_chain_has_its_times_and_no_finding() {
    let mut story = seen_by_patrol("EV-02");
    story.then(PATROL, dissuade(DissuasionResult::Refused));
    story.then(MANAGER, report());
    let chain = chain(&story, COMPANY, 9).unwrap();
    assert_eq!((chain.dissuaded.len(), chain.heeded), (1, false));
    assert!(chain.known.claimed < chain.dissuaded[0].claimed);
    assert!(chain.dissuaded[0].claimed < chain.reported.unwrap().claimed);
    assert_eq!(chain.findings, []);
}

#[test]
fn a_missing_link_is_a_finding_once_its_time_is_over() {
    let story = seen_by_patrol("EV-02");
    assert_eq!(codes(&chain(&story, COMPANY, 0).unwrap()), []);
    let told = chain(&story, COMPANY, 2).unwrap();
    assert_eq!(codes(&told), [("MG-06", Standing::Overdue, false)]);
    let mut story = seen_by_patrol("EV-02");
    story.then(PATROL, dissuade(DissuasionResult::Refused));
    let told = chain(&story, COMPANY, 2).unwrap();
    assert_eq!(codes(&told), [("MG-07", Standing::Overdue, false)]);
}

#[test]
fn heeded_dissuasion_needs_no_report_and_three_reminders_are_a_failure() {
    let mut story = seen_by_patrol("EV-02");
    story.then(PATROL, dissuade(DissuasionResult::Complied));
    assert_eq!(chain(&story, COMPANY, 30).unwrap().findings, []);
    let mut story = seen_by_patrol("EV-02");
    for _ in 0..2 {
        story.then(PATROL, dissuade(DissuasionResult::AbsentNotified));
    }
    assert_eq!(chain(&story, COMPANY, 30).unwrap().findings, []);
    story.then(PATROL, dissuade(DissuasionResult::AbsentNotified));
    let told = chain(&story, COMPANY, 30).unwrap();
    assert_eq!(codes(&told), [("MG-07", Standing::Overdue, false)]);
}

#[test]
fn charging_in_an_escape_route_is_reported_at_once() {
    let mut story = seen_by_patrol("EV-07");
    story.then(PATROL, dissuade(DissuasionResult::Complied));
    let told = chain(&story, COMPANY, 2).unwrap();
    assert_eq!(codes(&told), [("MG-07", Standing::Overdue, false)]);
}

#[test]
fn a_late_report_is_a_finding_and_a_claimed_time_alone_does_not_prove_it() {
    let late = |received: Option<i64>, heard: Option<i64>| {
        let mut story = seen_by_patrol("EV-02");
        story.then(PATROL, dissuade(DissuasionResult::Refused));
        story.now += 3 * DAY;
        story.beacon = heard.map(|days| Beacon {
            seen: ServerTime(START + days * DAY),
            since_ms: None,
        });
        let id = story.then(MANAGER, report());
        if let Some(days) = received {
            story.received.insert(id, ServerTime(START + days * DAY));
        }
        chain(&story, COMPANY, 9).unwrap()
    };
    assert_eq!(
        codes(&late(Some(4), Some(2))),
        [("MG-07", Standing::Overdue, true)]
    );
    assert_eq!(
        codes(&late(Some(4), None)),
        [("MG-07", Standing::Undetermined, true)]
    );
    assert_eq!(
        codes(&late(Some(0), None)),
        [],
        "received in time, whatever the phone claims"
    );
}

#[test]
fn who_did_not_know_and_what_is_no_violation_owe_nothing() {
    let mut story = Story::new();
    story.then(GRID, observe_kind("EV-02"));
    assert_eq!(chain(&story, COMPANY, 30), None);
    assert_eq!(chain(&seen_by_patrol("EV-02"), OrganId([77; 16]), 30), None);
    assert_eq!(chain(&seen_by_patrol("EG-06"), COMPANY, 30), None);
}
