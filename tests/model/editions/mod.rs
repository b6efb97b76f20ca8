//! Editions of the catalogue, compared with a reference that is written from docs/rules.md alone.
//!
//! A world is a list of editions over three versions of each table, a hazard and an activity whose events name editions,
//! claim times, and have beacons and receipts. The folds must state what the reference does.
//!
//! `XUNCHA_MODEL_FROM` is the first seed and `XUNCHA_MODEL_WORLDS` the number of worlds.

mod oracle;
mod tables;

use std::sync::Arc;

use sync_core::{
    activity::State,
    catalogue::Catalogue,
    document::{DocumentState, Folded},
    record::{
        ActivityEntry, Amendment, Beacon, CompoundId, DAY_MS, Data, DeviceId, DeviceTime, DocId,
        Event, EventBody, EventId, FindingSource, Grant, GrantId, HOUR_MS, Label, LocationKind,
        MINUTE_MS, Observation, OrganId, PersonId, Place, Role, ServerTime,
    },
};

use crate::{
    fold::{first_seed, folded_by},
    history::id_of,
    laws::worlds,
    world::{Chance, Inputs, parts::text, people::AREA},
};
use oracle::{Day, Edition, Stated, judging, version_with};
use tables::{ATTENDEES, CLASSES, GRADES, HOURS, MARCH, VERSIONS, catalogue, has_kind, has_type};

/// Catalogues that worlds choose from.
const CATALOGUES: u64 = 48;
/// Milliseconds by which China's time is ahead.
const AHEAD: i64 = 8 * HOUR_MS;

fn editions(chance: &mut Chance) -> Vec<Edition> {
    let (mut day, mut number) = (MARCH, 0);
    let count = 1 + chance.below(4);
    let mut all = Vec::new();
    for _ in 0..count {
        number += 1;
        all.push(Edition {
            number,
            first_day: day,
            kinds: chance.below(VERSIONS),
            calendar: chance.below(VERSIONS),
            types: chance.below(VERSIONS),
        });
        let most = if chance.percent(50) { 5 } else { 36 };
        day += 1 + chance.up_to(most);
    }
    all
}

/// A time of the months around the editions, in milliseconds.
fn time(chance: &mut Chance) -> i64 {
    (MARCH - 4 + chance.up_to(110)) * DAY_MS - AHEAD + chance.up_to(DAY_MS - 1)
}

fn day(at: i64) -> Day {
    (at + AHEAD).div_euclid(DAY_MS)
}

/// An event with its receipt, and what it states about its edition and its time.
fn event(
    chance: &mut Chance,
    editions: &[Edition],
    body: EventBody,
) -> (Event, Option<ServerTime>, Stated) {
    let claimed = time(chance);
    let near = |chance: &mut Chance, back: i64| claimed + chance.up_to(2 * back) - back;
    let spread = if chance.percent(70) {
        DAY_MS
    } else {
        45 * DAY_MS
    };
    let seen = chance.percent(60).then(|| near(chance, spread) - spread);
    let since = seen.and_then(|seen| {
        chance
            .percent(50)
            .then(|| claimed - seen)
            .filter(|ms| *ms >= 0)
    });
    let received = chance
        .percent(70)
        .then(|| near(chance, spread) + spread / 2);
    let last = editions[editions.len() - 1].number;
    let named = chance
        .percent(75)
        .then(|| u32::try_from(chance.below(last as usize + 2)).unwrap_or(0));
    let possible = |at: &i64| received.is_none_or(|received| *at <= received);
    let lower = seen.filter(possible);
    let narrowed = since
        .and_then(|since| Some(lower? + since - MINUTE_MS))
        .filter(possible);
    let grant = GrantId(id_of("街道"));
    let of = Event {
        author: PersonId(id_of("街道")),
        device: DeviceId(id_of("街道")),
        grant,
        claimed: DeviceTime(claimed),
        after: Vec::new(),
        beacon: seen.map(|seen| Beacon {
            seen: ServerTime(seen),
            since_ms: since.and_then(|ms| u64::try_from(ms).ok()),
        }),
        edition: named.map(sync_core::record::Edition),
        body,
    };
    let stated = Stated {
        named,
        claimed: day(claimed),
        earliest: lower.max(narrowed).map(day),
        latest: received.map(day),
    };
    (of, received.map(ServerTime), stated)
}

/// Folds events that one street officer states one after another.
fn fold(events: Vec<(Event, Option<ServerTime>)>, catalogue: &Arc<Catalogue>) -> Folded<'static> {
    let grant = Grant {
        person: PersonId(id_of("街道")),
        organ: OrganId(id_of("街道")),
        role: Role::StreetOfficer,
        area: AREA.parse().expect("an area"),
        device: DeviceId(id_of("街道")),
        device_key: [0; 32],
        from: ServerTime(0),
        until: None,
        issued: ServerTime(0),
        also: None,
        space: None,
    };
    let (mut stated, mut receipts) = (Vec::new(), Vec::new());
    for (mut event, received) in events {
        event.after = stated.last().map(|(id, _)| *id).into_iter().collect();
        let id = EventId::of(&event.to_bytes().expect("an event"));
        receipts.extend(received.map(|at| (id, at)));
        stated.push((id, event));
    }
    let inputs = Inputs {
        events: stated,
        grants: [(GrantId(id_of("街道")), grant)].into(),
        receipts,
        revocations: Vec::new(),
        unattested: Vec::new(),
        accepted: Vec::new(),
    };
    folded_by(inputs, catalogue)
}

fn observation(code: &str) -> EventBody {
    EventBody::Observe(Observation {
        code: text(code),
        area: AREA.parse().expect("an area"),
        place: Place {
            compound: CompoundId(id_of("小区")),
            building: text("3栋"),
            unit: Label::default(),
            floor: Label::default(),
            location: LocationKind::Lobby,
            spot: Label::default(),
            connected_to: Vec::new(),
        },
        description: text("堆放"),
        count: None,
        photos: Vec::new(),
        no_photo_reason: Some(text("无法拍摄")),
        position: None,
        source: FindingSource::Patrol,
        catalogue_version: 1,
    })
}

/// Compares the hazard of a world; returns what differs.
fn hazard(chance: &mut Chance, editions: &[Edition], catalogue: &Arc<Catalogue>) -> Option<String> {
    let code = *chance
        .one(&["EV-01", "EV-02", "EV-50", "EV-99"])
        .expect("a code");
    let (first, received, stated) = event(chance, editions, observation(code));
    let folded = fold(vec![(first, received)], catalogue);
    let of = folded.hazard()?;
    let judge = judging(editions, stated);
    let used = 0..=editions.iter().map(|e| e.kinds).max().unwrap_or(0);
    let version = version_with(judge.kinds, used, |version| has_kind(code, version));
    let expected = (
        judge.number,
        version.map(|version| GRADES[version]),
        version.map(|version| {
            let class = usize::from(CLASSES[version] == "IMM");
            i64::from(HOURS[judge.calendar][class]) * HOUR_MS
        }),
    );
    let state = of.state();
    let due = of.trusted_due(DocId([1; 16]));
    let found = (
        state.edition.0,
        state.grade,
        due.map(|due| due.at.0 - state.found_at.0),
    );
    (found != expected)
        .then(|| format!("{code} {stated:?} {editions:?}: {found:?}, expected {expected:?}"))
}

/// What an edition that is in force from a later day on changes of a hazard; nothing may change.
fn changed(
    chance: &mut Chance,
    editions: &[Edition],
    both: [&Arc<Catalogue>; 2],
) -> Option<String> {
    let (last, before) = editions.split_last()?;
    let known = before.iter().map(|edition| edition.kinds).max()?;
    let codes = ["EV-01", "EV-02", "EV-50"];
    let code = *chance.one(&codes).expect("a code");
    let (first, received, stated) = event(chance, editions, observation(code));
    let days = [Some(stated.claimed), stated.earliest, stated.latest];
    let is_before = days.into_iter().flatten().all(|day| day < last.first_day);
    if !is_before || received.is_none() || !(0..=known).any(|version| has_kind(code, version)) {
        return None;
    }
    let of = |catalogue| {
        let folded = fold(vec![(first.clone(), received)], catalogue);
        let hazard = folded.hazard()?;
        let due = hazard.trusted_due(DocId([1; 16])).map(|due| due.at);
        Some((hazard.state().edition, hazard.state().grade, due))
    };
    let [before, after] = both.map(of);
    (before != after)
        .then(|| format!("{code} {stated:?} {editions:?}: {before:?} became {after:?}"))
}

fn data(chance: &mut Chance, code: &str) -> (Data, Option<i64>) {
    if code != "training" {
        return (text(r#"{"channel": "e_screen", "sessions": 1}"#), None);
    }
    let attendees = *chance.one(&[50, 500, 5_000]).expect("a number");
    let json = format!(r#"{{"sessions": 1, "attendees": {attendees}, "topic": "用电"}}"#);
    (text(&json), Some(attendees))
}

/// Compares the activity of a world; returns what differs.
fn activity(
    chance: &mut Chance,
    editions: &[Edition],
    catalogue: &Arc<Catalogue>,
) -> Option<String> {
    let codes = ["training", "training", "publicity", "night_patrol", "drone"];
    let code = *chance.one(&codes).expect("a code");
    let (content, attendees) = data(chance, code);
    let entry = |held| {
        EventBody::Activity(ActivityEntry {
            r#type: text(code),
            area: AREA.parse().expect("an area"),
            compound: Some(CompoundId(id_of("小区"))),
            title: text("活动"),
            held,
            photos: Vec::new(),
            data: content.clone(),
        })
    };
    let (mut first, received, stated) = event(chance, editions, entry(DeviceTime(0)));
    first.body = entry(first.claimed);
    let (amended, amended_to) = data(chance, code);
    let amendment = |held| {
        EventBody::Amend(Amendment {
            title: text("活动"),
            held,
            photos: Vec::new(),
            data: amended.clone(),
            reason: text("更正"),
        })
    };
    let (mut second, at, later) = event(chance, editions, amendment(DeviceTime(0)));
    second.body = amendment(second.claimed);
    let folded = fold(vec![(first, received), (second, at)], catalogue);
    let DocumentState::Activity(state) = folded.state() else {
        return Some("no activity".to_owned());
    };
    let judge = judging(editions, stated);
    let used = 0..=editions.iter().map(|e| e.types).max().unwrap_or(0);
    let version = version_with(judge.types, used, |version| has_type(code, version));
    let last = editions[editions.len() - 1].number;
    let newer = |named: Option<u32>| named.is_some_and(|named| named > last);
    let fits =
        |attendees: Option<i64>, version: usize| attendees.is_none_or(|n| n <= ATTENDEES[version]);
    let (expected, shown) = match version {
        None => (State::Unknown, &content),
        Some(version) if fits(attendees, version) => {
            let takes = fits(amended_to, version);
            (State::Stated, if takes { &amended } else { &content })
        }
        Some(_) if newer(stated.named) => (State::Unknown, &content),
        Some(_) => (State::Void, &content),
    };
    let unknown = expected == State::Stated
        && version.is_some_and(|version| !fits(amended_to, version))
        && newer(later.named);
    let found = (
        state.state,
        state.shown().map(|v| v.data.to_string()),
        state.unknown_events,
    );
    let expected_shown = (expected != State::Void).then(|| shown.to_string());
    let same = found.0 == expected
        && (expected == State::Void || found.1 == expected_shown)
        && (expected != State::Stated || found.2 == unknown)
        && state.edition.0 == judge.number;
    (!same).then(|| format!("{code} {stated:?} {later:?} {editions:?}: {found:?} {:?}, expected {expected:?} {expected_shown:?} {unknown} {}", state.edition, judge.number))
}

#[test]
fn the_folds_judge_by_the_edition_that_the_rules_name() {
    let pool: Vec<(Vec<Edition>, [Arc<Catalogue>; 2])> = (0..CATALOGUES)
        .map(|seed| {
            let editions = editions(&mut Chance::new(seed));
            let but_the_last = &editions[..editions.len().max(2) - 1];
            let both = [but_the_last, &editions].map(|editions| Arc::new(catalogue(editions)));
            (editions, both)
        })
        .collect();
    let (from, count) = (first_seed(), worlds(5_000));
    let differing = crate::parallel(count, |n| {
        let seed = from + n;
        let mut chance = Chance::new(seed);
        let (editions, [before, catalogue]) =
            &pool[usize::try_from(seed % CATALOGUES).unwrap_or(0)];
        let hazard = hazard(&mut chance, editions, catalogue);
        let found = hazard
            .or_else(|| activity(&mut chance, editions, catalogue))
            .or_else(|| changed(&mut chance, editions, [before, catalogue]));
        found.map(|what| format!("seed {seed}: {what}"))
    });
    let shown = differing.iter().take(5).cloned().collect::<Vec<_>>();
    assert!(
        differing.is_empty(),
        "{} of {count} worlds differ:\n{}",
        differing.len(),
        shown.join("\n")
    );
    println!("{count} worlds from seed {from} on, 0 differences");
}
