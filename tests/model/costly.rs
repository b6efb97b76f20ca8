//! Documents that are made to cost as much as ingest allows: few kinds of events, very often, on many branches.

use std::time::Instant;

use sync_core::{
    crdt::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_CHANGES},
    record::{Beacon, Event, EventBody, EventId, Resolution, ServerTime, event::MAX_AFTER},
};

use crate::{
    fold::folded,
    oracle::tables::Tables,
    plain::{event, grants},
    world::{Chance, Inputs, World},
};

/// What is repeated, and how its branches meet.
struct Shape {
    /// Events whose author and content are repeated.
    pool: Vec<Event>,
    /// The branches, and every how many events one of them takes over the others.
    branches: usize,
    joins: usize,
    /// How many branches such an event takes over.
    width: usize,
    /// Whether devices prove times, and whether the server has received the events, in percent.
    beacons: usize,
    receipts: usize,
}

impl Shape {
    fn of(chance: &mut Chance, world: &World) -> Self {
        let mut pool: Vec<Event> = Vec::new();
        let count = 1 + chance.below(8);
        let others = world.events[1..].iter().map(|(_, event)| event);
        let others: Vec<&Event> = others.filter(|event| event.to_bytes().is_ok()).collect();
        while pool.len() < count && !others.is_empty() {
            if let Some(event) = chance.one(&others) {
                pool.push((*event).clone());
            }
        }
        let branches = [1, 2, 3, 4, 8, 32, 128, 1_000][chance.below(8)];
        Self {
            pool,
            branches,
            joins: [2, 4, 8, 16, 64, 256, 4_000][chance.below(7)],
            width: [2, 4, MAX_AFTER][chance.below(3)],
            beacons: [0, 50, 100][chance.below(3)],
            receipts: [0, 90, 100][chance.below(3)],
        }
    }
}

/// The document of a seed: the first events of a random world, and then repetitions of some of its events.
pub(crate) fn costly(seed: u64, tables: &Tables) -> World {
    let mut world = World::of_seed(seed, tables);
    let mut chance = Chance::new(seed ^ 0x0c05_7000);
    let shape = Shape::of(&mut chance, &world);
    let begin = 1 + chance.below(world.events.len() - 1);
    let mut events: Vec<(EventId, Event)> = world.events[..begin].to_vec();
    let last = vec![events[begin - 1].0];
    let mut branches = vec![last; shape.branches];
    let mut now = events
        .iter()
        .map(|(_, event)| event.claimed.0)
        .max()
        .unwrap_or(0);
    let mut bytes = 0;
    while events.len() < MAX_DOCUMENT_CHANGES && bytes < MAX_DOCUMENT_BYTES {
        now += 1_000;
        let at = chance.below(branches.len());
        if chance.below(shape.joins) == 0 {
            for _ in 1..shape.width {
                let other = chance.below(branches.len());
                if other != at {
                    let more = branches[other].clone();
                    branches[at].extend(more);
                }
            }
            branches[at].sort_unstable();
            branches[at].dedup();
            branches[at].truncate(MAX_AFTER);
        }
        let Some(event) = chance.one(&shape.pool) else {
            break;
        };
        let mut event = event.clone();
        event.claimed.0 = now;
        event.after = branches[at].clone();
        if let EventBody::Resolve(resolution) = &event.body {
            event.body = EventBody::Resolve(renamed(&mut chance, resolution, &events));
        }
        let proves = chance.percent(shape.beacons);
        event.beacon = proves.then_some(Beacon {
            seen: ServerTime(now - 500),
            since_ms: Some(100),
        });
        let encoded = event.to_bytes().expect("an event");
        bytes += encoded.len();
        let id = EventId::of(&encoded);
        if chance.percent(shape.receipts) {
            let late = chance.up_to(100_000);
            world.facts.received.insert(id, ServerTime(now + late));
        }
        branches[at] = vec![id];
        events.push((id, event));
    }
    World { events, ..world }
}

/// A decision about recent events.
fn renamed(
    chance: &mut Chance,
    resolution: &Resolution,
    events: &[(EventId, Event)],
) -> Resolution {
    let recent = &events[events.len().saturating_sub(64)..];
    let names = (0..16).filter_map(|_| chance.one(recent));
    let mut resolves: Vec<EventId> = names.map(|(id, _)| *id).collect();
    resolves.sort_unstable();
    resolves.dedup();
    if resolves.len() < 2 {
        return resolution.clone();
    }
    Resolution {
        holds: resolves[0],
        also_hold: resolves.iter().skip(1).step_by(2).copied().collect(),
        resolves,
        ..resolution.clone()
    }
}

/// A family of large documents: its name, what is repeated by which person, on how many devices, and every how many
/// events the devices meet.
type Family = (&'static str, &'static [(usize, &'static str)], usize, usize);

const FAMILIES: [Family; 7] = [
    ("clearances one after another", &[(0, "clearance")], 1, 1),
    ("clearances on two devices", &[(0, "clearance")], 2, 4),
    (
        "findings, all concurrent",
        &[(0, "observe"), (1, "observe")],
        1_000,
        0,
    ),
    (
        "claims and failed rechecks, all concurrent",
        QUARREL,
        1_000,
        0,
    ),
    ("claims and failed rechecks on two devices", QUARREL, 2, 4),
    (
        "corrections of the kind, all concurrent",
        &[(4, "recode")],
        1_000,
        0,
    ),
    ("corrections of the kind, two lines", &[(4, "recode")], 2, 0),
];

const QUARREL: &[(usize, &str)] = &[(2, "claim_fixed"), (1, "recheck_fail")];

/// The largest document of a family: found and assigned, then the repeated events on branches.
fn family(repeated: &[(usize, &str)], branches: usize, joins: usize) -> Inputs {
    let found = event(0, 0, "observe", Vec::new(), None);
    let assigned = event(4, 1_000, "assign", vec![found.0], None);
    let mut heads = vec![vec![assigned.0]; branches];
    let mut events = vec![found, assigned];
    while events.len() < MAX_DOCUMENT_CHANGES {
        let n = events.len();
        let at = n % branches;
        if joins > 0 && n % joins == 0 {
            heads[at] = heads.concat();
            heads[at].sort_unstable();
            heads[at].dedup();
        }
        let (person, kind) = repeated[n / branches.min(2) % repeated.len()];
        let next = event(person, 1_001 * n as i64, kind, heads[at].clone(), None);
        heads[at] = vec![next.0];
        events.push(next);
    }
    Inputs {
        events,
        grants: grants(),
        receipts: Vec::new(),
        revocations: Vec::new(),
        unattested: Vec::new(),
        accepted: Vec::new(),
    }
}

#[test]
fn the_largest_document_of_each_family_is_folded_alike_in_any_order() {
    for (name, repeated, branches, joins) in FAMILIES {
        let inputs = family(repeated, branches, joins);
        let mut turned = inputs.clone();
        turned.events.reverse();
        let begin = Instant::now();
        let state = folded(inputs);
        println!("{name}: {} ms", begin.elapsed().as_millis());
        assert_eq!(state, folded(turned), "{name}");
    }
}

/// `XUNCHA_MODEL_COSTLY` documents, from `XUNCHA_MODEL_FROM` on, are folded; the slowest is printed.
#[test]
fn a_costly_document_is_folded_alike_in_any_order() {
    let number = |name: &str, usual: u64| {
        let asked = std::env::var(name).ok();
        asked.and_then(|n| n.parse().ok()).unwrap_or(usual)
    };
    let tables = Tables::embedded();
    let from = number("XUNCHA_MODEL_FROM", 0);
    let mut slowest = (0, 0);
    let mut slow = 0;
    let count = number("XUNCHA_MODEL_COSTLY", 12);
    for seed in from..from + count {
        let world = costly(seed, &tables);
        let mut turned = world.inputs();
        turned.events.reverse();
        let begin = Instant::now();
        let state = folded(world.inputs());
        let took = begin.elapsed().as_millis();
        slowest = slowest.max((took, seed));
        slow += u64::from(took > 50);
        assert_eq!(state, folded(turned), "seed {seed}");
    }
    let (took, seed) = slowest;
    println!("{count} documents; slowest: seed {seed}, {took} ms; longer than 50 ms: {slow}");
}
