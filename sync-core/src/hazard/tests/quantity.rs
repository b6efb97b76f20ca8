//! Quantities of a hazard's events: only events that have an effect, each once.

use super::*;
use crate::hazard::quantity::quantities;

/// The quantities of a history, summed by name.
fn sums(story: &Story) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for quantity in quantities(&story.state(), &story.events) {
        *sums.entry(quantity.name).or_default() += quantity.milli;
    }
    sums
}

fn sum(story: &Story, name: &str) -> i64 {
    sums(story).get(name).copied().unwrap_or(0)
}

#[test]
fn what_took_no_effect_is_not_counted() {
    let mut story = Story::told(&[(GRID, dissuade(DissuasionResult::Refused))]);
    story.then(STRANGER, dissuade(DissuasionResult::Refused));
    assert_eq!(sum(&story, "dissuasions"), 1000);
}

#[test]
fn a_transfer_is_fed_back_once_and_an_escalation_solved_once() {
    let mut story = Story::told(&way_to(36));
    story.then(FIRE, transfer_result(TransferOutcome::Ordered));
    story.then(FIRE, transfer_result(TransferOutcome::Fixed));
    let (sent, back) = (sum(&story, "transfers"), sum(&story, "transfers_fed_back"));
    assert_eq!((sent, back), (1000, 1000));
}

#[test]
fn an_order_counts_once_for_each_number_and_a_penalty_once_it_is_served() {
    let mut story = Story::told(&[]);
    let seen = heads(&story.events);
    story.after(COUNTY, &seen, order());
    story.after(COUNTY_TOO, &seen, order());
    story.after(FIRE, &seen, order_numbered("消责改字2024第2号"));
    assert_eq!(sum(&story, "orders"), 2000);
    for stage in [
        PenaltyStage::Filed,
        PenaltyStage::Investigated,
        PenaltyStage::Notice,
    ] {
        story.then(FIRE, penalty_at(stage));
    }
    assert_eq!(sum(&story, "penalties"), 0);
    for stage in [
        PenaltyStage::Decided,
        PenaltyStage::Served,
        PenaltyStage::Performed,
    ] {
        story.then(FIRE, penalty_at(stage));
    }
    assert_eq!(sum(&story, "penalties"), 1000);
}

#[test]
fn clearances_in_an_open_conflict_are_not_published() {
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    let one = story.after(MANAGER, &seen, clearance(12));
    let other = story.after(GRID, &seen, clearance(8));
    assert_eq!(sum(&story, "cleared.辆"), 0);
    story.then(COUNTY, resolve(&[one, other], one));
    assert_eq!(sum(&story, "cleared.辆"), 12_000);
}
