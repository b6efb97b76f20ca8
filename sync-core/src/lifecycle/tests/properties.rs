//! What holds for every history: any cast, any knowledge, any order.

use proptest::prelude::*;

use super::*;

const CAST: [Who; 9] = [
    GRID, MANAGER, COMMUNITY, STREET, COUNTY, COUNTY_TOO, FIRE, URBAN, DEPARTMENT,
];

fn body(n: u8, known: &[EventId]) -> EventBody {
    match n % 19 {
        0 => observe(),
        1 => fix_on_spot(),
        2 => EventBody::ConfirmSpotFix(reason()),
        3 => dissuade(DissuasionResult::Refused),
        4 => dissuade(DissuasionResult::Complied),
        5 => report(),
        6 => assign(),
        7 => order(),
        8 => start_rectify(),
        9 | 10 => claim_fixed(),
        11 | 12 => recheck_pass(),
        13 => recheck_fail(),
        14 | 15 => close(),
        16 => [reopen(), void(), mark_duplicate()][usize::from(n / 19) % 3].clone(),
        17 if known.len() > 1 => resolve(&known[known.len() - 2..], known[known.len() - 1]),
        18 if n > 200 => unknown(),
        _ => note(),
    }
}

/// A history: each step somebody says something, having seen up to three earlier events and all before them.
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

/// What a replica has that holds these events: they and all they had seen.
fn closure(story: &Story, wanted: &[bool]) -> Vec<Stated> {
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
        if state.flags.conflict_open {
            prop_assert!(!is_over(state.state), "{:?}", state);
        }
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
