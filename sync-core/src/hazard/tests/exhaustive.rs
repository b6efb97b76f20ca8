//! All causal histories of six events by three authors, in all orders of arrival.
//!
//! A history is six events of three authors and, for each event, the number of events of every author in its causal
//! history. All such histories are made, for scenes whose events end the hazard, conflict, or both. Equal sets of
//! events are folded once.
//!
//! The usual run: 2,827 histories of two events of each author, for five chosen scenes and sixteen drawn by a seed; all
//! orders of arrival of up to four events, and as many orders as events for sets of five or six: about 30,000 orders
//! and 230,000 merges for each scene. `XUNCHA_EXHAUSTIVE=1 cargo test -p sync-core --release --lib exhaustive` also
//! takes 3 + 2 + 1 events for the chosen scenes, all 720 orders, and 20 drawn scenes: 6,763 histories, 5 million orders
//! and 529,000 merges for each scene, in one and a half minutes each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;

/// The number of events of each author in a causal history: a vector clock.
type Clock = [usize; 3];
/// A history: for each author, the clocks of the events; an event does not count itself.
type Shape = [Vec<Clock>; 3];

/// The next event of an author; the argument is its causal history after the base of the scene.
type Says = fn(&[EventId]) -> EventBody;

struct Scene {
    base: u16,
    people: [(Who, [Says; 3]); 3],
}

fn decide(seen: &[EventId]) -> EventBody {
    match seen {
        [.., a, b] => resolve(&[*a, *b], *b),
        _ => note(),
    }
}

fn scenes() -> Vec<Scene> {
    let close: Says = |_| close();
    let passed: Says = |_| recheck_pass();
    let failed: Says = |_| recheck_fail();
    let claimed: Says = |_| claim_fixed();
    let merged: Says = |_| mark_duplicate();
    let voided: Says = |_| void();
    let unmerged: Says = |_| unmerge();
    let says: Says = |_| note();
    vec![
        Scene {
            base: 60,
            people: [
                (COMMUNITY, [passed, decide, says]),
                (FIRE, [failed, passed, close]),
                (COUNTY, [close, close, merged]),
            ],
        },
        Scene {
            base: 70,
            people: [
                (COUNTY, [close, decide, close]),
                (
                    CITY,
                    [|_| escalate(), |_| gov_decision(GovOutcome::Order), close],
                ),
                (GRID, [|_| observe(), |_| correct_count(12), failed]),
            ],
        },
        Scene {
            base: 10,
            people: [
                (COUNTY, [voided, merged, unmerged]),
                (FIRE, [|_| penalty(), |_| regrade(Grade::G3), |_| order()]),
                (GRID, [|_| report(), |_| recode("EG-07"), failed]),
            ],
        },
        Scene {
            base: 10,
            people: [
                (COUNTY, [|_| transfer(), |_| transfer_withdraw(), decide]),
                (
                    FIRE,
                    [
                        |_| transfer_accept(),
                        |_| transfer_result(TransferOutcome::Unfounded),
                        close,
                    ],
                ),
                (MANAGER, [claimed, |_| clearance(3), claimed]),
            ],
        },
        Scene {
            base: 70,
            people: [
                (COUNTY, [merged, unmerged, close]),
                (COUNTY_TOO, [close, decide, merged]),
                (STREET, [close, |_| reopen(), decide]),
            ],
        },
    ]
}

/// Every shape with these numbers of events of the authors.
fn shapes(counts: Clock) -> BTreeSet<Shape> {
    let mut found = BTreeSet::new();
    let mut reached: BTreeSet<Shape> = [Shape::default()].into();
    while let Some(shape) = reached.pop_first() {
        if (0..3).all(|who| shape[who].len() == counts[who]) {
            found.insert(shape);
            continue;
        }
        for who in (0..3).filter(|who| shape[*who].len() < counts[*who]) {
            for clock in clocks(&shape, who) {
                let mut longer = shape.clone();
                longer[who].push(clock);
                reached.insert(longer);
            }
        }
    }
    found
}

/// The possible clocks of the next event of an author: not less than the previous one, and closed under causality.
fn clocks(shape: &Shape, who: usize) -> Vec<Clock> {
    let before = shape[who].last().copied().unwrap_or_default();
    let mut found = Vec::new();
    for a in 0..=shape[0].len() {
        for b in 0..=shape[1].len() {
            for c in 0..=shape[2].len() {
                let mut clock = [a, b, c];
                clock[who] = shape[who].len();
                let grows = (0..3).all(|w| clock[w] >= before[w]);
                let whole = (0..3).all(|other| {
                    clock[other] == 0 || {
                        let last = shape[other][clock[other] - 1];
                        (0..3).all(|w| last[w] <= clock[w])
                    }
                });
                if grows && whole && !found.contains(&clock) {
                    found.push(clock);
                }
            }
        }
    }
    found
}

/// The events of a shape, by author.
fn tell(scene: &Scene, shape: &Shape) -> (Story, [Vec<EventEntry>; 3]) {
    let mut story = Story::told(&way_to(scene.base));
    let base = heads(&story.events);
    let mut told: [Vec<EventEntry>; 3] = Default::default();
    while (0..3).any(|who| told[who].len() < shape[who].len()) {
        for who in 0..3 {
            let at = told[who].len();
            let Some(clock) = shape[who].get(at) else {
                continue;
            };
            if (0..3).any(|other| told[other].len() < clock[other]) {
                continue;
            }
            let (author, says) = scene.people[who];
            let known: Vec<EventId> = (0..3)
                .flat_map(|other| told[other][..clock[other]].iter().map(|s| s.id))
                .collect();
            let last = (0..3).filter(|other| clock[*other] > 0);
            let mut after: Vec<EventId> =
                last.map(|other| told[other][clock[other] - 1].id).collect();
            if after.is_empty() {
                after.clone_from(&base);
            }
            // An event has the same id in every shape that contains it.
            story.now = START + DAY + ((at * 3 + who) as i64) * 60_000;
            story.after(author, &after, says[at](&known));
            told[who].push(story.events.pop().expect("just told"));
        }
    }
    (story, told)
}

/// The results of folds, by the sorted ids of the events, so that each set of events is folded once.
struct Folded {
    states: HashMap<Vec<EventId>, (StateCode, bool)>,
    orders: usize,
}

fn is_over(state: StateCode) -> bool {
    [80, 95, 96].contains(&state.0)
}

impl Folded {
    fn of(&mut self, story: &Story, extra: &[EventEntry], all_orders: usize) -> (StateCode, bool) {
        let mut names: Vec<_> = extra.iter().map(|s| s.id).collect();
        names.sort_unstable();
        if let Some(known) = self.states.get(&names) {
            return *known;
        }
        let whole = |extra: &[EventEntry]| {
            let mut events = story.events.clone();
            events.extend_from_slice(extra);
            events
        };
        let state = story.of(&whole(extra));
        let mut order: Vec<EventEntry> = extra.to_vec();
        let mut check = |order: &[EventEntry]| {
            self.orders += 1;
            assert_eq!(story.of(&whole(order)), state, "another order of arrival");
        };
        if extra.len() <= all_orders {
            permute(&mut order, 0, &mut check);
        } else {
            for turn in 0..extra.len() {
                order.rotate_left(1);
                if turn % 2 == 0 {
                    order.reverse();
                }
                check(&order);
            }
        }
        let known = (state.state, state.flags.conflict_open);
        assert!(
            !(known.1 && is_over(known.0)),
            "ended while contested: {state:?}"
        );
        self.states.insert(names, known);
        known
    }
}

fn permute(order: &mut Vec<EventEntry>, from: usize, check: &mut impl FnMut(&[EventEntry])) {
    if from + 1 >= order.len() {
        check(order);
        return;
    }
    for at in from..order.len() {
        order.swap(from, at);
        permute(order, from + 1, check);
        order.swap(from, at);
    }
}

/// Every set of events that a replica may have: with each event its causal history.
fn replicas(shape: &Shape) -> Vec<Clock> {
    let mut found = Vec::new();
    for a in 0..=shape[0].len() {
        for b in 0..=shape[1].len() {
            for c in 0..=shape[2].len() {
                let clock = [a, b, c];
                let whole = (0..3).all(|who| {
                    clock[who] == 0 || {
                        let last = shape[who][clock[who] - 1];
                        (0..3).all(|w| last[w] <= clock[w])
                    }
                });
                if whole {
                    found.push(clock);
                }
            }
        }
    }
    found
}

/// Merges any two replicas: the result has one state, and the hazard is ended only if it is ended in one of the
/// replicas.
fn try_all(scene: &Scene, counts: &[Clock], all_orders: usize) {
    let mut folded = Folded {
        states: HashMap::new(),
        orders: 0,
    };
    let (mut histories, mut merges) = (0, 0);
    for shape in counts.iter().flat_map(|counts| shapes(*counts)) {
        histories += 1;
        let (story, told) = tell(scene, &shape);
        let held: BTreeMap<Clock, StateCode> = replicas(&shape)
            .into_iter()
            .map(|clock| {
                let extra: Vec<EventEntry> = (0..3)
                    .flat_map(|who| told[who][..clock[who]].iter().cloned())
                    .collect();
                (clock, folded.of(&story, &extra, all_orders).0)
            })
            .collect();
        for (a, one) in &held {
            for (b, other) in held.range(*a..) {
                merges += 1;
                let both = [a[0].max(b[0]), a[1].max(b[1]), a[2].max(b[2])];
                let ended = is_over(held[&both]);
                assert!(
                    !ended || is_over(*one) || is_over(*other),
                    "{a:?} and {b:?} of {shape:?} end the hazard by merging"
                );
            }
        }
    }
    let ended = folded.states.values().filter(|(state, _)| is_over(*state));
    let contested = folded.states.values().filter(|(_, open)| *open);
    println!("{} ended, {} contested;", ended.count(), contested.count());
    println!(
        "{histories} histories, {} sets of statements, {} orders of arrival, {merges} merges",
        folded.states.len(),
        folded.orders
    );
}

fn tried(scene: usize) {
    let scene = &scenes()[scene];
    if std::env::var_os("XUNCHA_EXHAUSTIVE").is_some() {
        try_all(scene, &[[2, 2, 2], [3, 2, 1], [1, 3, 2], [2, 1, 3]], 6);
    } else {
        try_all(scene, &[[2, 2, 2]], 4);
    }
}

/// The events that each author of the cast may state in a drawn scene.
const MENUS: [(Who, [Says; 6]); 8] = [
    (
        COUNTY,
        [
            |_| close(),
            |_| void(),
            |_| mark_duplicate(),
            |_| order(),
            |_| transfer(),
            decide,
        ],
    ),
    (
        COUNTY_TOO,
        [
            |_| close(),
            |_| unmerge(),
            |_| regrade(Grade::G1),
            |_| escalate(),
            decide,
            |_| recode("EG-09"),
        ],
    ),
    (
        STREET,
        [
            |_| close(),
            |_| assign(),
            |_| order_numbered("通知2号"),
            decide,
            |_| mark_duplicate(),
            |_| reopen(),
        ],
    ),
    (
        FIRE,
        [
            |_| recheck_fail(),
            |_| recheck_pass(),
            |_| regrade(Grade::G3),
            |_| penalty(),
            |_| close(),
            |_| transfer_accept(),
        ],
    ),
    (
        GRID,
        [
            |_| observe(),
            |_| report(),
            |_| recheck_fail(),
            |_| correct_count(9),
            |_| recode("EG-07"),
            |_| photo_role(),
        ],
    ),
    (
        MANAGER,
        [
            |_| claim_fixed(),
            |_| fix_on_spot(),
            |_| start_rectify(),
            |_| clearance(3),
            |_| note(),
            |_| observe(),
        ],
    ),
    (
        COMMUNITY,
        [
            |_| recheck_pass(),
            |_| EventBody::ConfirmSpotFix(reason()),
            |_| recheck_fail(),
            |_| reopen(),
            decide,
            |_| clearance(5),
        ],
    ),
    (
        CITY,
        [
            |_| close(),
            |_| escalate(),
            |_| gov_decision(GovOutcome::Order),
            |_| gov_progress(GovStage::Solved),
            decide,
            |_| close(),
        ],
    ),
];

/// A scene drawn by a seed.
fn drawn(seed: u64) -> Scene {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut roll = |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    let base = [10, 15, 30, 50, 60, 70, 70][roll(7)];
    let first = roll(MENUS.len());
    let people = [0, 1 + roll(2), 3 + roll(4)].map(|step| {
        let (who, menu) = MENUS[(first + step) % MENUS.len()];
        (who, [menu[roll(6)], menu[roll(6)], menu[roll(6)]])
    });
    Scene { base, people }
}

#[test]
fn inv_01_02_03_of_every_history_of_drawn_scenes() {
    let big = std::env::var_os("XUNCHA_EXHAUSTIVE").is_some();
    for seed in 0..if big { 20 } else { 16 } {
        try_all(&drawn(seed), &[[2, 2, 2]], if big { 6 } else { 4 });
    }
}

#[test]
fn inv_01_02_03_of_every_history_rechecks_and_closings() {
    tried(0);
}
#[test]
fn inv_01_02_03_of_every_history_closings_and_escalations() {
    tried(1);
}
#[test]
fn inv_01_02_03_of_every_history_voiding_and_penalties() {
    tried(2);
}
#[test]
fn inv_01_02_03_of_every_history_transfers() {
    tried(3);
}
#[test]
fn inv_01_02_03_of_every_history_merging_and_closing() {
    tried(4);
}
