//! Time bounds: events in order, undetermined, or too late.

use super::*;

/// The manager claims a fix and, concurrently, an inspector states a failed recheck. Each pair has the hours after the
/// start at which the event was made and received: `looked` for the recheck, `fixed` for the claim.
fn claim_and_look(looked: (i64, i64), fixed: (i64, i64)) -> Story {
    let mut story = Story::told(&way_to(50));
    let seen = heads(&story.events);
    let mut say = |who, body, (made, received): (i64, i64)| {
        story.beacon = Some(Beacon {
            seen: ServerTime(START + made * HOUR),
            since_ms: None,
        });
        story.now = START + made * HOUR;
        let id = story.after(who, &seen, body);
        let received = ServerTime(START + received * HOUR);
        story.received.insert(id, received);
    };
    say(GRID, recheck_fail(), looked);
    say(MANAGER, claim_fixed(), fixed);
    story
}

#[test]
fn a_recheck_before_the_fix_by_trusted_time_is_no_conflict() {
    let state = claim_and_look((2, 3), (4, 9)).state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(60), false)
    );
    assert_eq!(state.notices[0].rule, "C-05");
    // With time bounds that overlap, or with a later recheck, the two events are a conflict.
    for (looked, fixed) in [((2, 5), (4, 9)), ((10, 11), (4, 9))] {
        let state = claim_and_look(looked, fixed).state();
        assert_eq!(
            (state.state, state.flags.conflict_open),
            (StateCode(65), true)
        );
        assert_eq!(state.conflicts[0].rules[0], "C-06");
    }
}

#[test]
fn apart_and_in_order_by_trusted_time_is_a_sequence() {
    let mut story = Story::told(&[]);
    let seen = heads(&story.events);
    let reported = story.after(GRID, &seen, report());
    story
        .received
        .insert(reported, ServerTime(story.now + HOUR));
    story.beacon = Some(Beacon {
        seen: ServerTime(story.now + 2 * HOUR),
        since_ms: None,
    });
    story.now += 3 * HOUR;
    story.after(STREET, &seen, assign());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(50), false)
    );
    assert!(state.flags.ordered_by_time);
    assert_eq!(state.notices[0].rule, "C-TIME");
}

#[test]
fn what_ends_a_hazard_is_never_put_in_order_by_time() {
    let mut story = Story::told(&way_to(70));
    let seen = heads(&story.events);
    let looked = story.after(FIRE, &seen, recheck_fail());
    story.received.insert(looked, ServerTime(story.now + HOUR));
    story.beacon = Some(Beacon {
        seen: ServerTime(story.now + 2 * HOUR),
        since_ms: None,
    });
    story.now += 3 * HOUR;
    story.after(COUNTY, &seen, close());
    let state = story.state();
    assert_eq!(
        (state.state, state.flags.conflict_open),
        (StateCode(65), true)
    );
}

#[test]
fn late_records_of_a_former_grid_count_within_their_grace() {
    let mut story = Story::told(&[]);
    let late = story.then(MOVED_ON, note());
    assert_eq!(story.verdict(late), Verdict::Added);
    assert!(story.state().flags.authority_late);
    // After the grace period, until the server has received it and in doubt, what keeps a hazard open counts.
    let too_late = story.then(FORMER, note());
    assert_eq!(story.count(too_late), Validity::Pending);
    // The clock was set back to a day of the grant, but the event was provably made later.
    let reason = VoidReason::GrantOtherTime;
    story.beacon = Some(Beacon {
        seen: ServerTime(START + 5 * DAY),
        since_ms: None,
    });
    story.now = START - 2 * DAY;
    let seen = heads(&story.events);
    let set_back = story.after(MOVED_ON, &seen, note());
    assert_eq!(story.verdict(set_back), Verdict::Void { reason });
}

#[test]
fn a_revoked_phone_keeps_what_is_provably_older() {
    let told = |received: Option<i64>| {
        let mut story = Story::told(&way_to(50));
        let id = story.then(MANAGER, claim_fixed());
        if let Some(received) = received {
            story
                .received
                .insert(id, ServerTime(START + received * HOUR));
        }
        let device = DeviceId([MANAGER.0; 16]);
        story.revoked.insert(device, ServerTime(START + 5 * HOUR));
        (story.count(id), story.state())
    };
    let (_, state) = told(Some(4));
    assert_eq!(
        (state.state, state.flags.authority_late),
        (StateCode(60), true)
    );
    for (received, expected) in [(None, Validity::Waiting), (Some(6), Validity::NoEffect)] {
        let (count, state) = told(received);
        assert_eq!((count, state.state), (expected, StateCode(50)));
    }
}

#[test]
fn inv_17_a_statement_without_role_area_or_time_never_affects_counts() {
    let beacon = Some(Beacon {
        seen: ServerTime(START),
        since_ms: None,
    });
    for who in [STRANGER, FORMER] {
        let mut story = Story::new();
        story.beacon = beacon;
        story.then(who, observe());
        let state = story.state();
        assert_eq!((state.state, state.observation_count), (StateCode(0), 0));
        let mut story = Story::told(&way_to(50));
        let before = story.state();
        story.beacon = beacon;
        for body in [observe(), recheck_fail(), clearance(5), regrade(Grade::G1)] {
            story.then(who, body);
        }
        let after = story.state();
        assert_eq!(after.observation_count, before.observation_count);
        assert_eq!((after.state, after.values), (before.state, before.values));
    }
}

#[test]
fn a_clock_that_was_set_back_or_contradicts_the_server_shows() {
    let mut story = Story::told(&way_to(50));
    assert!(!story.state().flags.time_untrusted);
    story.then(MANAGER, note());
    story.now -= 2 * HOUR;
    story.then(MANAGER, claim_fixed());
    assert!(story.state().flags.time_untrusted);
    let mut story = Story::told(&[]);
    story.beacon = Some(Beacon {
        seen: ServerTime(story.now + HOUR),
        since_ms: None,
    });
    story.then(GRID, note());
    assert!(story.state().flags.time_untrusted);
}

/// An order with a deadline in seven days, and an extension that was made and received at these hours after the start.
fn extended(made: Option<i64>, received: Option<i64>) -> (Validity, Option<DeviceTime>) {
    let mut story = Story::told(&[(COUNTY, order())]);
    story.beacon = made.map(|hour| Beacon {
        seen: ServerTime(START + hour * HOUR),
        since_ms: None,
    });
    let id = story.then(CITY, extend_to(20));
    if let Some(hour) = received {
        story.received.insert(id, ServerTime(START + hour * HOUR));
    }
    (story.count(id), story.state().deadline)
}

#[test]
fn an_extension_counts_if_it_was_received_before_the_deadline() {
    let (old, new) = (
        Some(DeviceTime(START + 7 * DAY)),
        Some(DeviceTime(START + 20 * DAY)),
    );
    assert_eq!(extended(None, Some(24)), (Validity::Yes, new));
    assert_eq!(extended(None, None), (Validity::Waiting, old));
    // Received after the deadline: it may have been made before it.
    assert_eq!(extended(Some(24), Some(200)), (Validity::Waiting, old));
    // Provably made after it.
    assert_eq!(extended(Some(180), Some(200)), (Validity::NoEffect, old));
}

#[test]
fn a_fix_on_the_spot_is_stated_during_the_visit() {
    let mut story = Story::told(&[]);
    story
        .received
        .insert(story.events[0].id, ServerTime(story.now + HOUR));
    story.now += DAY;
    // The device's clock proves nothing.
    let mut by_clock = story.clone();
    by_clock.then(MANAGER, fix_on_spot());
    assert_eq!(by_clock.state().state, StateCode(15));
    // The server's time does.
    story.beacon = Some(Beacon {
        seen: ServerTime(story.now),
        since_ms: None,
    });
    let id = story.then(MANAGER, fix_on_spot());
    assert_eq!(story.count(id), Validity::NoEffect);
    assert_eq!(story.state().state, StateCode(10));
}

#[test]
fn the_finder_corrects_kind_and_place_soon_and_before_anybody_acted_else_it_is_a_proposal() {
    let mut story = Story::told(&[]);
    story
        .received
        .insert(story.events[0].id, ServerTime(story.now + HOUR));
    story.now += 2 * DAY;
    // The device's clock proves nothing.
    let mut by_clock = story.clone();
    let id = by_clock.then(GRID, recode("EG-07"));
    assert!(matches!(by_clock.verdict(id), Verdict::Accepted { .. }));
    story.beacon = Some(Beacon {
        seen: ServerTime(story.now),
        since_ms: None,
    });
    let id = story.then(GRID, recode("EG-07"));
    assert!(matches!(story.verdict(id), Verdict::Proposed { .. }));
    let code = &story.state().values.code[0].value;
    assert_eq!(code.as_str(), "EG-06");
    let mut story = Story::told(&[(MANAGER, claim_fixed())]);
    let id = story.then(GRID, recode("EG-07"));
    assert!(matches!(story.verdict(id), Verdict::Proposed { .. }));
}
