//! Properties of every history: any authors, any causal order, any order of arrival.

use proptest::prelude::*;

use super::*;

const CAST: [Who; 14] = [
    GRID, MANAGER, COMMUNITY, STREET, COUNTY, COUNTY_TOO, FIRE, URBAN, DEPARTMENT, CITY, GRID_TOO,
    DPO, STRANGER, MOVED_ON,
];

/// An event that an author may state after these events; common kinds are drawn more often.
fn body(n: u8, known: &[EventId]) -> EventBody {
    use DissuasionResult::{Complied, Refused};
    let rare: [fn() -> EventBody; 28] = [
        reopen,
        void,
        mark_duplicate,
        transfer,
        transfer_accept,
        transfer_return,
        transfer_sign,
        transfer_withdraw,
        escalate,
        unmerge,
        penalty,
        photo_role,
        fix_on_spot,
        report,
        order,
        || transfer_result(TransferOutcome::Unfounded),
        || transfer_result(TransferOutcome::Verified),
        || gov_decision(GovOutcome::Order),
        || gov_progress(GovStage::Solved),
        || extend_to(20),
        || regrade(Grade::G3),
        || regrade(Grade::G1),
        || recode("EG-07"),
        || relocate("5栋"),
        || correct_count(12),
        || clearance(3),
        || public_report("楼道堆物"),
        || EventBody::ConfirmSpotFix(reason()),
    ];
    match n % 16 {
        0 => observe(),
        1 => dissuade(if n < 128 { Refused } else { Complied }),
        2 => assign(),
        3 => start_rectify(),
        4 | 5 => claim_fixed(),
        6 | 7 => recheck_pass(),
        8 => recheck_fail(),
        9 => close(),
        10 if known.len() > 1 => resolve(&known[known.len() - 2..], known[known.len() - 1]),
        11 if n > 250 => unknown(),
        12 => note(),
        _ => rare[usize::from(n) % rare.len()](),
    }
}

/// A history: in each step an author states an event after all earlier events, or after up to two of them with their
/// causal history.
fn history() -> impl Strategy<Value = Story> {
    let step = (
        0..CAST.len(),
        any::<u8>(),
        prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        any::<bool>(),
    );
    prop::collection::vec(step, 1..14).prop_map(|steps| {
        let mut story = Story::told(&[]);
        for (who, what, seen, all) in steps {
            let ids: Vec<_> = story.events.iter().map(|s| s.id).collect();
            let body = body(what, &ids);
            if all {
                story.then(CAST[who], body);
            } else {
                let after: Vec<_> = seen.iter().map(|i| ids[i.index(ids.len())]).collect();
                story.after(CAST[who], &after, body);
            }
        }
        story
    })
}

/// The events of a replica that has these events: they and their causal histories.
fn closure(story: &Story, wanted: &[bool]) -> Vec<EventEntry> {
    let mut has = vec![false; story.events.len()];
    for at in (0..story.events.len()).rev() {
        has[at] |= wanted.get(at).copied().unwrap_or(false);
        if has[at] {
            for parent in &story.events[at].event.after {
                let found = story.events.iter().position(|s| s.id == *parent).unwrap();
                has[found] = true;
            }
        }
    }
    let held = story.events.iter().zip(has).filter(|(_, has)| *has);
    held.map(|(stated, _)| stated.clone()).collect()
}

/// Whether an event's causal history has an ending.
fn saw_an_ending(story: &Story, id: &EventId) -> bool {
    let wanted: Vec<bool> = story.events.iter().map(|entry| entry.id == *id).collect();
    let known = closure(story, &wanted);
    let ends = |body: &EventBody| {
        matches!(
            body,
            EventBody::Close(_) | EventBody::Void(_) | EventBody::MarkDuplicate(_)
        )
    };
    known
        .iter()
        .any(|entry| entry.id != *id && ends(&entry.event.body))
}

fn is_over(state: StateCode) -> bool {
    [80, 95, 96].contains(&state.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inv_01_order_of_arrival_and_doubles_do_not_matter(story in history(), seed in any::<u64>()) {
        let mut events = story.events.clone();
        let mut chance = seed;
        for at in (1..events.len()).rev() {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            events.swap(at, (chance >> 33) as usize % (at + 1));
        }
        events.push(events[0].clone());
        prop_assert_eq!(story.of(&events), story.state());
    }

    #[test]
    fn inv_02_no_merge_ends_a_hazard(story in history(), one in prop::collection::vec(any::<bool>(), 15), other in prop::collection::vec(any::<bool>(), 15)) {
        let (a, b) = (closure(&story, &one), closure(&story, &other));
        let mut both = a.clone();
        both.extend(b.iter().cloned());
        let (a, b, both) = (story.of(&a), story.of(&b), story.of(&both));
        if is_over(both.state) {
            prop_assert!(is_over(a.state) || is_over(b.state), "{a:?}\n{b:?}\n{both:?}");
        }
    }

    #[test]
    fn inv_03_nothing_is_closed_while_a_conflict_is_open(story in history()) {
        let state = story.state();
        if is_over(state.state) {
            // A conflict suspends no ending that its objection, or one of its values, has seen (docs/rules.md, 5.6).
            let open = state.conflicts.iter().filter(|c| c.is_open() && !c.is_card);
            for conflict in open {
                let sides = conflict.objections.iter().chain(&conflict.decisions);
                let saw_an_ending = sides.cloned().any(|id| saw_an_ending(&story, &id));
                prop_assert!(saw_an_ending, "{conflict:?} of {state:?}");
            }
        }
    }

    #[test]
    fn inv_05_claimant_rechecker_and_closer_differ_in_every_history(story in history()) {
        let state = story.state();
        let took_effect = |id: &EventId| {
            state.history.iter().any(|j| j.id == *id && matches!(j.verdict, Verdict::Accepted { .. }))
        };
        let context = story.context();
        let organ = |stated: &EventEntry| context.grant(&stated.event.grant).map(|g| g.organ);
        for at in 0..story.events.len() {
            let later = &story.events[at];
            if !took_effect(&later.id) {
                continue;
            }
            let known = closure(&story, &(0..=at).map(|i| i == at).collect::<Vec<_>>());
            for earlier in known.iter().filter(|s| s.id != later.id && took_effect(&s.id)) {
                let claim = matches!(earlier.event.body, EventBody::ClaimFixed(_) | EventBody::FixOnSpot(_));
                let recheck = matches!(earlier.event.body, EventBody::RecheckPass(_));
                match later.event.body {
                    EventBody::RecheckPass(_) if claim => prop_assert_ne!(organ(earlier), organ(later)),
                    EventBody::Close(_) if claim || recheck => {
                        prop_assert_ne!(earlier.event.author, later.event.author);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn inv_07_every_hazard_has_an_observation(story in history()) {
        let state = story.state();
        prop_assert_eq!(state.state != StateCode(0), state.observation_count > 0);
        prop_assert_eq!(state.code.is_some(), state.observation_count > 0);
    }

    #[test]
    fn inv_17_what_nobody_was_entitled_to_say_changes_nothing(story in history()) {
        let entitled = |s: &&EventEntry| s.event.author != PersonId([STRANGER.0; 16]);
        let without: Vec<EventEntry> = story.events.iter().filter(entitled).cloned().collect();
        let (with, without) = (story.state(), story.of(&without));
        // Void events stay in the history. Histories in which a later event names one are skipped: without it, the
        // causal order of the rest would differ.
        if story.events.iter().all(|s| s.event.after.iter().all(|id| {
            story.events.iter().any(|e| e.id == *id && entitled(&e))
        })) {
            prop_assert_eq!(with.state, without.state);
            prop_assert_eq!(with.values, without.values);
            prop_assert_eq!(with.observation_count, without.observation_count);
        }
    }

    #[test]
    fn inv_22_no_history_without_fire_rescue_has_a_major_hazard(story in history()) {
        let fire = PersonId([FIRE.0; 16]);
        let said = |s: &EventEntry| s.event.author == fire && matches!(&s.event.body, EventBody::Regrade(r) if r.grade == Grade::G3);
        let state = story.state();
        prop_assert!(state.grade != Some(Grade::G3) || story.events.iter().any(said));
    }

    #[test]
    fn every_concurrent_value_of_a_field_is_there(story in history()) {
        let state = story.state();
        let took_effect = |id: &EventId| {
            state.history.iter().any(|j| j.id == *id && matches!(j.verdict, Verdict::Accepted { .. }))
        };
        let setters: Vec<_> = story.events.iter().filter(|s| {
            took_effect(&s.id) && matches!(s.event.body, EventBody::Regrade(_))
        }).collect();
        let decided = state.conflicts.iter().any(|c| !c.settled_by.is_empty());
        for setter in setters.iter().filter(|_| !decided) {
            let overtaken = setters.iter().any(|later| {
                let at = story.events.iter().position(|s| s.id == later.id).unwrap();
                later.id != setter.id
                    && closure(&story, &(0..=at).map(|i| i == at).collect::<Vec<_>>())
                        .iter()
                        .any(|s| s.id == setter.id)
            });
            let shown = state.values.grade.iter().any(|v| v.by == setter.id);
            prop_assert_eq!(shown, !overtaken);
        }
    }

    #[test]
    fn no_more_is_fed_back_or_solved_than_was_sent(story in history()) {
        let figures = crate::hazard::quantity::quantities(&story.state(), &story.events);
        let count = |name: &str| figures.iter().filter(|q| q.name == name).count();
        prop_assert!(count("transfers_fed_back") <= count("transfers"));
        prop_assert!(count("escalations_solved") <= count("escalations"));
        prop_assert!(count("dissuasions") <= story.events.len());
    }

    #[test]
    fn every_event_is_in_the_history_once(story in history()) {
        let state = story.state();
        let mut ids: Vec<_> = state.history.iter().map(|j| j.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), story.events.len());
    }
}

#[test]
fn inv_30_a_kind_of_the_future_is_stored_and_relayed_unchanged() {
    // A kind that this version does not know, with keys it does not know.
    let event = Story::told(&[]).events.remove(0).event;
    let bytes = event.to_bytes().unwrap();
    let mut raw = bytes.clone();
    assert_eq!(raw[..3], [0xa7, 0x00, 0x01], "a map of 7 with kind 1 first");
    raw.splice(2..3, [0x19, 0x03, 0x84]);
    let future = Event::from_bytes(&raw).unwrap();
    assert_eq!(future.body, EventBody::Unknown { number: 900 });
    assert_eq!(future.after, event.after);
    // It is relayed as bytes; this version refuses to encode it, because it would lose what it cannot read.
    assert!(future.to_bytes().is_err());
}

#[test]
fn an_event_with_a_beacon_reads_back_and_an_older_reader_skips_it() {
    let mut event = Story::told(&[]).events.remove(0).event;
    event.beacon = Some(Beacon {
        seen: ServerTime(START),
        since_ms: Some(12_345),
    });
    let bytes = event.to_bytes().unwrap();
    assert_eq!(Event::from_bytes(&bytes).unwrap(), event);
}

#[test]
fn a_long_history_is_folded_whole() {
    let mut story = Story::told(&way_to(50));
    for _ in 0..165 {
        story.then(MANAGER, claim_fixed());
        story.then(COMMUNITY, recheck_fail());
        story.then(GRID, note());
    }
    let state = story.state();
    assert_eq!(
        (state.state, state.history.len()),
        (StateCode(65), story.events.len())
    );
}
