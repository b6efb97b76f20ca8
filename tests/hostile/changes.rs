//! A malformed change damages nothing: it is refused, and devices and server continue with the document.

use automerge::{ActorId, Change, ExpandedChange, ScalarValue, legacy};
use cli_simulator::{
    phone::Phone,
    world::{note, observation},
};
use sha2::{Digest, Sha256};
use sync_core::{
    crdt::Document,
    record::{DocId, EventBody, EventId, LocationKind},
    wire::Code,
};

use super::client::Hostile;
use crate::support::{Town, found, remark};

/// Decodes a change, alters it and encodes it again.
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

/// Reads a LEB128 number; returns the number and the offset after it.
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

/// The change with one more actor in its header that no operation refers to.
fn with_idle_author(bytes: &[u8]) -> Vec<u8> {
    let (_, begin) = number(bytes, 9);
    let (deps, at) = number(bytes, begin);
    let (author, at) = number(bytes, at + 32 * deps as usize);
    // Skips the sequence number, the first operation and the time.
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

/// A hazard that two devices hold, and a hostile device that adds a remark to it.
struct Scene {
    town: Town,
    phones: [Phone; 2],
    doc: DocId,
    own: Hostile,
    heads: Vec<EventId>,
    /// The changes of the hazard.
    there: Vec<Vec<u8>>,
    /// The bytes of its first event.
    words: Vec<u8>,
    /// A well-formed change of the hostile device.
    plain: Vec<u8>,
}

fn scene() -> Scene {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("消防员己"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let (mut document, heads) = own.copy(&town, doc);
    let there = document.changes().into_iter().map(|c| c.1).collect();
    let (_, words) = document.events().0.remove(0);
    let said = own.event(&heads, EventBody::Note(note("x")));
    let plain = own.change(&mut document, &said.to_bytes().unwrap());
    Scene {
        town,
        phones: [liu, wang],
        doc,
        own,
        heads,
        there,
        words,
        plain,
    }
}

impl Scene {
    /// The id of an operation of the hazard's author.
    fn theirs(&self, number: u64) -> legacy::OpId {
        let first = Change::from_bytes(self.there[0].clone()).unwrap();
        legacy::OpId(number, first.actor_id().clone())
    }

    /// A change that writes the author's event again and supersedes the original operation.
    fn over(&self) -> Vec<u8> {
        altered(&self.plain, |c| {
            let id = EventId::of(&self.words).to_string();
            let words = ScalarValue::Bytes(self.words.clone());
            c.operations[0].key = legacy::Key::Map(id.into());
            c.operations[0].action = legacy::OpType::Put(words);
            c.operations[0].pred = vec![self.theirs(3)].into();
        })
    }

    fn push(&mut self, doc: DocId, change: Vec<u8>, repair: bool) -> Vec<Code> {
        let refused = self.own.push(&self.town, &[(doc, change)], repair);
        refused.into_iter().map(|(_, code)| code).collect()
    }

    /// Devices and server continue with the hazard, which has `others` events of the hostile device.
    fn everybody_goes_on(&mut self, others: usize) {
        let (town, doc) = (&mut self.town, self.doc);
        let [liu, wang] = &mut self.phones;
        for phone in [&mut *liu, &mut *wang] {
            remark(phone, doc, "还在");
            town.sync(phone);
            phone.device.idle(100).unwrap();
        }
        town.sync(liu);
        liu.device.idle(100).unwrap();
        let here = liu.hazard(doc).unwrap();
        assert_eq!(here, wang.hazard(doc).unwrap());
        assert_eq!(here.1.len(), 3 + others);
        town.project();
        let reviewer = town.token("审核员丁");
        let detail = town.json(&format!("/v1/hazards/{doc}"), &reviewer);
        assert_eq!(detail["events_total"], 3 + others, "{detail}");
        let named = EventId::of(&self.words).to_string();
        assert!(detail["events"].to_string().contains(&named), "{detail}");
    }
}

#[test]
fn an_odd_change_is_refused_and_nobody_loses_the_document() {
    let mut scene = scene();
    let plain = &scene.plain;
    let own = Change::from_bytes(plain.clone()).unwrap();
    let itself = legacy::OpId(own.start_op().get(), own.actor_id().clone());
    let nobody = legacy::OpId(1, ActorId::from(&[0x55; 16]));
    let begun = ScalarValue::Bytes(scene.doc.as_bytes().to_vec());
    let odd: Vec<(&str, Vec<u8>)> = vec![
        (
            "over another's event",
            with_predecessor(plain, scene.theirs(3)),
        ),
        ("over the layout", with_predecessor(plain, scene.theirs(1))),
        (
            "over what is not there",
            with_predecessor(plain, scene.theirs(900)),
        ),
        ("over an unknown author's", with_predecessor(plain, nobody)),
        ("over itself", with_predecessor(plain, itself)),
        ("from the first operation", starting_at(plain, 1)),
        ("one operation early", starting_at(plain, 3)),
        ("one operation late", starting_at(plain, 5)),
        (
            "the last of 32 bits",
            starting_at(plain, u64::from(u32::MAX)),
        ),
        (
            "beyond 32 bits",
            starting_at(plain, u64::from(u32::MAX) + 1),
        ),
        ("the last of 64 bits", starting_at(plain, u64::MAX)),
        (
            "the layout again",
            with_second_operation(plain, "v", ScalarValue::Uint(1)),
        ),
        (
            "the beginning again",
            with_second_operation(plain, "id", begun),
        ),
        (
            "a key twice",
            altered(plain, |c| c.operations.push(c.operations[0].clone())),
        ),
        (
            "a message",
            altered(plain, |c| c.message = Some("x".into())),
        ),
        ("bytes more", altered(plain, |c| c.extra_bytes = vec![1; 9])),
        ("a time", altered(plain, |c| c.time = i64::MIN)),
        ("an idle author", with_idle_author(plain)),
    ];
    let (doc, over) = (scene.doc, scene.over());
    assert!(matches!(
        scene.push(doc, over, true)[..],
        [Code::Malformed | Code::ForgedAuthor]
    ));
    for (name, change) in odd {
        let codes = scene.push(doc, change, false);
        assert!(
            matches!(codes[..], [Code::Malformed | Code::ForgedAuthor]),
            "{name}: {codes:?}"
        );
    }
    scene.everybody_goes_on(0);
}

#[test]
fn an_authors_changes_may_not_lie_over_each_other() {
    let mut scene = scene();
    let (doc, plain) = (scene.doc, scene.plain.clone());
    assert_eq!(scene.push(doc, plain, false), []);
    // The second change depends on what the first depends on, but not on the first.
    let mut before = Document::load(None, scene.there.iter().map(Vec::as_slice)).unwrap();
    let beside = scene.own.event(&scene.heads, EventBody::Note(note("y")));
    let beside = scene.own.change(&mut before, &beside.to_bytes().unwrap());
    let beside = altered(&beside, |c| c.seq = 2);
    assert_eq!(scene.push(doc, beside, false), [Code::Malformed]);
    scene.everybody_goes_on(1);
}

#[test]
fn a_document_that_does_not_say_its_layout_or_which_it_is_is_refused() {
    let mut scene = scene();
    for key in ["v", "id"] {
        let other = DocId([9; 16]);
        let mut document = scene.own.document(other);
        let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
        let compound = &scene.town.world.compounds[0];
        let observed = observation(compound, "EG-03", place, "没有版本", Vec::new());
        let begin = scene.own.event(&[], EventBody::Observe(observed));
        let begin = scene.own.change(&mut document, &begin.to_bytes().unwrap());
        let key = legacy::Key::Map(key.into());
        let less = altered(&begin, |c| c.operations.retain(|op| op.key != key));
        assert_eq!(scene.push(other, less, false), [Code::Malformed]);
    }
    scene.everybody_goes_on(0);
}
