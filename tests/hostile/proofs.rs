//! A carrier has no say: an event counts by the proof of its author's device, and its time by the server's own receipt.

use cli_simulator::{
    phone::Phone,
    world::{evidence, note, photo},
};
use sync_core::{
    crdt::{Actor, Document, change_hash},
    identity::{
        PackClaims, PackReceipt, Proofs, SecretKey, ServerNotice, Signed, SignedGrant,
        SignedNotice, server_notice::Subject,
    },
    record::{
        CountCorrection, DeviceTime, DocId, EventBody, EventId, Grant, GrantId, PhotoRole,
        ServerTime, Short, Voiding,
    },
    wire::{
        Code, encode,
        push::Entry,
        resupply::{ConfirmedPack, Request},
    },
};

use super::client::{self, Hostile, prove};
use crate::support::{MORNING, Town, found, remark};

/// A hazard of a grid worker on which a fire officer has remarked: any device of the grid holds both grants.
struct Scene {
    town: Town,
    worker: Phone,
    officer: Phone,
    doc: DocId,
}

fn scene() -> Scene {
    let mut town = Town::new();
    let (mut worker, mut officer) = (town.phone("网格员甲"), town.phone("消防员己"));
    let doc = found(&mut worker, &town, "消防车通道被占");
    town.sync(&mut worker);
    town.sync(&mut officer);
    remark(&mut officer, doc, "已知悉");
    town.sync(&mut officer);
    Scene {
        town,
        worker,
        officer,
        doc,
    }
}

/// What a reviewer reads of the hazard, without its history.
fn shown(town: &Town, doc: DocId) -> serde_json::Value {
    town.project();
    let token = town.token("审核员丁");
    let mut hazard = town.json(&format!("/v1/hazards/{doc}"), &token)["hazard"].clone();
    let fields = hazard.as_object_mut().unwrap();
    // An event without effect is shown and counted as one of the history.
    for history in ["event_count", "updated_at"] {
        fields.remove(history);
    }
    let statistics = town.json("/v1/statistics", &token);
    serde_json::json!([hazard, statistics])
}

/// The verdict of an event.
fn verdict(town: &Town, doc: DocId, event: EventId) -> String {
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    let found = events.iter().find(|e| e["id"] == event.to_string());
    found.map_or_else(|| "absent".to_owned(), |e| e["verdict"].to_string())
}

fn bodies(phone: &mut Phone) -> Vec<EventBody> {
    let shot = photo(&mut phone.device, 3, PhotoRole::After).unwrap();
    let proof = || evidence("见照片", vec![shot.clone()]);
    vec![
        EventBody::Note(note("冒名备注")),
        EventBody::ClaimFixed(proof()),
        EventBody::RecheckPass(proof()),
        EventBody::RecheckFail(proof()),
        EventBody::FixOnSpot(proof()),
        EventBody::ConfirmSpotFix(note("冒名确认")),
        EventBody::Close(note("冒名销号")),
        EventBody::Reopen(proof()),
        EventBody::AddPhoto(proof()),
        EventBody::CorrectCount(CountCorrection {
            count: 90,
            reason: Short::new("冒名更正").unwrap(),
        }),
        EventBody::Void(Voiding {
            reason: sync_core::record::Long::new("冒名").unwrap(),
            verified_by: None,
        }),
        EventBody::TransferWithdraw(note("冒名撤回")),
        EventBody::Unmerge(note("冒名")),
        EventBody::Withdraw(note("冒名")),
    ]
}

#[test]
fn only_the_proof_of_its_author_gives_effect_to_an_event_whoever_brings_it() {
    let Scene {
        town,
        mut worker,
        officer,
        doc,
    } = scene();
    let carrier = Hostile::enrol(&town, "物业经理丙", 7);
    let (mut document, heads) = carrier.copy(&town, doc);
    let mut carried = 0;
    for (n, body) in bodies(&mut worker).into_iter().enumerate() {
        let author = if n % 2 == 0 {
            ("消防员己", officer.device.enrolment().unwrap().key)
        } else {
            ("网格员甲", worker.device.enrolment().unwrap().key)
        };
        let grant = carrier.grant_of(&town, author.0);
        let event = carrier.in_the_name_of((grant.0, &grant.1), &heads, body);
        let bytes = event.to_bytes().unwrap();
        let id = EventId::of(&bytes);
        let change = carrier.change(&mut document, &bytes);
        let prove = |key: &SecretKey, doc| prove(key, doc, &change, &bytes);
        let right = prove(&author.1, doc);
        let of_another_change = client::prove(&author.1, doc, b"another change", &bytes);
        let flipped = |at: usize| {
            let mut altered = right.as_bytes().to_vec();
            altered[at] ^= 1;
            Some(Proofs::from_bytes(altered))
        };
        let twice = [right.as_bytes(), right.as_bytes()].concat();
        let wrong = [
            None,
            Some(Proofs::default()),
            Some(prove(&carrier.key, doc)),
            Some(prove(&author.1, DocId([9; 16]))),
            Some(of_another_change),
            flipped(0),
            flipped(1),
            flipped(64),
            Some(Proofs::from_bytes(right.as_bytes()[..64].to_vec())),
            Some(Proofs::from_bytes(twice)),
        ];
        let before = shown(&town, doc);
        for proofs in wrong {
            let (received, refused) = carrier.carry(&town, doc, &change, proofs.clone());
            assert_eq!((received, refused), (-1, None), "{n} {proofs:?}");
            let verdict = verdict(&town, doc, id);
            assert!(verdict.contains("unattested"), "{n} {proofs:?}: {verdict}");
            assert_eq!(shown(&town, doc), before, "{n} {proofs:?}");
        }
        let (received, refused) = carrier.carry(&town, doc, &change, Some(right));
        assert!(received > 0 && refused.is_none(), "{n}");
        let verdict = verdict(&town, doc, id);
        assert!(!verdict.contains("unattested"), "{n}: {verdict}");
        carried += 1;
    }
    assert_eq!(carried, 14);
    // The devices fold to what the server shows.
    town.sync(&mut worker);
    let token = town.token("审核员丁");
    let state = town.json(&format!("/v1/hazards/{doc}"), &token)["hazard"]["state"].clone();
    assert_eq!(state, worker.hazard(doc).unwrap().0.state.to_string());
}

#[test]
fn a_wrong_proof_of_its_own_event_is_refused() {
    let Scene { town, doc, .. } = scene();
    let mut own = Hostile::enrol(&town, "物业经理丙", 8);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("自己的话")));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    // A program of protocol 2, which binds its actor, sends proofs.
    let unbound = own.actor;
    own.as_actor_of(Actor::bound(own.device, [8; 4]).0);
    let (mut copy, _) = own.copy(&town, doc);
    let unproven = own.change(&mut copy, &event.to_bytes().unwrap());
    let refused = own.push(&town, &[(doc, unproven)], false);
    assert_eq!(refused, [(0, Code::ForgedAuthor)]);
    own.actor = unbound;
    own.proofs = Some(Proofs::default());
    // Damage on the way does not decide about the change: the same pack can be sent again.
    let refused = own.is_refused(&town, &[(doc, change.clone())]);
    assert_eq!(refused.as_deref(), Some("pack-signature"));
    own.proofs = Some(prove(&own.key, doc, &change, &event.to_bytes().unwrap()));
    assert_eq!(own.push(&town, &[(doc, change)], false), []);
}

#[test]
fn what_this_server_did_not_sign_proves_nothing() {
    let Scene {
        town,
        worker,
        officer,
        doc,
    } = scene();
    let carrier = Hostile::enrol(&town, "物业经理丙", 9);
    let (mut document, heads) = carrier.copy(&town, doc);
    let victim = worker.device.enrolment().unwrap().device;

    // A notice of its own: no device is revoked.
    let subject = Subject::DeviceRevoked(victim);
    let notice = ServerNotice::about(town.world.county.clone(), subject, ServerTime(MORNING));
    let mut request = Request::of(Vec::new());
    request.notices = vec![SignedNotice::seal(&notice, &carrier.key)];
    carrier.give_back(&town, &request);
    let mut worker = worker;
    remark(&mut worker, doc, "仍在岗");
    assert!(town.sync(&mut worker).complete);

    // A grant of its own, that gives it the county: the event under it is set aside.
    let mut claims: Grant = carrier.grant.1.clone();
    claims.role = sync_core::record::Role::CountyReviewer;
    let grant = SignedGrant::seal(&claims, &carrier.key);
    let mut event = carrier.event(&heads, EventBody::Close(note("自封审核")));
    event.grant = grant.id();
    let bytes = event.to_bytes().unwrap();
    let change = carrier.change(&mut document, &bytes);
    let mut request = Request::of(vec![Entry {
        doc,
        proofs: Some(prove(&carrier.key, doc, &change, &bytes)),
        change,
    }]);
    request.grants = vec![grant];
    let answer = carrier.give_back(&town, &request);
    assert_eq!(answer.refused[0].code, Code::Quarantined);

    // A receipt of its own for an earlier time, and a real receipt with other claims: the time is that of arrival.
    let (mut document, heads) = carrier.copy(&town, doc);
    let author: (GrantId, Grant) = carrier.grant_of(&town, "消防员己");
    let event = carrier.in_the_name_of((author.0, &author.1), &heads, EventBody::Note(note("早")));
    let bytes = event.to_bytes().unwrap();
    let key = officer.device.enrolment().unwrap().key;
    let change = carrier.change(&mut document, &bytes);
    let pack = PackClaims {
        device: author.1.device,
        number: 9,
        previous: PackClaims::GENESIS,
        claimed: DeviceTime(MORNING),
        repair: false,
        changes: vec![Signed {
            doc,
            change: change_hash(&change),
        }],
    };
    let receipt = PackReceipt {
        device: author.1.device,
        number: 9,
        pack: pack.hash(),
        received: ServerTime(MORNING - 3_600_000),
        refused: None,
    };
    let mut request = Request::of(vec![Entry {
        doc,
        proofs: Some(prove(&key, doc, &change, &bytes)),
        change,
    }]);
    request.packs = vec![ConfirmedPack {
        claims: encode(&pack),
        signature: pack.seal(&carrier.key),
        receipt: receipt.seal(&carrier.key),
    }];
    let answer = carrier.give_back(&town, &request);
    assert!(answer.received.0[0].0 >= MORNING, "{answer:?}");
    assert_eq!(answer.refused, []);
}

#[test]
fn a_revoked_device_gets_nothing_in_by_giving_it_back() {
    let Scene {
        town,
        worker: _worker,
        doc,
        ..
    } = scene();
    let mut own = Hostile::enrol(&town, "物业经理丙", 6);
    let (mut document, heads) = own.copy(&town, doc);
    town.revoke(own.device);
    let event = own.event(&heads, EventBody::Note(note("吊销后")));
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    // The server confirms that it keeps the pack, in quarantine.
    let (refused, confirmed) = own.push_confirmed(&town, &[(doc, change.clone())]);
    assert_eq!(refused, [(0, Code::Quarantined)]);
    let mut request = Request::of(vec![Entry {
        doc,
        proofs: Some(prove(&own.key, doc, &change, &bytes)),
        change,
    }]);
    request.packs = vec![confirmed];
    let answer = own.give_back(&town, &request);
    assert_eq!(answer.refused[0].code, Code::Quarantined);
    assert_eq!(verdict(&town, doc, EventId::of(&bytes)), "absent");
}

#[test]
fn a_change_of_two_documents_or_of_a_known_document_elsewhere_is_not_taken() {
    let Scene { town, doc, .. } = scene();
    let own = Hostile::enrol(&town, "物业经理丙", 5);
    let (document, heads) = own.copy(&town, doc);
    let mut document: Document = document;
    let event = own.event(&heads, EventBody::Note(note("一处")));
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    let elsewhere = DocId([3; 16]);
    let proofs = Some(prove(&own.key, elsewhere, &change, &bytes));
    let (_, refused) = own.carry(&town, elsewhere, &change, proofs);
    assert_eq!(refused, Some(Code::MissingDependencies));
}

#[test]
fn a_device_that_was_enrolled_again_is_revoked_again_also_for_those_who_carry_its_events() {
    let Scene {
        town,
        mut worker,
        doc,
        ..
    } = scene();
    // Its key, so that what it says later can be carried with a right proof.
    let enrolment = worker.device.enrolment().unwrap();
    let device = enrolment.device;
    let hour = 3_600_000;
    town.at(MORNING + hour);
    town.revoke(device);
    town.at(MORNING + 2 * hour);
    town.enrol(&mut worker, town.world.actor("网格员甲"));
    town.sync(&mut worker);
    let (grant, claims) = worker.device.own_grants().unwrap()[0].clone();
    assert!(claims.issued > ServerTime(MORNING + hour));
    let carrier = Hostile::enrol(&town, "物业经理丙", 4);
    let carry = |town: &Town, count: u32| {
        let (mut document, heads) = carrier.copy(town, doc);
        let body = EventBody::CorrectCount(CountCorrection {
            count,
            reason: Short::new("清点").unwrap(),
        });
        let event = carrier.in_the_name_of((grant, &claims), &heads, body);
        let bytes = event.to_bytes().unwrap();
        let change = carrier.change(&mut document, &bytes);
        let proofs = Some(prove(&enrolment.key, doc, &change, &bytes));
        assert_eq!(carrier.carry(town, doc, &change, proofs).1, None);
        town.project();
        let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        let events = detail["events"].as_array().unwrap();
        let id = EventId::of(&bytes).to_string();
        events.iter().find(|e| e["id"] == id).unwrap()["count"].to_string()
    };
    town.at(MORNING + 3 * hour);
    assert_eq!(carry(&town, 2), "\"yes\"");
    town.at(MORNING + 4 * hour);
    town.revoke(device);
    town.at(MORNING + 5 * hour);
    assert_eq!(carry(&town, 3), "\"no_effect\"");
}
