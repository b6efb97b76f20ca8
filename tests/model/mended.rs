//! Histories that once broke a law of `laws.rs`, found at random and made smaller, with the results that the rules give
//! now.

use sync_core::record::{Beacon, DeviceId, Event, EventId, GrantId, ServerTime};

use crate::{
    history::{self, History},
    oracle::{judge, tables::Tables},
};

macro_rules! history {
    ($name:literal) => {
        history::read(include_str!(concat!("histories/laws/", $name, ".json")))
    };
}

fn state(history: &History, events: &[(EventId, Event)]) -> (u16, u16) {
    let judged = judge(events, &history.facts, &Tables::embedded());
    (judged.state, judged.round)
}

/// The events of a history that are named, in its order.
fn part(history: &History, names: &[&str]) -> Vec<(EventId, Event)> {
    let ids: Vec<EventId> = names.iter().map(|name| history.names[*name]).collect();
    let all = history.events.iter();
    all.filter(|(id, _)| ids.contains(id)).cloned().collect()
}

/// The state and the round without the newest event, and with it.
fn last_step(history: &History) -> [(u16, u16); 2] {
    let before = &history.events[..history.events.len() - 1];
    [state(history, before), state(history, &history.events)]
}

/// Section 5.6: the settlement in the history of the closing has another outcome than the fate.
#[test]
fn a_failed_recheck_that_holds_does_not_close_the_hazard() {
    let history = history!("closing_on_a_superseded_settlement");
    assert_eq!(last_step(&history), [(65, 1), (65, 1)]);
}

/// Section 5.6: the same by a decision.
#[test]
fn a_decision_for_the_objection_does_not_close_the_hazard() {
    let history = history!("decision_for_the_objection_closes");
    assert_eq!(last_step(&history), [(70, 1), (70, 1)]);
}

/// Section 5.6: the closing is past, because the reopening opened a round by its verdict. No open register concerns it,
/// so the round does not depend on itself.
#[test]
fn a_closing_before_a_recurrence_is_past() {
    let history = history!("round_without_a_solution");
    assert_eq!(state(&history, &history.events), (50, 2));
}

/// Section 7, "Leads": an event of round 1 does not end the lead of the finding that opened round 2.
#[test]
fn an_event_of_an_earlier_round_ends_no_lead() {
    let history = history!("lead_ended_in_earlier_round");
    assert_eq!(state(&history, &history.events), (90, 2));
}

/// Section 7, "Round": a finding that was overruled opens no round.
#[test]
fn an_overruled_recurrence_opens_no_round() {
    let history = history!("overruled_finding_keeps_its_round");
    assert_eq!(state(&history, &history.events), (96, 1));
}

/// Section 4.1: a closing supersedes an order that is provably before it, so the replica with both is closed before the
/// merge.
#[test]
fn an_order_provably_before_a_closing_is_superseded() {
    let mut history = history!("open_replicas_merge_to_closed");
    let begin = history::instant("2024-03-25T09:00:00+08:00").0;
    let hour = 3_600_000;
    let order = history.names["order2"];
    let close = history.names["close5"];
    history
        .facts
        .received
        .insert(order, ServerTime(begin + hour));
    for (id, event) in &mut history.events {
        let seen = ServerTime(begin + 2 * hour);
        event.beacon = (*id == close).then_some(Beacon {
            seen,
            since_ms: None,
        });
    }
    let closed = part(
        &history,
        &[
            "observe0",
            "dissuade1",
            "confirm_spot_fix3",
            "close5",
            "order2",
        ],
    );
    let claimed = part(&history, &["observe0", "order2", "claim_fixed4"]);
    assert_eq!(state(&history, &closed), (80, 1));
    assert_eq!(state(&history, &claimed), (60, 1));
    assert_eq!(state(&history, &[closed, claimed].concat()), (80, 1));
}

/// Section 4.5: a claim takes precedence over a concurrent decision of the government, which is work. The replica with
/// the decision alone is more open than both together.
#[test]
fn a_claim_takes_precedence_over_a_decision_of_the_government() {
    let history = history!("claim_wins_over_government_order");
    assert_eq!(state(&history, &history.events), (60, 1));
}

/// Section 4.5: a check that was made without an order takes precedence over the claim that was made after the order.
#[test]
fn a_check_takes_precedence_over_a_claim_after_an_order() {
    let history = history!("claim_and_check_built_on_different_orders");
    assert_eq!(state(&history, &history.events), (70, 1));
}

/// Section 3: a merge that was made while a conflict of transfers was open has no basis, although a withdrawal ends the
/// conflict later. Its author had a withdrawal that has no effect, because the device was revoked.
#[test]
fn a_withdrawal_does_not_release_a_merge() {
    let mut history = history!("withdrawal_ends_a_transfer_conflict");
    let withdrawn = history.names["transfer_withdraw3"];
    let (device, grant) = (
        DeviceId(history::id_of("second")),
        GrantId(history::id_of("second")),
    );
    let events = history.events.iter_mut();
    for (_, event) in events.filter(|(id, _)| *id == withdrawn) {
        let mut second = history.facts.grants[&event.grant].clone();
        second.device = device;
        history.facts.grants.insert(grant, second);
        (event.device, event.grant) = (device, grant);
    }
    let received = ServerTime(1_711_413_822_561);
    history.facts.received.insert(withdrawn, received);
    history.facts.revoked.insert(device, ServerTime(1));
    assert_eq!(last_step(&history), [(35, 1), (35, 1)]);
}

/// Section 4.5: a transfer provably after a claim does not yield to it by C-15, because the claim yields by C-TIME.
#[test]
fn a_transfer_provably_after_a_claim_does_not_yield_to_it() {
    let mut history = history!("work_and_claim_yield_in_a_circle");
    let (dissuaded, transfer) = (history.names["dissuade1"], history.names["transfer2"]);
    let facts = &mut history.facts;
    facts
        .received
        .insert(dissuaded, ServerTime(1_711_459_944_433));
    for (_, event) in history.events.iter_mut().filter(|(id, _)| *id == transfer) {
        event.beacon = Some(Beacon {
            seen: ServerTime(1_711_452_433_662),
            since_ms: Some(10_888_519),
        });
    }
    assert_eq!(state(&history, &history.events), (35, 1));
}

/// Section 3: a closing that is accepted in the ordered candidate only has no basis if the conflict was open in fact.
#[test]
fn a_decision_for_an_answer_does_not_release_a_closing() {
    let history = history!("decision_for_an_answer_releases_a_closing");
    assert_eq!(last_step(&history), [(70, 1), (70, 1)]);
}

/// Section 5.6: the author of the closing had a decision with the outcome that is the fate, but another decision
/// contradicted it concurrently.
#[test]
fn a_second_decision_for_the_objection_does_not_release_a_closing() {
    let history = history!("second_holding_releases_a_closing");
    assert_eq!(last_step(&history), [(70, 1), (70, 1)]);
}

/// Section 5.6: the same by an answer.
#[test]
fn a_failed_recheck_does_not_release_a_merge() {
    let history = history!("failed_recheck_releases_a_merge");
    assert_eq!(last_step(&history), [(65, 1), (65, 1)]);
}
