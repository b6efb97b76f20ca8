//! A device occupies nothing of another one: no sequence number, no key, no enrolment that was ended.

use cli_simulator::world::note;
use sync_core::{
    identity::{SecretKey, SignedGrant},
    record::{EventBody, ServerTime},
    wire::{
        Code, Exchange,
        enrol::{Enrol, Request as Enrolling},
        push::Entry,
        resupply::Request,
    },
};
use xuncha_server::storage::server_notices;

use super::client::{Hostile, actor_of, carrier_of, post, prove};
use crate::support::{
    Town,
    browser::{Browser, PASSWORD},
    database::is_postgres,
    found, remark,
};

#[test]
fn no_device_occupies_the_sequence_numbers_of_another_one() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let actor = actor_of(&mut liu, &town, doc);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let victim = own.grant_of(&town, "网格员甲");
    own.as_actor_of(actor);
    let stored = town.changes_stored();
    // An event of its own, and one in the victim's name: in a pack, in a repair pack, and given back.
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("占号")));
    let mine = own.change(&mut document, &event.to_bytes().unwrap());
    for repair in [false, true] {
        let refused = own.push(&town, &[(doc, mine.clone())], repair);
        assert_eq!(refused, [(0, Code::ForgedAuthor)]);
    }
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.in_the_name_of((victim.0, &victim.1), &heads, EventBody::Note(note("冒名")));
    let bytes = event.to_bytes().unwrap();
    let forged = own.change(&mut document, &bytes);
    let refused = own.push(&town, &[(doc, forged.clone())], true);
    assert_eq!(refused, [(0, Code::Quarantined)]);
    let wrong = prove(&own.key, doc, &forged, &bytes);
    for proofs in [None, Some(wrong)] {
        let (_, refused) = own.carry(&town, doc, &forged, proofs);
        assert_eq!(refused, Some(Code::Quarantined));
    }
    assert_eq!(town.changes_stored(), stored);

    // The victim's own next change has the same number, and goes in as it is.
    remark(&mut liu, doc, "本人的话");
    let report = town.sync(&mut liu);
    assert_eq!(
        (report.acknowledged, report.reauthored),
        (1, 0),
        "{report:?}"
    );
    town.sync(&mut wang);
    assert_eq!(wang.hazard(doc).unwrap().1.len(), 2);
    // With its author's proof the forged bytes would be a second change of this number.
    let key = liu.device.enrolment().unwrap().key;
    let right = prove(&key, doc, &forged, &bytes);
    let (_, refused) = own.carry(&town, doc, &forged, Some(right));
    assert_eq!(refused, Some(Code::Equivocation));
}

#[test]
fn what_waits_without_a_proof_is_stored_once_its_author_brings_it() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    remark(&mut liu, doc, "尚未上报");
    let (mut carrier, change) = carrier_of(&town, &mut liu, doc, "物业经理丙", 7);
    let refused = carrier.push(&town, &[(doc, change)], true);
    assert_eq!(refused, [(0, Code::Quarantined)]);
    assert_eq!(town.quarantined(), 1);
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
    assert_eq!(town.quarantined(), 0, "it is in the log now");
    town.sync(&mut wang);
    assert_eq!(wang.hazard(doc).unwrap().1.len(), 2);
}

#[test]
fn a_grant_for_another_key_of_a_known_device_is_not_taken_back() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let (_, mut claims) = own.grant_of(&town, "网格员甲");
    // This server signed it, for a device of the same id, before an older database was restored.
    let stolen = SecretKey::from_seed([0x51; 32]);
    claims.device_key = stolen.public().0;
    let sealed = SignedGrant::seal(&claims, town.app().components.access.key());
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.in_the_name_of(
        (sealed.id(), &claims),
        &heads,
        EventBody::Note(note("冒名")),
    );
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    let mut request = Request::of(vec![Entry {
        doc,
        proofs: Some(prove(&stolen, doc, &change, &bytes)),
        change,
    }]);
    request.grants = vec![sealed];
    let answer = own.give_back(&town, &request);
    assert_eq!(answer.refused[0].code, Code::Quarantined);
    assert_eq!(town.changes_stored(), 1);
}

#[test]
fn a_used_code_does_not_renew_a_grant_that_was_ended() {
    let town = Town::new();
    let app = town.app();
    let code = town.code(town.world.actor("网格员甲"));
    let key = SecretKey::from_seed([0x33; 32]);
    let device = key.public().device();
    let label = |text: &str| sync_core::record::Label::new(text).unwrap();
    let ask = || {
        let request = Enrolling::signed(label(&code), device, &key, label("own program"));
        post(&town, Enrol::PATH, None, Enrol::write_request(&request))
    };
    let granted = |reply: &sync_core::sync::Reply| Enrol::read_response(&reply.body).unwrap();
    let first = granted(&ask()).grant.id();
    assert_eq!(
        granted(&ask()).grant.id(),
        first,
        "the same request, the same grant"
    );
    let now = ServerTime(town.clock.load(std::sync::atomic::Ordering::SeqCst));
    let end = app
        .storage
        .write(move |tx| server_notices::end_grant(tx, first, now));
    assert!(town.runtime.block_on(end).unwrap());
    let reply = ask();
    assert_eq!(
        reply.header("xuncha-refusal"),
        Some("code-invalid"),
        "{reply:?}"
    );
    let grants = app
        .storage
        .read(move |tx| xuncha_server::storage::devices::device_grants(tx, device));
    assert_eq!(town.runtime.block_on(grants).unwrap().len(), 1);
}

#[test]
fn a_revocation_is_never_older_than_the_grant_that_it_ends() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    town.token("审核员丁");
    town.backup_to("backup");
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut wang, &town, "楼道堆物");
    town.sync(&mut wang);
    town.sync(&mut liu);
    // The clock was set back a little, to before the enrolment.
    town.later(-40_000);
    town.revoke(liu.device.enrolment().unwrap().device);
    town.sync(&mut wang);
    town.later(90_000);
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    // The carrier has the notice; the device itself brings its grant.
    town.sync(&mut wang);
    remark(&mut liu, doc, "吊销之后");
    town.contact(&mut liu);
    assert_eq!(town.disabled(), 1);
    town.project();
    let shown = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert!(!shown.to_string().contains("吊销之后"), "{shown:#}");
}

#[test]
fn what_a_backup_holds_unused_opens_nothing_after_a_restore() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let own = town.world.actor("审核员辛").person.to_string();
    let new = serde_json::json!({ "login": "xin", "person": { "person": own } });
    let one_time = three[0].done("POST", "/v1/admin/accounts", Some(&new));
    let one_time = one_time["code"].as_str().unwrap().to_owned();
    let code = town.code(town.world.actor("网格员甲"));
    town.backup_to("backup");
    // All are used after the backup, and what they opened is ended.
    let key = SecretKey::from_seed([0x34; 32]);
    let device = key.public().device();
    let label = |text: &str| sync_core::record::Label::new(text).unwrap();
    let enrol = |town: &Town| {
        let request = Enrolling::signed(label(&code), device, &key, label("own program"));
        post(town, Enrol::PATH, None, Enrol::write_request(&request))
    };
    Enrol::read_response(&enrol(&town).body).unwrap();
    town.revoke(device);
    let mut thief = Browser::new(&town, "192.0.2.1");
    assert_eq!(thief.sign_in("xin", &one_time).0, 200);
    let session = ding.session.clone();
    ding.done("POST", "/v1/sign-out", Some(&serde_json::json!({})));
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    let reply = enrol(&town);
    assert_eq!(
        reply.header("xuncha-refusal"),
        Some("code-invalid"),
        "{reply:?}"
    );
    let mut thief = Browser::new(&town, "192.0.2.1");
    assert_eq!(thief.sign_in("xin", &one_time).0, 401);
    let mut again = Browser::new(&town, "203.0.113.5");
    again.session = session;
    assert_eq!(again.get("/v1/me").0, 401);
    assert_eq!(again.sign_in("ding", PASSWORD).0, 200);
}
