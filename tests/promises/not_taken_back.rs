//! What a restored server does not take back stops nothing else: devices stay usable and quiet, what was built on it enters,
//! and grants that only devices have come back before the work under them.

use cli_simulator::{
    phone::Phone,
    world::{Actor as Person, note, photo},
};
use sync_core::{
    crdt::Actor,
    record::{DeviceTime, DocId, EventBody, PhotoRole, ServerTime},
    sync::{Options, Report},
    wire::Code,
};
use xuncha_server::storage::server_notices;

use crate::{
    hostile::client::Hostile,
    restored_server::{backed_up, enrol_again, is_quiet},
    support::{MORNING, Town, copy_folder, found, found_in, found_with, noise, remark},
};

fn count(phone: &Phone, doc: DocId) -> usize {
    phone.hazard(doc).map_or(0, |(_, events)| events.len())
}

fn contact(town: &Town, phone: &mut Phone) -> Report {
    phone
        .sync(&mut town.http.clone(), Options::default())
        .unwrap()
}

fn rest(phone: &mut Phone) {
    while phone.device.idle(64).unwrap() > 0 {}
}

/// A code for another area, used by the same device.
fn enrol_for(town: &Town, phone: &mut Phone, name: &str, grid: usize) {
    let person = Person {
        area: town.world.grids[grid].clone(),
        ..town.world.actor(name).clone()
    };
    town.enrol(phone, &person);
}

#[test]
fn a_document_that_was_filled_meanwhile_costs_its_author_nothing_else() {
    for folded in [false, true] {
        let Some(mut town) = backed_up() else { return };
        let mut liu = town.phone("网格员甲");
        let mut own = Hostile::enrol(&town, "审核员丁", 7);
        own.as_actor_of(Actor::bound(own.device, [7; 4]).0);
        let doc = found(&mut liu, &town, "楼道堆物");
        town.sync(&mut liu);
        town.backup_to("later");
        for n in 0..3 {
            remark(&mut liu, doc, &format!("第{n}次"));
        }
        town.sync(&mut liu);
        if folded {
            rest(&mut liu);
        }
        town.restore_from("later", "restored");
        town.restart_on("restored");
        own.open(&town);
        let (mut document, heads) = own.copy(&town, doc);
        for size in [1900, 200, 20, 1] {
            let full = (0..60).any(|n| {
                let event = own.event(&heads, EventBody::Note(note(&noise(n, size))));
                let event = event.to_bytes().unwrap();
                let before = document.snapshot();
                let change = own.change(&mut document, &event);
                let refused = own.push_proven(&town, doc, &change, &event);
                if !refused.is_empty() {
                    document = sync_core::crdt::Document::load(Some(&before), []).unwrap();
                }
                !refused.is_empty()
            });
            assert!(full, "{size}");
        }
        let other = found(&mut liu, &town, "新的一处");
        for _ in 0..3 {
            assert!(contact(&town, &mut liu).complete, "{folded}");
        }
        assert!(liu.device.notices().unwrap().len() >= 3, "{folded}");
        let mut wang = town.phone("网格员乙");
        town.sync(&mut wang);
        assert_eq!(count(&wang, other), 1, "{folded}");
        assert_eq!(wang.hazard(doc).unwrap(), liu.hazard(doc).unwrap());
        rest(&mut liu);
        is_quiet(&town, &mut [&mut liu, &mut wang]);
    }
}

#[test]
fn what_others_built_on_a_change_whose_number_was_taken_enters_without_it() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut chen] = ["网格员甲", "审核员丁"].map(|name| town.phone(name));
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    own.as_actor_of(Actor::bound(own.device, [7; 4]).0);
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut chen);
    town.backup_to("later");
    let (mut one, heads) = own.copy(&town, doc);
    let (mut two, _) = own.copy(&town, doc);
    let [first, second] = ["一", "二"].map(|words| {
        let event = own.event(&heads, EventBody::Note(note(words)));
        event.to_bytes().unwrap()
    });
    let (v1, v2) = (own.change(&mut one, &first), own.change(&mut two, &second));
    assert_eq!(own.push_proven(&town, doc, &v1, &first), []);
    town.sync(&mut liu);
    town.sync(&mut chen);
    for phone in [&mut liu, &mut chen] {
        remark(phone, doc, "接着说");
        town.sync(phone);
    }
    town.sync(&mut liu);
    town.restore_from("later", "restored");
    town.restart_on("restored");
    own.open(&town);
    own.reset();
    assert_eq!(own.push_proven(&town, doc, &v2, &second), []);
    for _ in 0..2 {
        town.sync(&mut liu);
        town.sync(&mut chen);
    }
    remark(&mut liu, doc, "后来的话");
    for _ in 0..2 {
        town.sync(&mut liu);
        town.sync(&mut chen);
    }
    let mut fresh = town.phone("审核员辛");
    town.sync(&mut fresh);
    for phone in [&liu, &chen, &fresh] {
        assert_eq!(count(phone, doc), 5);
        assert_eq!(phone.hazard(doc).unwrap(), fresh.hazard(doc).unwrap());
        assert!(phone.device.notices().unwrap().is_empty());
    }
    rest(&mut liu);
    is_quiet(&town, &mut [&mut liu, &mut chen, &mut fresh]);
}

#[test]
fn of_two_copies_of_a_device_none_loses_what_the_server_had_confirmed() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut wang] = ["网格员甲", "网格员乙"].map(|name| town.phone(name));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.backup_to("later");
    let folder = town.folder.path().join("copy");
    copy_folder(liu.folder(), &folder);
    let mut copy = Phone::simulated(&folder, 999, DeviceTime(MORNING + 1000)).unwrap();
    remark(&mut copy, doc, "副本的话");
    town.sync(&mut copy);
    town.sync(&mut wang);
    remark(&mut wang, doc, "接着副本的话");
    town.sync(&mut wang);
    town.restore_from("later", "restored");
    town.restart_on("restored");
    remark(&mut liu, doc, "原机的话");
    town.sync(&mut liu);
    for _ in 0..2 {
        for phone in [&mut copy, &mut wang, &mut liu] {
            town.sync(phone);
        }
    }
    for phone in [&liu, &copy, &wang] {
        assert_eq!(count(phone, doc), 4);
        assert!(phone.device.notices().unwrap().is_empty());
    }
    is_quiet(&town, &mut [&mut liu, &mut copy, &mut wang]);
}

#[test]
fn new_work_on_what_waits_for_its_author_waits_and_all_other_work_goes_on() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut pan] = ["网格员甲", "物业经理丙"].map(|name| town.phone(name));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut pan);
    town.backup_to("later");
    remark(&mut pan, doc, "丙的话");
    town.sync(&mut pan);
    town.mark_safe();
    town.sync(&mut liu);
    remark(&mut liu, doc, "接着丙的话");
    town.sync(&mut liu);
    town.restore_from("later", "restored");
    town.restart_on("restored");
    town.sync(&mut liu);
    let extra = Hostile::enrol(&town, "物业经理丙", 9);
    town.revoke(extra.device);
    town.sync(&mut liu);
    rest(&mut liu);
    is_quiet(&town, &mut [&mut liu]);
    remark(&mut liu, doc, "又一句");
    let shot = photo(&mut liu.device, 3, PhotoRole::Before).unwrap();
    let other = found_with(&mut liu, &town, "带照片", vec![shot]);
    let report = contact(&town, &mut liu);
    assert!(report.complete && report.refusal.is_none(), "{report:?}");
    let status = liu.device.status().unwrap();
    assert_eq!((status.photos_stored, status.unsent), (1, 1));
    rest(&mut liu);
    is_quiet(&town, &mut [&mut liu]);
    for _ in 0..2 {
        town.sync(&mut pan);
        town.sync(&mut liu);
    }
    town.sync(&mut pan);
    for phone in [&liu, &pan] {
        assert_eq!((count(phone, doc), count(phone, other)), (4, 1));
    }
    assert_eq!(town.quarantined(), 0);
    is_quiet(&town, &mut [&mut liu, &mut pan]);
}

#[test]
fn an_acceptance_reaches_the_device_that_brought_the_change() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut chen] = ["网格员甲", "审核员丁"].map(|name| town.phone(name));
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.backup_to("later");
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("旧版应用的话")));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(own.push(&town, &[(doc, change)], false), []);
    town.sync(&mut liu);
    town.restore_from("later", "restored");
    town.restart_on("restored");
    town.sync(&mut liu);
    town.sync(&mut chen);
    let ingest = &town.app().components.ingest;
    let waiting = town.runtime.block_on(ingest.unattested()).unwrap();
    assert_eq!(waiting.len(), 1);
    for one in waiting {
        assert!(town.runtime.block_on(ingest.accept(one)).unwrap());
    }
    town.sync(&mut liu);
    town.sync(&mut chen);
    assert_eq!(liu.hazard(doc).unwrap(), chen.hazard(doc).unwrap());
    assert!(!format!("{:?}", liu.hazard(doc).unwrap().0).contains("Unattested"));
    is_quiet(&town, &mut [&mut liu, &mut chen]);
}

#[test]
fn a_device_whose_work_is_quarantined_is_quiet_after_idle_work_too() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    town.later(60_000);
    town.revoke(liu.device.enrolment().unwrap().device);
    found(&mut liu, &town, "停用期间");
    town.later(60_000);
    contact(&town, &mut liu);
    enrol_again(&town, &mut liu);
    town.sync(&mut liu);
    town.sync(&mut liu);
    for _ in 0..2 {
        rest(&mut liu);
        is_quiet(&town, &mut [&mut liu]);
        let other = Hostile::enrol(&town, "物业经理丙", 9);
        town.revoke(other.device);
        town.sync(&mut liu);
    }
}

#[test]
fn a_grant_that_only_the_device_has_comes_back_before_the_work_under_it() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    town.backup_to("later");
    town.later(60_000);
    enrol_for(&town, &mut liu, "网格员甲", 1);
    liu.device.set_token(None).unwrap();
    town.sync(&mut liu);
    let new = found_in(&mut liu, &town, 2, "第二网格", Vec::new());
    town.restore_from("later", "restored");
    town.restart_on("restored");
    town.sync(&mut liu);
    town.sync(&mut liu);
    assert_eq!((town.quarantined(), town.changes_stored()), (0, 1));
    assert!(liu.device.notices().unwrap().is_empty());
    assert_eq!(count(&liu, new), 1);
    rest(&mut liu);
    is_quiet(&town, &mut [&mut liu]);
}

#[test]
fn a_device_that_was_enrolled_again_after_the_backup_loses_no_work_to_its_revocation() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut chen] = ["网格员甲", "审核员丁"].map(|name| town.phone(name));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut chen);
    town.backup_to("later");
    town.later(60_000);
    town.revoke(liu.device.enrolment().unwrap().device);
    town.later(60_000);
    enrol_again(&town, &mut liu);
    town.later(60_000);
    town.sync(&mut liu);
    town.sync(&mut chen);
    town.restore_from("later", "restored");
    town.restart_on("restored");
    // The revocation comes back first.
    town.sync(&mut chen);
    assert_eq!(town.disabled(), 1);
    remark(&mut liu, doc, "恢复之后");
    contact(&town, &mut liu);
    town.sync(&mut liu);
    town.sync(&mut chen);
    assert_eq!((town.disabled(), town.quarantined()), (0, 0));
    assert_eq!(liu.hazard(doc).unwrap(), chen.hazard(doc).unwrap());
    assert_eq!(count(&chen, doc), 2);
    is_quiet(&town, &mut [&mut liu, &mut chen]);
}

#[test]
fn a_device_that_a_server_never_knew_hears_so_after_a_few_calls() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "楼道堆物");
    let other = Town::new();
    let report = contact(&other, &mut liu);
    assert_eq!(report.refusal, Some(Code::DeviceUnknown), "{report:?}");
    assert!(report.requests <= 6, "{report:?}");
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
}

#[test]
fn what_a_person_stated_in_an_earlier_area_comes_back_with_the_persons_device() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    town.backup_to("later");
    let doc = found(&mut liu, &town, "调岗之前");
    town.sync(&mut liu);
    let old = liu.device.own_grants().unwrap()[0].0;
    enrol_for(&town, &mut liu, "网格员甲", 1);
    let at = ServerTime(MORNING + 60_000);
    let end = town
        .app()
        .storage
        .write(move |tx| server_notices::end_grant(tx, old, at));
    assert!(town.runtime.block_on(end).unwrap());
    town.later(7_200_000);
    liu.clock.as_ref().unwrap().forward(7_200_000);
    liu.device.set_token(None).unwrap();
    town.sync(&mut liu);
    town.sync(&mut liu);
    assert!(liu.hazard(doc).is_err(), "it is outside the area now");
    town.restore_from("later", "restored");
    town.restart_on("restored");
    assert_eq!(town.changes_stored(), 0);
    town.sync(&mut liu);
    town.sync(&mut liu);
    assert_eq!((town.changes_stored(), town.quarantined()), (1, 0));
    assert_eq!(
        town.received_before(MORNING + 3_600_000),
        1,
        "with its time"
    );
    assert!(liu.hazard(doc).is_err());
    is_quiet(&town, &mut [&mut liu]);
    let mut wang = town.phone("网格员乙");
    town.sync(&mut wang);
    assert_eq!(count(&wang, doc), 1);
}
