//! Conflicts over the whole history, their settlement, and what is suspended meanwhile.

use super::*;

/// The manager claims a fix and, concurrently, the inspector states a failed recheck.
fn quarrel() -> (Story, EventId, EventId) {
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    let fixed = story.after(MANAGER, &seen, claim_fixed());
    let there = story.after(GRID, &seen, recheck_fail());
    (story, fixed, there)
}

fn void_for(reason: VoidReason) -> Verdict {
    Verdict::Void { reason }
}

fn shown(story: &Story) -> (u16, u16, bool) {
    let state = story.state();
    (state.state.0, state.cycle, state.flags.conflict_open)
}

#[test]
fn inv_03_an_open_conflict_holds_closing_until_an_independent_look_answers_it() {
    let (mut story, ..) = quarrel();
    assert_eq!(shown(&story), (65, 1, true));
    // The manager's new claim had both sides: work continues, and the conflict stays open.
    story.then(MANAGER, claim_fixed());
    assert_eq!(shown(&story), (60, 1, true));
    let pass = story.then(COMMUNITY, recheck_pass());
    assert_eq!(shown(&story), (70, 1, false));
    assert_eq!(story.state().conflicts[0].settled_by, [pass]);
    story.then(COUNTY, close());
    assert_eq!(shown(&story), (80, 1, false));
}

#[test]
fn a_check_that_did_not_have_both_sides_answers_nothing() {
    // The recheck passes; concurrently another inspector fails it, and the manager claims again.
    let mut story = Story::told(&way_to(60));
    let seen = heads(&story.events);
    story.after(COMMUNITY, &seen, recheck_pass());
    let fail = story.after(GRID_TOO, &seen, recheck_fail());
    story.after(MANAGER, &[fail], claim_fixed());
    assert_eq!(shown(&story), (65, 1, true));
    let closing = story.then(COUNTY, close());
    assert_eq!(story.verdict(closing), void_for(VoidReason::ConflictOpen));
}

#[test]
fn a_resolution_by_somebody_else_settles_the_conflict() {
    for (holds, state) in [(0, 60), (1, 65)] {
        let (mut story, fixed, there) = quarrel();
        let id = story.then(STREET, resolve(&[fixed, there], [fixed, there][holds]));
        assert!(matches!(story.verdict(id), Verdict::Accepted { .. }));
        assert_eq!(shown(&story), (state, 1, false));
        assert_eq!(story.state().conflicts[0].settled_by, [id]);
    }
}

#[test]
fn a_party_to_the_conflict_does_not_settle_it() {
    let mut story = Story::told(&way_to(60));
    let seen = heads(&story.events);
    let pass = story.after(COMMUNITY, &seen, recheck_pass());
    let fail = story.after(FIRE, &seen, recheck_fail());
    let refused = void_for(VoidReason::NotForThemToDecide);
    let own = story.then(COMMUNITY, resolve(&[pass, fail], pass));
    assert_eq!(story.verdict(own), refused);
    // Nor does a resolution that names only one event of the conflict, or events that are no conflict.
    let half = story.then(STREET, resolve(&[own, pass], pass));
    assert_eq!(story.verdict(half), refused);
    assert!(story.state().flags.conflict_open);
}

#[test]
fn two_resolutions_that_differ_leave_the_conflict_open_for_a_third_person() {
    let (mut story, fixed, there) = quarrel();
    let seen = heads(&story.events);
    story.after(STREET, &seen, resolve(&[fixed, there], fixed));
    story.after(COUNTY, &seen, resolve(&[fixed, there], there));
    assert_eq!(shown(&story), (65, 1, true));
    let again = story.then(COUNTY, resolve(&[fixed, there], fixed));
    assert_eq!(
        story.verdict(again),
        void_for(VoidReason::NotForThemToDecide)
    );
    story.then(CITY, resolve(&[fixed, there], fixed));
    assert_eq!(shown(&story), (60, 1, false));
}

#[test]
fn a_late_look_from_before_the_closing_takes_it_back_until_somebody_decides() {
    let mut story = Story::told(&way_to(60));
    let seen = heads(&story.events);
    let pass = story.then(COMMUNITY, recheck_pass());
    let closing = story.then(COUNTY, close());
    assert_eq!(shown(&story), (80, 1, false));
    // A device that was offline since before the recheck.
    let fail = story.after(FIRE, &seen, recheck_fail());
    assert_eq!(shown(&story), (65, 1, true));
    assert!(story.state().flags.ending_suspended);
    // The closing counts again only if the resolution names it.
    let mut unnamed = story.clone();
    unnamed.then(STREET, resolve(&[pass, fail], pass));
    assert_eq!(shown(&unnamed), (70, 1, false));
    assert!(unnamed.state().flags.close_again);
    let both = EventBody::Resolve(Resolution {
        resolves: vec![pass, fail, closing],
        holds: pass,
        reason: text("核实"),
        also_hold: vec![closing],
    });
    story.then(STREET, both);
    assert_eq!(shown(&story), (80, 1, false));
}

#[test]
fn two_sightings_beside_a_closing_are_decided_one_by_one() {
    let mut story = Story::told(&way_to(70));
    let seen = heads(&story.events);
    let closing = story.after(COUNTY, &seen, close());
    let one = story.after(GRID, &seen, observe());
    let other = story.after(GRID_TOO, &seen, observe());
    assert_eq!(shown(&story), (10, 2, true));
    story.then(STREET, resolve(&[closing, one], closing));
    story.then(CITY, resolve(&[closing, other], other));
    assert_eq!(shown(&story), (10, 2, false));
}

#[test]
fn a_person_who_claims_on_one_device_and_checks_on_another_closes_nothing() {
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    story.after(URBAN, &seen, claim_fixed());
    story.after(URBAN, &seen, recheck_pass());
    assert_eq!(shown(&story), (60, 1, true));
    let closing = story.then(COUNTY, close());
    assert_eq!(story.verdict(closing), void_for(VoidReason::ConflictOpen));
    // Another person's check replaces it.
    story.then(COMMUNITY, recheck_pass());
    assert_eq!(shown(&story), (70, 1, false));
    story.then(COUNTY, close());
    assert_eq!(shown(&story), (80, 1, false));
}

#[test]
fn a_grade_above_the_closers_limit_suspends_the_closing_until_somebody_entitled_closes() {
    let mut story = Story::told(&way_to(70));
    let seen = heads(&story.events);
    story.after(COUNTY, &seen, close());
    story.after(FIRE, &seen, regrade(Grade::G3));
    assert_eq!(shown(&story), (70, 1, true));
    let own = story.then(COUNTY_TOO, close());
    assert!(matches!(story.verdict(own), Verdict::Void { .. }));
    story.then(CITY, close());
    assert_eq!(shown(&story), (80, 1, false));
}

#[test]
fn an_order_that_the_closer_had_not_seen_suspends_the_closing() {
    let mut story = Story::told(&way_to(10));
    let seen = heads(&story.events);
    story.then(MANAGER, claim_fixed());
    story.then(COMMUNITY, recheck_pass());
    story.then(COUNTY, close());
    assert_eq!(shown(&story), (80, 1, false));
    story.after(FIRE, &seen, order());
    assert_eq!(shown(&story), (40, 1, true));
}

#[test]
fn a_transfer_that_was_overtaken_by_a_claim_is_still_fed_back() {
    let mut story = Story::told(&way_to(30));
    let seen = heads(&story.events);
    story.after(COUNTY, &seen, transfer());
    story.after(MANAGER, &seen, claim_fixed());
    let accept = story.then(FIRE, transfer_accept());
    let result = story.then(FIRE, transfer_result(TransferOutcome::Ordered));
    for step in [accept, result] {
        assert!(
            story.verdict(step).has_effect(),
            "{:?}",
            story.verdict(step)
        );
    }
    assert_eq!(shown(&story), (60, 1, false));
}

#[test]
fn one_street_officer_ends_no_hazard_of_a_higher_authority() {
    let high = void_for(VoidReason::GradeTooHigh);
    let mut story = Story::told(&[(CITY, escalate())]);
    let merge = story.then(STREET, mark_duplicate());
    assert_eq!(story.verdict(merge), high);
    let mut story = Story::told(&[(FIRE, order())]);
    let merge = story.then(STREET, mark_duplicate());
    assert_eq!(story.verdict(merge), high);
    // Nor does a county reviewer void alone: a third person must have examined it.
    let mut story = Story::told(&[]);
    let alone = story.then(COUNTY, void());
    assert_eq!(
        story.verdict(alone),
        void_for(VoidReason::SecondPersonMissing)
    );
}

#[test]
fn an_escalation_starts_the_steps_of_the_government_again() {
    let mut story = Story::told(&[(CITY, escalate()), (COUNTY, gov_progress(GovStage::Solved))]);
    story.then(COMMUNITY, recheck_fail());
    story.then(CITY, escalate());
    let again = story.then(COUNTY, gov_progress(GovStage::Received));
    assert!(
        story.verdict(again).has_effect(),
        "{:?}",
        story.verdict(again)
    );
}
