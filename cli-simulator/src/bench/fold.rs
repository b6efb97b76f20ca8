//! Measures the fold: events that are already decoded become a state.

use std::{collections::BTreeMap, time::Instant};

use sync_core::{
    catalogue::Catalogue,
    document::Folded,
    history::{EventEntry, FoldContext, heads},
    record::{
        Assignment, DAY_MS, DeviceId, DeviceTime, Event, EventBody, EventId, Evidence, Grant,
        GrantId, LocationKind, OrganId, PersonId, PhotoHash, PhotoRef, PhotoRole, PhotoSource,
        Role, ServerTime, Short,
    },
};

use super::row::Row;
use crate::world::{World, evidence, note, observation};

const NOON: i64 = 1_711_339_200_000;
const ROLES: [Role; 4] = [
    Role::GridWorker,
    Role::PropertyManager,
    Role::CommunityOfficer,
    Role::StreetOfficer,
];

fn grants(world: &World) -> BTreeMap<GrantId, Grant> {
    let grant = |(n, role): (usize, &Role)| {
        let id = n as u8 + 1;
        let claims = Grant {
            person: PersonId([id; 16]),
            organ: OrganId([id; 16]),
            role: *role,
            area: world.county.clone(),
            device: DeviceId([id; 16]),
            device_key: [0; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
            also: None,
            space: None,
        };
        (GrantId([id; 12]), claims)
    };
    ROLES.iter().enumerate().map(grant).collect()
}

fn shown(n: u64, role: PhotoRole) -> Evidence {
    let photo = PhotoRef {
        hash: PhotoHash::of(&n.to_be_bytes()),
        size: 200_000,
        width: 1536,
        height: 2048,
        role,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    };
    evidence("见照片", vec![photo])
}

/// A hazard with this many events. Every sixth event is concurrent with the one before it.
fn history(world: &World, seed: u64, length: usize) -> Vec<EventEntry> {
    let place = ("3栋", "2单元", "5层", LocationKind::Corridor);
    let found = shown(seed, PhotoRole::Before).photos;
    let found = observation(
        &world.compounds[0],
        "EV-02",
        place,
        "楼道停放电动自行车",
        found,
    );
    let mut events: Vec<EventEntry> = Vec::with_capacity(length);
    let mut say = |who: u8, body: EventBody, back: usize| {
        let at = events.len();
        let event = Event {
            author: PersonId([who; 16]),
            device: DeviceId([who; 16]),
            grant: GrantId([who; 12]),
            claimed: DeviceTime(NOON + 60_000 * at as i64),
            after: match back {
                0 => recent_heads(&events),
                _ => events
                    .get(at.saturating_sub(back + 1))
                    .map(|s| s.id)
                    .into_iter()
                    .collect(),
            },
            beacon: None,
            edition: None,
            body,
        };
        let id = EventId::of(&[seed.to_be_bytes(), (at as u64).to_be_bytes()].concat());
        events.push(EventEntry { id, event });
    };
    say(1, EventBody::Observe(found), 0);
    let assigned = Assignment {
        organ: OrganId([2; 16]),
        person: None,
        deadline: Some(DeviceTime(NOON + DAY_MS)),
        note: Short::default(),
    };
    say(4, EventBody::Assign(assigned), 0);
    for n in 2..length as u64 {
        let proof = shown(seed ^ n << 20, PhotoRole::After);
        match n % 6 {
            0 | 3 => say(2, EventBody::ClaimFixed(proof), 0),
            1 => say(3, EventBody::RecheckFail(proof), 1),
            2 => say(1, EventBody::Note(note("已联系责任人")), 0),
            4 => say(3, EventBody::RecheckFail(proof), 0),
            _ => say(1, EventBody::AddPhoto(proof), 0),
        }
    }
    events
}

fn recent_heads(events: &[EventEntry]) -> Vec<EventId> {
    let recent = events.len().saturating_sub(4);
    heads(&events[recent..])
}

/// Measures folds of hazards with 8 events, and of one with 500.
pub(super) fn fold(rows: &mut Vec<Row>, say: &dyn Fn(&str)) {
    say("folding events");
    let world = World::small();
    let (grants, catalogue) = (grants(&world), Catalogue::embedded());
    let hazards: Vec<_> = (0..2_000).map(|seed| history(&world, seed, 8)).collect();
    let context = FoldContext::of_grants(grants);
    let mut rates: Vec<f64> = (0..5)
        .map(|_| {
            let mut copies = hazards.clone();
            let started = Instant::now();
            let open = copies.iter_mut().map(std::mem::take).filter_map(|events| {
                let folded = Folded::new(events, context.clone(), catalogue);
                let state = folded.hazard()?.state().state;
                catalogue.rules.is_open(state).then_some(())
            });
            let folded = open.count().max(1);
            folded as f64 / started.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rows.push(Row::at_least(
        "fold hazards of 8 events",
        "rate on one core",
        "hazards/s",
        20_000.0,
        rates[2],
    ));
    let long = history(&world, 7, 500);
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let copy = long.clone();
            let started = Instant::now();
            let folded = Folded::new(copy, context.clone(), catalogue);
            let spent = started.elapsed().as_secs_f64() * 1000.0;
            if folded.judged().len() == long.len() {
                spent
            } else {
                f64::INFINITY
            }
        })
        .collect();
    times.sort_by(f64::total_cmp);
    rows.push(Row::new(
        "fold a hazard of 500 events",
        "time, median of 21",
        "ms",
        2.0,
        times[10],
    ));
}
