//! Bad input is refused with a reason, the rest of the pack is processed, and acknowledged data is not touched.

use cli_simulator::{
    phone::{Phone, Transport},
    world::photo,
};
use sync_core::{
    crdt::{Actor, Document},
    identity::{PackClaims, Proofs},
    record::{DeviceTime, DocId, EventBody, PhotoRole, PhotoSource},
    sync::{Call, Method, Options, Reply},
    wire::{
        Code, Exchange,
        push::{Entry, Push, Request, Response},
    },
};

use crate::support::{MORNING, Town, found, raw_events, remark};

fn post(town: &Town, phone: &Phone, path: &str, body: Vec<u8>) -> Reply {
    let token = phone.device.token().unwrap().unwrap();
    let headers = vec![("authorization", format!("Bearer {token}"))];
    let call = Call {
        method: Method::Post,
        path: path.to_owned(),
        headers,
        body,
    };
    town.http.clone().send(&call).unwrap()
}

/// A pack of this device with the given entries, signed with its key, and with the proofs of what can be read.
fn pack(
    phone: &Phone,
    number: u64,
    previous: sync_core::record::PackHash,
    mut entries: Vec<Entry>,
) -> Request {
    let me = phone.device.enrolment().unwrap();
    for entry in &mut entries {
        let facts = sync_core::crdt::inspect(&entry.change).ok();
        entry.proofs = facts.map(|facts| {
            let events = facts.events.iter().map(|(_, bytes)| bytes.as_slice());
            Proofs::prove(&me.key, entry.doc, &facts.hash, events)
        });
    }
    let claims = PackClaims {
        device: me.device,
        number,
        previous,
        claimed: DeviceTime(MORNING),
        repair: false,
        changes: entries
            .iter()
            .map(|e| e.signed(sync_core::crdt::change_hash(&e.change)))
            .collect(),
    };
    let signature = claims.seal(&me.key);
    Request {
        number,
        previous,
        claimed: DeviceTime(MORNING),
        repair: false,
        signature,
        entries,
    }
}

fn code(reply: &Reply) -> Option<&str> {
    reply.header("xuncha-refusal")
}

#[test]
fn damaged_oversized_and_foreign_bodies_are_refused_by_name() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "好记录");
    town.sync(&mut liu);
    let bomb = sync_core::wire::frame::write(&minicbor::bytes::ByteVec::from(vec![0; 64 << 20]));
    for (body, expected) in [
        (Vec::new(), "upgrade-needed"),
        (b"{\"json\":true}".to_vec(), "upgrade-needed"),
        (vec![0x10, 0xff, 0xff], "malformed"),
        (vec![0x11, 1, 2, 3], "malformed"),
        (bomb, "too-large"),
        (vec![0x10; 5 << 20], "too-large"),
    ] {
        let reply = post(&town, &liu, Push::PATH, body);
        assert_eq!(code(&reply), Some(expected), "{}", reply.status);
        let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(problem["title"].as_str().unwrap().len() > 3 && problem["title_en"].is_string());
    }
    assert_eq!(liu.hazard(doc).unwrap().1.len(), 1);
    assert_eq!(town.changes_stored(), 1);
}

#[test]
fn one_bad_change_does_not_hold_up_the_others() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let good = |phone: &mut Phone, town: &Town, words: &str| {
        let doc = found(phone, town, words);
        let events = raw_events(phone, doc);
        let mut document = Document::create(Actor([7; 16]), doc).unwrap();
        let change = document
            .append(Actor([7; 16]), &events[0].to_bytes().unwrap())
            .unwrap();
        Entry {
            doc,
            change: change.bytes,
            proofs: None,
        }
    };
    let (one, three) = (good(&mut liu, &town, "一"), good(&mut liu, &town, "三"));
    let damaged = Entry {
        doc: DocId([9; 16]),
        change: b"not a change".to_vec(),
        proofs: None,
    };
    let unknown = Entry {
        doc: DocId([8; 16]),
        change: automerge_of_another_layout(),
        proofs: None,
    };
    let orphan = {
        let (mut doc, actor) = (
            Document::create(Actor([6; 16]), DocId([6; 16])).unwrap(),
            Actor([6; 16]),
        );
        doc.append(actor, b"first").unwrap();
        Entry {
            doc: DocId([6; 16]),
            change: doc.append(actor, b"second").unwrap().bytes,
            proofs: None,
        }
    };
    let request = pack(
        &liu,
        1,
        PackClaims::GENESIS,
        vec![one, damaged, unknown, orphan, three],
    );
    let reply = post(&town, &liu, Push::PATH, Push::write_request(&request));
    let Response::Stored { refused, .. } = Push::read_response(&reply.body).unwrap() else {
        panic!("a fork")
    };
    let codes: Vec<_> = refused.iter().map(|r| (r.entry, r.code)).collect();
    assert_eq!(
        codes,
        [
            (1, Code::Malformed),
            (2, Code::Quarantined),
            (3, Code::Malformed)
        ]
    );
    assert_eq!((town.changes_stored(), town.quarantined()), (2, 1));
    // The same pack again gets the same response.
    let again = post(&town, &liu, Push::PATH, Push::write_request(&request));
    assert_eq!(again.body, reply.body);
}

#[test]
fn a_change_of_one_record_is_not_taken_for_another() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let mine = found(&mut liu, &town, "甲处");
    let events = raw_events(&liu, mine);
    let event = events[0].to_bytes().unwrap();
    let actor = Actor([7; 16]);
    let begin = |doc: DocId| {
        let mut document = Document::create(actor, doc).unwrap();
        document.append(actor, &event).unwrap().bytes
    };
    let other = DocId([9; 16]);
    let (first, others) = (begin(mine), begin(other));
    // A change without dependencies that does not state which document it begins.
    let homeless = {
        use automerge::{AutoCommit, transaction::Transactable};
        let mut document = AutoCommit::new().with_actor(automerge::ActorId::from(&[5; 16]));
        let key = sync_core::record::EventId::of(&event).to_string();
        let value = automerge::ScalarValue::Bytes(event.clone());
        document.put(automerge::ROOT, key, value).unwrap();
        document.commit();
        document
            .get_last_local_change()
            .unwrap()
            .raw_bytes()
            .to_vec()
    };
    let entry = |doc: DocId, change: &[u8]| Entry {
        doc,
        change: change.to_vec(),
        proofs: None,
    };
    let request = pack(
        &liu,
        1,
        PackClaims::GENESIS,
        vec![
            entry(mine, &first),
            entry(other, &others),
            // The same bytes with a known document id, and with an unknown one.
            entry(other, &first),
            entry(DocId([8; 16]), &first),
            entry(mine, &homeless),
        ],
    );
    let reply = post(&town, &liu, Push::PATH, Push::write_request(&request));
    let Response::Stored { refused, .. } = Push::read_response(&reply.body).unwrap() else {
        panic!("a fork")
    };
    let codes: Vec<_> = refused.iter().map(|r| (r.entry, r.code)).collect();
    let malformed = [2, 3, 4].map(|at| (at, Code::Malformed));
    assert_eq!(codes, malformed);
    assert_eq!(town.changes_stored(), 2);
}

/// A change to a document with layout version 2.
fn automerge_of_another_layout() -> Vec<u8> {
    use automerge::{AutoCommit, transaction::Transactable};
    let mut document = AutoCommit::new().with_actor(automerge::ActorId::from(&[5; 16]));
    document.put(automerge::ROOT, "v", 2_u64).unwrap();
    document.commit();
    document
        .get_last_local_change()
        .unwrap()
        .raw_bytes()
        .to_vec()
}

#[test]
fn a_flipped_bit_anywhere_in_a_pack_stores_nothing_false() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let doc = found(&mut liu, &town, "原文");
    let events = raw_events(&liu, doc);
    let mut document = Document::create(Actor([7; 16]), doc).unwrap();
    let change = document
        .append(Actor([7; 16]), &events[0].to_bytes().unwrap())
        .unwrap();
    let request = pack(
        &liu,
        1,
        PackClaims::GENESIS,
        vec![Entry {
            doc,
            change: change.bytes,
            proofs: None,
        }],
    );
    let plain = [&[0x10], sync_core::wire::encode(&request).as_slice()].concat();
    for at in (0..plain.len()).step_by(3) {
        let mut bad = plain.clone();
        bad[at] ^= 1 << (at % 8);
        let reply = post(&town, &liu, Push::PATH, bad);
        let stored = matches!(Push::read_response(&reply.body), Ok(Response::Stored { ref refused, .. }) if refused.is_empty());
        // The document's id is outside the signature but inside the change, so this flip is refused, too.
        assert!(!stored, "byte {at}");
        assert_eq!(town.changes_stored(), 0, "byte {at}");
    }
    let reply = post(
        &town,
        &liu,
        Push::PATH,
        [&[0x10], sync_core::wire::encode(&request).as_slice()].concat(),
    );
    assert_eq!(reply.status, 200);
    assert_eq!(town.changes_stored(), 1);
}

#[test]
fn an_event_in_the_name_of_another_is_refused() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let doc = found(&mut liu, &town, "甲的记录");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let events = raw_events(&liu, doc);
    // Wang's device signs a pack with an event that names Liu's device as its author.
    let mut forged = events[0].clone();
    forged.body = EventBody::Note(cli_simulator::world::note("冒名"));
    let mut document = Document::create(Actor([4; 16]), DocId([4; 16])).unwrap();
    let change = document
        .append(Actor([4; 16]), &forged.to_bytes().unwrap())
        .unwrap();
    let request = pack(
        &wang,
        1,
        PackClaims::GENESIS,
        vec![Entry {
            doc: DocId([4; 16]),
            change: change.bytes,
            proofs: None,
        }],
    );
    let reply = post(&town, &wang, Push::PATH, Push::write_request(&request));
    let Response::Stored { refused, .. } = Push::read_response(&reply.body).unwrap() else {
        panic!("a fork")
    };
    assert_eq!(refused[0].code, Code::ForgedAuthor);
}

#[test]
fn a_clock_wrong_by_years_loses_nothing_and_is_judged() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    liu.clock.as_ref().unwrap().set(DeviceTime(0));
    let doc = found(&mut liu, &town, "1970年的手机");
    liu.clock
        .as_ref()
        .unwrap()
        .set(DeviceTime(MORNING + 40 * 31_557_600_000));
    remark(&mut liu, doc, "2064年的手机");
    let report = town.sync(&mut liu);
    assert_eq!((report.acknowledged, report.refused), (2, 0));
    let (state, events) = liu.hazard(doc).unwrap();
    assert_eq!(events.len(), 2);
    // A wrong clock makes nothing void: the hazard counts with a time within its time bounds, and its time is flagged.
    assert_eq!(state.state, sync_core::catalogue::StateCode(10));
    assert!(state.flags.time_untrusted);
    let year_2024 = 1_704_067_200_000..1_735_689_600_000;
    assert!(
        year_2024.contains(&state.found_at.0),
        "{:?}",
        state.found_at
    );
}

#[test]
fn a_cursor_ahead_of_the_log_compares_instead_of_skipping() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    found(&mut liu, &town, "一");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.forget_log();
    let report = town.sync(&mut wang);
    assert!(report.repairs > 0, "{report:?}");
    found(&mut liu, &town, "二");
    town.sync(&mut liu);
    town.sync(&mut wang);
    assert_eq!(wang.device.count().unwrap(), 2);
}

#[test]
fn a_photo_that_is_none_or_too_wide_is_refused_and_says_why() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let text = liu
        .device
        .add_photo(
            "不是照片".as_bytes(),
            PhotoRole::Before,
            PhotoSource::Gallery,
        )
        .unwrap_err();
    assert!(text.to_string().contains("neither a JPEG nor a PNG"));
    // A JPEG header that declares 50,000 pixels.
    let mut wide = sync_core::photo::sample_jpeg(1, 64, 64, None);
    let frame = wide.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    wide[frame + 7..frame + 9].copy_from_slice(&50_000_u16.to_be_bytes());
    let error = liu
        .device
        .add_photo(&wide, PhotoRole::Before, PhotoSource::Gallery)
        .unwrap_err();
    assert!(error.to_string().contains("make it smaller"), "{error}");
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    assert!(liu.device.photo_bytes(&shot.hash).is_ok());
    assert!(
        liu.sync(&mut town.http.clone(), Options::default())
            .unwrap()
            .complete
    );
}
