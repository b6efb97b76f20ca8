//! One odd change takes nothing from anybody: it is refused, and devices and server go on with the document.

use automerge::{ActorId, Change, ExpandedChange, ScalarValue, legacy};
use cli_simulator::world::{note, observation};
use sha2::{Digest, Sha256};
use sync_core::{
    crdt::Document,
    record::{DocId, EventBody, EventId, LocationKind},
    wire::Code,
};

use super::client::Hostile;
use crate::support::{Town, found, remark};

/// A change again with something altered.
fn altered(bytes: &[u8], with: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = Change::from_bytes(bytes.to_vec()).unwrap().decode();
    with(&mut change);
    change.hash = None;
    Change::from(change).raw_bytes().to_vec()
}

fn starting_at(bytes: &[u8], first: u64) -> Vec<u8> {
    altered(bytes, |c| c.start_op = first.try_into().unwrap())
}

fn with_predecessor(bytes: &[u8], operation: legacy::OpId) -> Vec<u8> {
    altered(bytes, |c| c.operations[0].pred = vec![operation].into())
}

fn with_second_operation(bytes: &[u8], key: &str, value: ScalarValue) -> Vec<u8> {
    altered(bytes, |c| {
        let mut operation = c.operations[0].clone();
        operation.key = legacy::Key::Map(key.into());
        operation.action = legacy::OpType::Put(value);
        c.operations.push(operation);
    })
}

/// Reads a LEB128 number: the number, and where it ends.
fn number(bytes: &[u8], mut at: usize) -> (u64, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[at];
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return (value, at);
        }
    }
}

/// The change with one more author in its header, whom no operation names.
fn with_idle_author(bytes: &[u8]) -> Vec<u8> {
    let (_, begin) = number(bytes, 9);
    let (deps, at) = number(bytes, begin);
    let (author, at) = number(bytes, at + 32 * deps as usize);
    // Number, first operation, time.
    let at = (0..3).fold(at + author as usize, |at, _| number(bytes, at).1);
    let (message, at) = number(bytes, at);
    let at = at + message as usize;
    assert_eq!(bytes[at], 0, "no other authors");
    let mut body = bytes[begin..at].to_vec();
    body.extend([1, 16]);
    body.extend([0x55; 16]);
    body.extend(&bytes[at + 1..]);
    let mut hashed = vec![1];
    let mut length = body.len();
    while length > 0x7f {
        hashed.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    hashed.push(length as u8);
    hashed.extend(&body);
    let mut out = bytes[..4].to_vec();
    out.extend(&Sha256::digest(&hashed)[..4]);
    out.extend(hashed);
    out
}

#[test]
fn an_odd_change_is_refused_and_nobody_loses_the_document() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("消防员己"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let (mut document, heads) = own.copy(&town, doc);
    let there: Vec<Vec<u8>> = document.changes().into_iter().map(|c| c.1).collect();
    let author = Change::from_bytes(there[0].clone())
        .unwrap()
        .decode()
        .actor_id;
    let theirs = |n| legacy::OpId(n, author.clone());
    let (victim, words) = document.events().0.remove(0);
    let said = own.event(&heads, EventBody::Note(note("x")));
    let plain = own.change(&mut document, &said.to_bytes().unwrap());
    let nobody = legacy::OpId(1, ActorId::from(&[0x55; 16]));
    let itself = Change::from_bytes(plain.clone()).unwrap().decode();
    let itself = legacy::OpId(itself.start_op.get(), itself.actor_id);
    let over = altered(&plain, |c| {
        c.operations[0].key = legacy::Key::Map(victim.to_string().into());
        c.operations[0].action = legacy::OpType::Put(ScalarValue::Bytes(words.clone()));
        c.operations[0].pred = vec![theirs(3)].into();
    });
    let begun = ScalarValue::Bytes(doc.as_bytes().to_vec());
    let odd: Vec<(&str, Vec<u8>, bool)> = vec![
        ("another's event over itself", over, true),
        (
            "over another's event",
            with_predecessor(&plain, theirs(3)),
            false,
        ),
        (
            "over the layout",
            with_predecessor(&plain, theirs(1)),
            false,
        ),
        (
            "over what is not there",
            with_predecessor(&plain, theirs(900)),
            false,
        ),
        (
            "over an unknown author's",
            with_predecessor(&plain, nobody),
            false,
        ),
        ("over itself", with_predecessor(&plain, itself), false),
        ("from the first operation", starting_at(&plain, 1), false),
        ("one operation early", starting_at(&plain, 3), false),
        ("one operation late", starting_at(&plain, 5), false),
        (
            "the last of 32 bits",
            starting_at(&plain, u64::from(u32::MAX)),
            false,
        ),
        (
            "beyond 32 bits",
            starting_at(&plain, u64::from(u32::MAX) + 1),
            false,
        ),
        ("the last of 64 bits", starting_at(&plain, u64::MAX), false),
        (
            "the layout again",
            with_second_operation(&plain, "v", ScalarValue::Uint(1)),
            false,
        ),
        (
            "the beginning again",
            with_second_operation(&plain, "id", begun),
            false,
        ),
        (
            "a key twice",
            altered(&plain, |c| c.operations.push(c.operations[0].clone())),
            false,
        ),
        (
            "a message",
            altered(&plain, |c| c.message = Some("x".into())),
            false,
        ),
        (
            "bytes more",
            altered(&plain, |c| c.extra_bytes = vec![1; 9]),
            false,
        ),
        ("a time", altered(&plain, |c| c.time = i64::MIN), false),
        ("an idle author", with_idle_author(&plain), false),
    ];
    for (name, change, repair) in odd {
        let refused = own.push(&town, &[(doc, change)], repair);
        let codes: Vec<Code> = refused.into_iter().map(|(_, code)| code).collect();
        assert!(
            matches!(codes[..], [Code::Malformed | Code::ForgedAuthor]),
            "{name}: {codes:?}"
        );
    }
    // An author's own operations may not lie over each other: the second builds on what the first did not.
    assert_eq!(own.push(&town, &[(doc, plain.clone())], false), []);
    let mut before = Document::load(None, there.iter().map(Vec::as_slice)).unwrap();
    let beside = own.event(&heads, EventBody::Note(note("y")));
    let beside = own.change(&mut before, &beside.to_bytes().unwrap());
    let beside = altered(&beside, |c| c.seq = 2);
    assert_eq!(
        own.push(&town, &[(doc, beside)], false),
        [(0, Code::Malformed)]
    );
    // A document that does not say its layout, or which it is.
    for key in ["v", "id"] {
        let other = DocId([9; 16]);
        let mut document = own.document(other);
        let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
        let compound = &town.world.compounds[0];
        let observed = observation(compound, "EG-03", place, "没有版本", Vec::new());
        let begin = own.event(&[], EventBody::Observe(observed));
        let begin = own.change(&mut document, &begin.to_bytes().unwrap());
        let key = legacy::Key::Map(key.into());
        let less = altered(&begin, |c| c.operations.retain(|op| op.key != key));
        assert_eq!(
            own.push(&town, &[(other, less)], false),
            [(0, Code::Malformed)]
        );
    }

    // Everybody goes on.
    for phone in [&mut liu, &mut wang] {
        remark(phone, doc, "还在");
        town.sync(phone);
        phone.device.idle(100).unwrap();
    }
    town.sync(&mut liu);
    liu.device.idle(100).unwrap();
    assert_eq!(
        liu.device.hazard(doc).unwrap(),
        wang.device.hazard(doc).unwrap()
    );
    assert_eq!(liu.device.hazard(doc).unwrap().1.len(), 4);
    town.project();
    let reviewer = town.token("审核员丁");
    let detail = town.json(&format!("/v1/hazards/{doc}"), &reviewer);
    assert_eq!(detail["events_total"], 4, "{detail}");
    let named = EventId::of(&words).to_string();
    assert!(detail["events"].to_string().contains(&named), "{detail}");
}
