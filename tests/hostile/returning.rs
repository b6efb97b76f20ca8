//! What this server signed takes effect in whatever order and in whatever requests it comes back.

use cli_simulator::world::note;
use sync_core::{
    identity::{SecretKey, ServerNotice, SignedGrant, SignedNotice, server_notice::Subject},
    record::{AreaPath, DeviceId, EventBody, EventId, Grant, ServerTime},
    wire::{Code, push::Entry, resupply::Request},
};
use xuncha_server::storage::{
    devices::{self, DeviceState},
    server_notices, spaces,
};

use super::client::{Hostile, prove};
use crate::support::{MORNING, Town, database::is_postgres, found};

const ADDED: &str = "{\"verdict\":\"added\"}";
const AGAIN: i64 = MORNING + 30_000;

/// A grant that this server signed for a device that it does not know any more.
fn grant_of_lost(town: &Town, like: &Grant, space: &str, seed: u8) -> (SignedGrant, Grant) {
    let area: AreaPath = space.parse().unwrap();
    let claims = Grant {
        device: DeviceId([seed; 16]),
        device_key: SecretKey::from_seed([seed; 32]).public().0,
        issued: ServerTime(MORNING - 60_000),
        space: Some(area.clone()),
        area,
        ..like.clone()
    };
    let key = town.app().components.access.key();
    (SignedGrant::seal(&claims, key), claims)
}

fn notice(town: &Town, space: &AreaPath, subject: Subject) -> SignedNotice {
    let notice = ServerNotice::about(space.clone(), subject, ServerTime(AGAIN));
    SignedNotice::seal(&notice, town.app().components.access.key())
}

fn state_of(town: &Town, device: DeviceId) -> Option<DeviceState> {
    let read = town.app().storage.read(move |tx| devices::find(tx, device));
    let found = town.runtime.block_on(read).unwrap();
    found.map(|known| known.state)
}

fn revoked_in(town: &Town, space: &AreaPath, device: DeviceId) -> bool {
    let space = space.clone();
    let read = town
        .app()
        .storage
        .read(move |tx| server_notices::after(tx, &space, 0));
    let noted = town.runtime.block_on(read).unwrap();
    let subject = Subject::DeviceRevoked(device);
    noted.iter().any(|(_, one)| one.subject() == Some(subject))
}

#[test]
fn a_revocation_that_comes_back_with_its_space_is_not_ignored() {
    let town = Town::new();
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let (sealed, claims) = grant_of_lost(&town, &own.grant.1, "429999/429997", 0x71);
    let revoked = Subject::DeviceRevoked(claims.device);
    let mut request = Request::of(Vec::new());
    request.grants = vec![sealed];
    request.notices = vec![notice(&town, &claims.area, revoked)];
    own.give_back(&town, &request);
    assert_eq!(state_of(&town, claims.device), Some(DeviceState::Revoked));
    assert!(revoked_in(&town, &claims.area, claims.device));
}

#[test]
fn a_revocation_is_noted_in_a_space_that_comes_back_later() {
    let town = Town::new();
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let county = town.world.county.clone();
    let give = |grants: Vec<SignedGrant>, notices: Vec<SignedNotice>| {
        let mut request = Request::of(Vec::new());
        (request.grants, request.notices) = (grants, notices);
        own.give_back(&town, &request);
    };
    let device = DeviceId([0x72; 16]);
    let (here, _) = grant_of_lost(&town, &own.grant.1, county.as_str(), 0x72);
    let (there, claims) = grant_of_lost(&town, &own.grant.1, "429999/429996", 0x72);
    let revoked = || vec![notice(&town, &county, Subject::DeviceRevoked(device))];
    give(vec![here], revoked());
    assert_eq!(state_of(&town, device), Some(DeviceState::Revoked));
    give(vec![there], Vec::new());
    let exists = town.app().storage.read({
        let space = claims.area.clone();
        move |tx| spaces::find(tx, &space)
    });
    assert!(town.runtime.block_on(exists).unwrap().is_some());
    assert!(revoked_in(&town, &claims.area, device));

    // The other order: both grants first, then the notice of one space.
    let device = DeviceId([0x73; 16]);
    let (here, _) = grant_of_lost(&town, &own.grant.1, county.as_str(), 0x73);
    let (there, claims) = grant_of_lost(&town, &own.grant.1, "429999/429995", 0x73);
    give(vec![here, there], Vec::new());
    assert_eq!(state_of(&town, device), Some(DeviceState::Active));
    let revoked = notice(&town, &county, Subject::DeviceRevoked(device));
    give(Vec::new(), vec![revoked]);
    assert_eq!(state_of(&town, device), Some(DeviceState::Revoked));
    assert!(revoked_in(&town, &claims.area, device));
}

#[test]
fn a_device_that_must_erase_its_data_must_do_so_after_a_restore_too() {
    if is_postgres() {
        return;
    }
    for is_known in [true, false] {
        let mut town = Town::new();
        let mut wang = town.phone("网格员乙");
        found(&mut wang, &town, "楼道堆物");
        town.sync(&mut wang);
        if !is_known {
            town.backup_to("backup");
        }
        let mut liu = town.phone("网格员甲");
        found(&mut liu, &town, "另一处");
        town.sync(&mut liu);
        if is_known {
            town.backup_to("backup");
        }
        let lost = liu.device.enrolment().unwrap().device;
        town.revoke(lost);
        town.later(60_000);
        town.report_lost(lost);
        town.sync(&mut wang);
        town.restore_from("backup", "restored");
        town.restart_on("restored");
        town.sync(&mut wang);
        assert_eq!(state_of(&town, lost), Some(DeviceState::Wipe), "{is_known}");
        // The first call may still use the token that it has.
        let wiped = [town.contact(&mut liu).wipe, town.contact(&mut liu).wipe];
        assert!(wiped.contains(&true), "{is_known}");
    }
}

#[test]
fn an_acceptance_that_comes_back_after_its_change_gives_it_effect() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let own = Hostile::enrol(&town, "物业经理丙", 7);
    let victim = own.grant_of(&town, "网格员甲");
    let verdict = |town: &Town, event: EventId| {
        town.project();
        let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        let events = detail["events"].as_array().unwrap();
        let found = events.iter().find(|e| e["id"] == event.to_string());
        found.map_or_else(|| "absent".to_owned(), |e| e["verdict"].to_string())
    };
    let accept = |town: &Town, own: &Hostile, change: &[u8]| {
        let subject = Subject::ChangeAccepted(doc, sync_core::crdt::change_hash(change));
        let mut request = Request::of(Vec::new());
        request.notices = vec![notice(town, &town.world.county, subject)];
        own.give_back(town, &request);
    };
    // One that is in the log without effect.
    let (mut document, heads) = own.copy(&town, doc);
    let body = EventBody::Note(note("无签名"));
    let event = own.in_the_name_of((victim.0, &victim.1), &heads, body);
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    assert_eq!(own.carry(&town, doc, &change, None), (-1, None));
    let id = EventId::of(&bytes);
    assert!(verdict(&town, id).contains("unattested"));
    accept(&town, &own, &change);
    assert_eq!(verdict(&town, id), ADDED);
    // One that is quarantined, because its device was disabled.
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("停用后")));
    let bytes = event.to_bytes().unwrap();
    let change = own.change(&mut document, &bytes);
    town.revoke(own.device);
    let proofs = Some(prove(&own.key, doc, &change, &bytes));
    let entry = Entry {
        doc,
        change: change.clone(),
        proofs,
    };
    let answer = own.give_back(&town, &Request::of(vec![entry]));
    assert_eq!(answer.refused[0].code, Code::Quarantined);
    let id = EventId::of(&bytes);
    assert_eq!(verdict(&town, id), "absent");
    let other = Hostile::enrol(&town, "网格员乙", 8);
    accept(&town, &other, &change);
    assert_eq!(verdict(&town, id), ADDED);
    assert_eq!(town.quarantined(), 0);
    town.sync(&mut liu);
    assert_eq!(liu.hazard(doc).unwrap().1.len(), 3);
}

#[test]
fn what_is_quarantined_of_what_a_device_gives_back_counts_for_its_share() {
    let mut town = Town::configured(|config| config.limits.quarantine_bytes = 2_000);
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    town.revoke(own.device);
    let reader = Hostile::enrol(&town, "审核员丁", 9);
    let mut refused_whole = 0;
    for n in 10..30 {
        own.as_actor(n);
        let (mut document, heads) = reader.copy(&town, doc);
        let words = crate::support::noise(u64::from(n), 300);
        let event = own.event(&heads, EventBody::Note(note(&words)));
        let change = own.change(&mut document, &event.to_bytes().unwrap());
        let entry = Entry {
            doc,
            change,
            proofs: None,
        };
        let answer = own.try_to_give_back(&town, &Request::of(vec![entry]));
        match answer {
            Ok(answer) => assert_eq!(answer.refused[0].code, Code::Quarantined),
            Err(code) => {
                assert_eq!(code, "too-many");
                refused_whole += 1;
            }
        }
    }
    let kept = town.quarantined();
    assert!((1..10).contains(&kept), "{kept}");
    assert!(refused_whole > 0);
}
