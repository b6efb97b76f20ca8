//! Times that a device claims never limit what is decided against it.

use cli_simulator::world::{evidence, note};
use sync_core::record::{DocId, EventBody, ServerTime};
use xuncha_server::storage::server_notices;

use super::client::{Hostile, beacon};
use crate::support::{MORNING, Town, found};

const HOUR: i64 = 3_600_000;

/// Another device adds a remark whose beacon states a time to come.
fn states_the_future(town: &Town, doc: DocId) {
    let mut own = Hostile::enrol(town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(town, doc);
    let mut event = own.event(&heads, EventBody::Note(note("未来")));
    event.beacon = Some(beacon(2_051_222_400_000, Some(0)));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(own.push(town, &[(doc, change)], false), []);
}

#[test]
fn a_beacon_from_the_future_voids_nobodys_later_events() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    states_the_future(&town, doc);
    town.sync(&mut liu);
    // A later event is judged by its own time bounds: the forged beacon is not its lower bound.
    liu.device
        .state(doc, EventBody::AddPhoto(evidence("仍在", Vec::new())), None)
        .unwrap();
    town.sync(&mut liu);
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    assert!(
        events
            .iter()
            .all(|e| !e["verdict"].to_string().contains("void")),
        "{detail:#}"
    );
    assert!(
        !detail["hazard"]["flags"]
            .to_string()
            .contains("time_untrusted"),
        "{detail:#}"
    );
}

#[test]
fn a_beacon_from_the_future_voids_nothing_of_a_person_whose_grant_ends() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut wang);
    // Liu's appointment ends at the end of the year.
    let end = ServerTime(1_735_574_400_000);
    let (grant, _) = liu.device.own_grants().unwrap()[0].clone();
    let ends = town
        .app()
        .storage
        .write(move |tx| server_notices::end_grant(tx, grant, end));
    assert!(town.runtime.block_on(ends).unwrap());
    town.sync(&mut liu);
    states_the_future(&town, doc);
    town.sync(&mut liu);
    let reason = sync_core::record::Short::new("清点").unwrap();
    let count = sync_core::record::CountCorrection { count: 6, reason };
    liu.device
        .state(doc, EventBody::CorrectCount(count), None)
        .unwrap();
    town.sync(&mut liu);
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    let stated = events
        .iter()
        .find(|e| e["kind"] == "correct_count")
        .unwrap();
    assert_eq!(stated["count"], "yes", "{stated:#}");
    town.sync(&mut wang);
    let count = wang.hazard(doc).unwrap().0.values.count;
    assert!(count.iter().map(|one| one.value).eq([6]), "{count:?}");
}

#[test]
fn a_device_cannot_prove_that_it_is_older_than_its_revocation() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(&town, doc);
    // Received an hour later; the beacon states that it was made at once. The device is revoked between these times.
    town.clock
        .store(MORNING + HOUR, std::sync::atomic::Ordering::SeqCst);
    let mut event = own.event(&heads, EventBody::Note(note("早就写好")));
    event.beacon = Some(beacon(MORNING, Some(1_000)));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(own.push(&town, &[(doc, change)], false), []);
    town.clock
        .store(MORNING + HOUR / 2, std::sync::atomic::Ordering::SeqCst);
    town.revoke(own.device);
    town.clock
        .store(MORNING + HOUR, std::sync::atomic::Ordering::SeqCst);
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    let own_note = events.iter().find(|e| e["kind"] == "note").unwrap();
    assert!(own_note["count"] == "no_effect", "{detail:#}");
}
