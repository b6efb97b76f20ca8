//! Properties of every history of activities and inspections: any authors, any causal order, any order of arrival.

use proptest::prelude::*;

use super::*;
use crate::inspection::tests::{answers, finish, start};

const CAST: [Who; 9] = [
    GRID, MANAGER, COMMUNITY, STREET, COUNTY, COUNTY_TOO, STRANGER, GRID_AGAIN, DPO,
];

fn of_record(n: u8) -> EventBody {
    match n % 12 {
        0 | 1 => amend(&cleared(u32::from(n))),
        2..=5 => EventBody::Confirm(reason()),
        6 => EventBody::Withdraw(reason()),
        7 => EventBody::Note(reason()),
        8 => amend("{}"),
        9 if n > 200 => EventBody::Unknown { number: 900 },
        10 => entry("clearance", &cleared(u32::from(n))),
        _ => EventBody::Receive(reason()),
    }
}

fn of_inspection(n: u8) -> EventBody {
    let building = ["1栋", "2栋", "2号楼"][usize::from(n) % 3];
    match n % 8 {
        0 | 1 => answers(building, Finding::Ok, None),
        2 | 3 => answers(building, Finding::Problem, None),
        4 => finish(InspectionResult::Passed),
        5 => finish(InspectionResult::Problems),
        6 if n > 200 => EventBody::Unknown { number: 900 },
        6 if n > 150 => EventBody::Withdraw(reason()),
        _ => EventBody::Note(reason()),
    }
}

/// A history: in each step an author states an event after all earlier events, or after up to two of them with their
/// causal history.
fn history(first: fn() -> EventBody, body: fn(u8) -> EventBody) -> impl Strategy<Value = Story> {
    let step = (
        0..CAST.len(),
        any::<u8>(),
        prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        any::<bool>(),
    );
    prop::collection::vec(step, 1..12).prop_map(move |steps| {
        let mut story = Story::told(&[(GRID, first())]);
        for (who, what, seen, all) in steps {
            let ids: Vec<_> = story.events.iter().map(|s| s.id).collect();
            if all {
                story.then(CAST[who], body(what));
            } else {
                let after: Vec<_> = seen.iter().map(|i| ids[i.index(ids.len())]).collect();
                story.after(CAST[who], &after, body(what));
            }
        }
        story
    })
}

fn record_history() -> impl Strategy<Value = Story> {
    history(|| entry("clearance", &cleared(12)), of_record)
}

fn inspection_history() -> impl Strategy<Value = Story> {
    history(start, of_inspection)
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

fn shuffled(story: &Story, seed: u64) -> Vec<EventEntry> {
    let mut events = story.events.clone();
    let mut chance = seed;
    for at in (1..events.len()).rev() {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        events.swap(at, (chance >> 33) as usize % (at + 1));
    }
    events.push(events[0].clone());
    events
}

/// One replica is closed and disputed by a withdrawal, another one has the decision that keeps the record.
#[test]
fn a_confirmation_and_a_keep_that_meet_confirm_the_record() {
    let mut story = Story::new();
    let begun = story.then(GRID, entry("clearance", &cleared(12)));
    let amended = [12, 13].map(|n| story.after(GRID, &[begun], amend(&cleared(n))));
    let withdrawn = story.after(GRID_AGAIN, &[begun], EventBody::Withdraw(reason()));
    let known = [amended[0], amended[1], withdrawn];
    let kept = story.after(COUNTY, &known, EventBody::Confirm(reason()));
    let confirmed = story.after(COUNTY, &[begun], EventBody::Confirm(reason()));
    let state = |without: &[EventId]| {
        let has = |entry: &&EventEntry| !without.contains(&entry.id);
        let events: Vec<EventEntry> = story.events.iter().filter(has).cloned().collect();
        story.record_of(&events).state
    };
    let closed = [amended[0], amended[1], kept];
    assert_eq!(
        (state(&closed), state(&[confirmed])),
        (State::Disputed, State::Disputed)
    );
    assert_eq!(state(&[]), State::Confirmed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inv_01_order_of_arrival_and_doubles_do_not_matter(
        record in record_history(), inspection in inspection_history(), seed in any::<u64>()
    ) {
        prop_assert_eq!(record.record_of(&shuffled(&record, seed)), record.record());
        let other = inspection.inspection_of(&shuffled(&inspection, seed));
        prop_assert_eq!(other, inspection.inspection());
        prop_assert_eq!(record.kind_of(&shuffled(&record, seed)), record.kind_of(&record.events));
    }

    #[test]
    fn a_merge_never_confirms_a_record(story in record_history(), one in prop::collection::vec(any::<bool>(), 13), other in prop::collection::vec(any::<bool>(), 13)) {
        let (a, b) = (closure(&story, &one), closure(&story, &other));
        let mut both = a.clone();
        both.extend(b.iter().cloned());
        if story.record_of(&both).state == State::Confirmed {
            // One may be closed and disputed by a withdrawal, and the other have the decision that keeps it.
            let either = [story.record_of(&a), story.record_of(&b)];
            let states = [either[0].state, either[1].state];
            prop_assert!(either.iter().any(|record| record.counts), "{states:?}");
        }
    }

    #[test]
    fn a_merge_never_finishes_an_inspection(story in inspection_history(), one in prop::collection::vec(any::<bool>(), 13), other in prop::collection::vec(any::<bool>(), 13)) {
        let (a, b) = (closure(&story, &one), closure(&story, &other));
        let mut both = a.clone();
        both.extend(b.iter().cloned());
        if story.inspection_of(&both).counts {
            let either = [story.inspection_of(&a), story.inspection_of(&b)];
            prop_assert!(either.iter().any(|i| i.counts));
        }
    }

    #[test]
    fn inv_29_totals_are_the_sum_of_records_that_count(stories in prop::collection::vec(record_history(), 1..6)) {
        let mut total = 0;
        let mut expected = 0;
        for story in &stories {
            let record = story.record();
            total += counts(&record, Catalogue::embedded()).iter().map(|(_, milli)| milli).sum::<i64>();
            if record.counts {
                let data = record.shown().unwrap().data.as_str();
                let data: serde_json::Value = serde_json::from_str(data).unwrap();
                expected += data["vehicles"].as_i64().unwrap() * 1000;
            }
        }
        prop_assert_eq!(total, expected);
    }

    #[test]
    fn every_event_is_in_the_history_once(story in record_history()) {
        let mut ids: Vec<_> = story.record().history.iter().map(|j| j.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), story.events.len());
    }

    #[test]
    fn two_person_rule_holds_in_every_history(story in record_history()) {
        let record = story.record();
        for judged in record.history.iter().filter(|j| j.verdict == Verdict::ACCEPTED) {
            let stated = story.events.iter().find(|s| s.id == judged.id).unwrap();
            if matches!(stated.event.body, EventBody::Confirm(_)) {
                prop_assert_ne!(stated.event.author, story.events[0].event.author);
            }
        }
    }

    #[test]
    fn fields_of_any_bytes_are_judged_without_panic(data in "\\PC{0,80}") {
        if let Ok(data) = Data::new(&data) {
            let story = Story::told(&[(GRID, entry("clearance", data.as_str()))]);
            let _ = fold_activity(&story.events, &story.context(), Catalogue::embedded());
        }
    }
}

#[test]
fn inv_30_a_record_with_a_kind_of_the_future_reads_back_unchanged() {
    let event = Story::told(&[(GRID, entry("clearance", &cleared(1)))])
        .events
        .remove(0)
        .event;
    let bytes = event.to_bytes().unwrap();
    assert_eq!(Event::from_bytes(&bytes).unwrap(), event);
    let mut raw = bytes;
    assert_eq!(
        raw[..4],
        [0xa7, 0x00, 0x18, 39],
        "a map of 7 with kind 39 first"
    );
    raw.splice(2..4, [0x19, 0x03, 0x84]);
    assert_eq!(
        Event::from_bytes(&raw).unwrap().body,
        EventBody::Unknown { number: 900 }
    );
}
