//! No device can act for another person: events that it sends in another person's name have no effect.

use cli_simulator::world::{evidence, note};
use sync_core::{
    record::{DocId, EventBody},
    wire::Code,
};

use super::client::Hostile;
use crate::support::{Town, found, raw_events};

/// The hazard as a reviewer reads it.
fn seen(town: &Town, doc: DocId) -> serde_json::Value {
    town.project();
    town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"))
}

fn verdict_of(detail: &serde_json::Value, kind: &str) -> String {
    let events = detail["events"].as_array().unwrap();
    let event = events.iter().find(|e| e["kind"] == kind).unwrap();
    event["verdict"].to_string()
}

#[test]
fn a_repair_pack_gives_no_effect_to_events_in_another_persons_name() {
    let mut town = Town::new();
    let (mut liu, mut fire) = (town.phone("网格员甲"), town.phone("消防员己"));
    let doc = found(&mut liu, &town, "消防车通道被占");
    town.sync(&mut liu);
    town.sync(&mut fire);
    crate::support::remark(&mut fire, doc, "已知悉");
    town.sync(&mut fire);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let (worker, officer) = (
        own.grant_of(&town, "网格员甲"),
        own.grant_of(&town, "消防员己"),
    );
    let (mut document, heads) = own.copy(&town, doc);

    let claim = own.event(
        &heads,
        EventBody::ClaimFixed(evidence("自称已整改", Vec::new())),
    );
    let claim = claim.to_bytes().unwrap();
    let id = |bytes: &[u8]| sync_core::record::EventId::of(bytes);
    let pass = own.in_the_name_of(
        (worker.0, &worker.1),
        &[id(&claim)],
        EventBody::RecheckPass(evidence("冒名复查", Vec::new())),
    );
    let pass = pass.to_bytes().unwrap();
    let close = own.in_the_name_of(
        (officer.0, &officer.1),
        &[id(&pass)],
        EventBody::Close(note("冒名销号")),
    );
    let entries: Vec<_> = [claim, pass, close.to_bytes().unwrap()]
        .iter()
        .map(|event| (doc, own.change(&mut document, event)))
        .collect();
    // Without the repair flag they are refused, and so is what depends on them.
    let refused = own.push(&town, &entries, false);
    assert!(refused.contains(&(1, Code::ForgedAuthor)), "{refused:?}");
    own.push(&town, &entries, true);

    let detail = seen(&town, doc);
    assert_eq!(detail["hazard"]["open"], true, "{detail:#}");
    for kind in ["recheck_pass", "close"] {
        assert!(
            verdict_of(&detail, kind).contains("unattested"),
            "{detail:#}"
        );
    }
    // The devices fold to the same state as the server.
    town.sync(&mut liu);
    let (state, _) = liu.hazard(doc).unwrap();
    assert_eq!(detail["hazard"]["state"], format!("{}", state.state));
}

#[test]
fn what_another_device_re_supplied_counts_once_its_author_brings_it() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let doc = found(&mut liu, &town, "楼道堆物");
    // The author has not synced; a carrier sends the author's own event first.
    let stated = raw_events(&liu, doc);
    assert_eq!(stated.len(), 1);
    let mut own = Hostile::enrol(&town, "物业经理丙", 9);
    // The server has the author's grant, so the event can refer to it.
    let mut document = own.document(doc);
    let event = stated[0].to_bytes().unwrap();
    let change = own.change(&mut document, &event);
    own.push(&town, &[(doc, change)], true);
    town.project();
    let reviewer = town.token("审核员丁");
    let listed = |town: &Town| {
        town.json("/v1/hazards", &reviewer)["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(listed(&town), 0, "nothing valid begins the document yet");
    town.sync(&mut wang);
    assert!(wang.device.list(&Default::default()).unwrap().is_empty());

    town.sync(&mut liu);
    town.project();
    assert_eq!(listed(&town), 1);
    town.sync(&mut wang);
    assert_eq!(wang.device.list(&Default::default()).unwrap().len(), 1);
    assert_eq!(wang.hazard(doc).unwrap().0, liu.hazard(doc).unwrap().0);
    let quiet = (town.sync(&mut liu), town.sync(&mut wang));
    assert_eq!((quiet.0.requests, quiet.1.requests), (1, 1), "{quiet:?}");
}

#[test]
fn events_under_unknown_grants_are_set_aside_and_hold_nothing() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 5);
    let (mut document, heads) = own.copy(&town, doc);
    let mut event = own.event(&heads, EventBody::Note(note("来历不明")));
    event.grant.0[0] ^= 1;
    event.device.0[0] ^= 1;
    let note = event.to_bytes().unwrap();
    // The same event with a kind of a newer version: 999 instead of 16.
    let mut newer = note.clone();
    assert_eq!(newer[1..3], [0x00, 0x10], "kind 16 is one byte");
    newer.splice(2..3, [0x19, 0x03, 0xe7]);
    for bytes in [note, newer] {
        let change = own.change(&mut document, &bytes);
        let refused = own.push(&town, &[(doc, change)], true);
        assert_eq!(refused, [(0, Code::Quarantined)]);
    }
    assert_eq!(town.quarantined(), 2);
    let detail = seen(&town, doc);
    assert_eq!(detail["events"].as_array().unwrap().len(), 1);
    assert!(
        !detail["hazard"]["flags"]
            .to_string()
            .contains("unknown_events")
    );
}

#[test]
fn a_revoked_device_is_not_helped_by_another_that_carries_its_events() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 6);
    let author = own.grant_of(&town, "网格员甲");
    town.revoke(liu.device.enrolment().unwrap().device);
    let (mut document, heads) = own.copy(&town, doc);
    let mut event = own.in_the_name_of(
        (author.0, &author.1),
        &heads,
        EventBody::Note(note("吊销后的话")),
    );
    // The beacon states that the event was made long before the revocation.
    event.beacon = Some(super::client::beacon(
        crate::support::MORNING - 120_000,
        Some(30_000),
    ));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    own.push(&town, &[(doc, change)], true);
    let detail = seen(&town, doc);
    assert!(
        verdict_of(&detail, "note").contains("unattested"),
        "{detail:#}"
    );
}
