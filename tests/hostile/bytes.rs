//! Bytes that two parsers could read differently, and values that no clock or keyboard produces.

use cli_simulator::world::note;
use sync_core::{
    record::{DeviceTime, DocId, EventBody},
    wire::{Code, Exchange, push::Push},
};

use super::client::{Hostile, post};
use crate::support::{Town, found};

fn town_with_a_hazard() -> (Town, DocId) {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    (town, doc)
}

#[test]
fn an_event_with_a_key_twice_is_refused() {
    let (town, doc) = town_with_a_hazard();
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own
        .event(&heads, EventBody::Note(note("先")))
        .to_bytes()
        .unwrap();
    let content = |words: &str| sync_core::wire::encode(&note(words));
    let plain = [&[0x06][..], &content("后")].concat();
    let spelled_longer = [&[0x18, 0x06][..], &content("后")].concat();
    for (n, second) in [plain, spelled_longer].into_iter().enumerate() {
        let mut raw = event.clone();
        raw[0] += 1;
        raw.extend(second);
        own.as_actor(40 + n as u8);
        let change = own.change(&mut own.copy(&town, doc).0, &raw);
        assert_eq!(
            own.push(&town, &[(doc, change)], false),
            [(0, Code::Malformed)]
        );
    }
    // The same event without the duplicate key is accepted.
    own.as_actor(50);
    let change = own.change(&mut document, &event);
    assert_eq!(own.push(&town, &[(doc, change)], false), []);
}

#[test]
fn a_frame_with_bytes_behind_its_message_is_refused() {
    let (town, _) = town_with_a_hazard();
    let own = Hostile::enrol(&town, "物业经理丙", 3);
    let request = sync_core::wire::push::Request {
        number: 1,
        previous: sync_core::identity::PackClaims::GENESIS,
        claimed: DeviceTime(0),
        repair: false,
        signature: own.key.sign(sync_core::identity::key::Purpose::Pack, b""),
        entries: Vec::new(),
    };
    let frame = [&[0x10], sync_core::wire::encode(&request).as_slice(), &[0]].concat();
    let reply = post(&town, Push::PATH, Some(&own.token), frame);
    assert_eq!(reply.header("xuncha-refusal"), Some("malformed"));
}

#[test]
fn a_claimed_time_outside_every_calendar_is_refused_and_an_old_one_is_not() {
    let (town, doc) = town_with_a_hazard();
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (_, heads) = own.copy(&town, doc);
    let refused = [(0, Code::Malformed)];
    let cases: [(i64, &[_]); 5] = [
        (i64::MIN, &refused),
        (i64::MAX, &refused),
        (i64::MAX / 2, &refused),
        (0, &[]),
        (4_102_444_800_000, &[]),
    ];
    for (n, (claimed, expected)) in cases.into_iter().enumerate() {
        let mut event = own.event(&heads, EventBody::Note(note("钟")));
        event.claimed = DeviceTime(claimed);
        own.as_actor(60 + n as u8);
        let change = own.change(&mut own.copy(&town, doc).0, &event.to_bytes().unwrap());
        assert_eq!(
            own.push(&town, &[(doc, change)], false),
            expected,
            "{claimed}"
        );
    }
}

#[test]
fn a_text_cannot_turn_the_direction_of_writing() {
    let (town, doc) = town_with_a_hazard();
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(&town, doc);
    // Built from bytes, because our own types remove such characters.
    let mut raw = own
        .event(&heads, EventBody::Note(note("MARK")))
        .to_bytes()
        .unwrap();
    let at = raw.windows(4).position(|w| w == b"MARK").unwrap();
    raw.splice(at..at + 4, "\u{202e}a".bytes());
    let change = own.change(&mut document, &raw);
    own.push(&town, &[(doc, change)], false);
    let detail = town
        .get(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"))
        .1;
    assert!(!String::from_utf8(detail).unwrap().contains('\u{202e}'));
}
