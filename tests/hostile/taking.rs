//! On a server that lost the newest of its log, nothing of another person can be taken over: no event with its proof, no id of
//! a document, no id of a device. And what was not stored stays so, whatever is given back about it.

use cli_simulator::world::{evidence, note, observation};
use sync_core::{
    identity::{SecretKey, ServerNotice, SignedNotice, server_notice::Subject},
    record::{DocId, EventBody, EventId, LocationKind, ServerTime},
    wire::{
        Code, Exchange,
        enrol::{Enrol, Request as Enrolling},
        push::Entry,
        resupply::Request,
    },
};

use super::client::{Hostile, actor_of, post, prove};
use crate::{
    restored_server::restore,
    support::{MORNING, Town, database::is_postgres, found, raw_events, remark},
};

/// A town whose server can be set back; PostgreSQL is set back with its own tools.
fn town() -> Option<Town> {
    if is_postgres() {
        return None;
    }
    let town = Town::new();
    town.token("审核员丁");
    Some(town)
}

#[test]
fn an_event_with_its_proof_counts_in_the_change_of_its_author_only() {
    let Some(mut town) = town() else { return };
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let actor = actor_of(&mut liu, &town, doc);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let (mut document, heads) = own.copy(&town, doc);
    let body = EventBody::AddPhoto(evidence("自己的话", Vec::new()));
    let event = own.event(&heads, body);
    let mine = own.change(&mut document, &event.to_bytes().unwrap());
    own.push(&town, &[(doc, mine)], false);
    town.backup_to("backup");
    remark(&mut liu, doc, "备份后的话");
    town.sync(&mut liu);
    let stored = town.changes_stored();
    let stated = raw_events(&liu, doc);
    let stated = stated.iter().map(|event| event.to_bytes().unwrap());
    let item = own.items(&town).into_iter().find(|item| item.doc == doc);
    // The newest change is the last one of the page.
    let proofs = item.unwrap().proofs.unwrap().pop().unwrap();

    // The log lacks the change: its event goes into one that builds on something else, with the same sequence number, and
    // into one of an actor of the carrier's own.
    restore(&mut town);
    own.open(&town);
    let lost = stated.max_by_key(|bytes| {
        let event = sync_core::record::Event::from_bytes(bytes).unwrap();
        (
            event.device == liu.device.enrolment().unwrap().device,
            event.after.len(),
        )
    });
    let lost = lost.unwrap();
    let mut bound = Hostile::enrol(&town, "物业经理丙", 7);
    bound.as_actor_of(actor);
    for (carrier, expected) in [(&bound, (0, Some(Code::Quarantined))), (&own, (-1, None))] {
        let (mut document, _) = carrier.copy(&town, doc);
        let change = carrier.change(&mut document, &lost);
        assert_eq!(
            carrier.carry(&town, doc, &change, Some(proofs.clone())),
            expected
        );
    }
    let report = town.sync(&mut liu);
    assert_eq!(report.reauthored, 0, "{report:?}");
    town.sync(&mut wang);
    assert_eq!(town.changes_stored(), stored + 1, "one without effect");
    assert_eq!(wang.hazard(doc).unwrap().0, liu.hazard(doc).unwrap().0);
    let notices = liu.device.notices().unwrap();
    assert!(notices.is_empty(), "{notices:?}");
}

#[test]
fn a_lost_document_is_begun_by_its_device_alone() {
    let Some(mut town) = town() else { return };
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    own.pull(&town);
    town.backup_to("backup");
    let doc = found(&mut liu, &town, "备份后");
    remark(&mut liu, doc, "再看一次");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let lius = own.grant_of(&town, "网格员甲");
    let first = raw_events(&liu, doc).remove(0).to_bytes().unwrap();
    restore(&mut town);
    own.open(&town);

    let area = &town.world.compounds[0];
    let place = ("3栋", "2单元", "负一楼", LocationKind::Stairwell);
    let body = || EventBody::Observe(observation(area, "EV-06", place, "抢占", Vec::new()));
    let begun = |own: &Hostile, event: &[u8]| {
        let mut document = own.document(doc);
        own.change(&mut document, event)
    };
    // As its own, in a pack and given back.
    let event = own.event(&[], body()).to_bytes().unwrap();
    let change = begun(&own, &event);
    let refused = own.push(&town, &[(doc, change.clone())], false);
    assert_eq!(refused, [(0, Code::ForgedAuthor)]);
    let proofs = Some(prove(&own.key, doc, &change, &event));
    let (_, refused) = own.carry(&town, doc, &change, proofs);
    assert_eq!(refused, Some(Code::ForgedAuthor));
    // In the other person's name: made up, and the very event.
    let forged = own.in_the_name_of((lius.0, &lius.1), &[], body());
    for event in [forged.to_bytes().unwrap(), first] {
        let change = begun(&own, &event);
        let (_, refused) = own.carry(&town, doc, &change, None);
        assert_eq!(refused, Some(Code::Quarantined));
        let refused = own.push(&town, &[(doc, change)], true);
        assert_eq!(refused, [(0, Code::Quarantined)]);
    }
    assert_eq!(town.changes_stored(), 0);
    let (stored, refused) = own.carry(&town, DocId([3; 16]), &change, None);
    assert!(
        stored == 0 && refused.is_some(),
        "an id that it did not begin"
    );

    // Another device gives the record back, with effect, and no person is notified of a loss.
    town.sync(&mut wang);
    assert_eq!(town.changes_stored(), 2);
    town.sync(&mut liu);
    assert!(liu.device.notices().unwrap().is_empty());
    assert_eq!(wang.hazard(doc).unwrap(), liu.hazard(doc).unwrap());
}

#[test]
fn the_id_of_a_lost_device_is_enrolled_with_no_other_key() {
    let Some(mut town) = town() else { return };
    town.phone("网格员乙");
    town.backup_to("backup");
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "备份后登记");
    town.sync(&mut liu);
    let victim = liu.device.enrolment().unwrap().device;
    restore(&mut town);
    let code = town.code(town.world.actor("物业经理丙"));
    let key = SecretKey::from_seed([0x41; 32]);
    let label = |text: &str| sync_core::record::Label::new(text).unwrap();
    let enrol = |device| {
        let request = Enrolling::signed(label(&code), device, &key, label("own program"));
        let reply = post(&town, Enrol::PATH, None, Enrol::write_request(&request));
        (
            reply.status,
            reply.header("xuncha-refusal").map(str::to_owned),
        )
    };
    assert_eq!(enrol(victim), (400, Some("malformed".to_owned())));
    // The code was not used up by that.
    assert_eq!(enrol(key.public().device()).0, 200);
    let report = town.sync(&mut liu);
    assert!(report.complete, "{report:?}");
    assert_eq!(town.changes_stored(), 1);
    remark(&mut liu, doc, "仍能上报");
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
}

#[test]
fn a_receipt_dates_nothing_that_it_states_as_refused() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let reader = Hostile::enrol(&town, "审核员丁", 9);
    let hour = 3_600_000;
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    town.at(MORNING + hour);
    town.revoke(own.device);
    town.at(MORNING + 2 * hour);
    let (mut document, heads) = reader.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("停用期间")));
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    let (refused, confirmed) = own.push_confirmed(&town, &[(doc, change.clone())]);
    assert_eq!(refused, [(0, Code::Quarantined)]);
    let mut request = Request::of(vec![Entry {
        doc,
        proofs: Some(prove(&own.key, doc, &change, &bytes)),
        change,
    }]);
    request.packs = vec![confirmed];

    // Enrolled again and revoked again: the pack is older than the second revocation.
    town.at(MORNING + 3 * hour);
    let again = Hostile::enrol(&town, "物业经理丙", 7);
    town.at(MORNING + 4 * hour);
    town.revoke(own.device);
    town.at(MORNING + 5 * hour);
    let answer = again.give_back(&town, &request);
    assert_eq!(answer.refused[0].code, Code::Quarantined);

    // Enrolled once more: it is stored with the time of this call, and has no effect.
    town.at(MORNING + 6 * hour);
    let again = Hostile::enrol(&town, "物业经理丙", 7);
    let answer = again.give_back(&town, &request);
    assert_eq!(answer.refused, []);
    assert_eq!(answer.received.0[0], ServerTime(MORNING + 6 * hour));
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    let id = EventId::of(&bytes).to_string();
    let found = events.iter().find(|event| event["id"] == id).unwrap();
    assert!(found["count"] == "no_effect", "{found}");
}

#[test]
fn an_acceptance_that_comes_back_before_its_change_holds_for_a_disabled_device_too() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let other = Hostile::enrol(&town, "网格员乙", 8);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("已放行")));
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    town.revoke(own.device);
    let subject = Subject::ChangeAccepted(doc, sync_core::crdt::change_hash(&change));
    let county = town.world.county.clone();
    let notice = ServerNotice::about(county, subject, ServerTime(MORNING + 30_000));
    let mut request = Request::of(Vec::new());
    request.notices = vec![SignedNotice::seal(
        &notice,
        town.app().components.access.key(),
    )];
    other.give_back(&town, &request);
    let proofs = Some(prove(&own.key, doc, &change, &bytes));
    let (received, refused) = own.carry(&town, doc, &change, proofs);
    assert!(received > 0 && refused.is_none(), "{received} {refused:?}");
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert!(detail.to_string().contains("已放行"), "{detail:#}");
}
