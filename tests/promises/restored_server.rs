//! Devices re-supply a server that was restored from an older backup.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::{phone::Phone, world::photo};
use sync_core::{
    record::{CountCorrection, DocId, EventBody, PhotoRole, Short},
    wire::resupply::Request,
};
use xuncha_server::storage::server_notices;

use crate::{
    command_line::{done, refused},
    hostile::client::Hostile,
    support::{MORNING, Town, database::is_postgres, found, found_with, remark},
};

/// A town with a backup of its beginning, taken on SQLite: PostgreSQL is backed up with its own tools.
pub(crate) fn backed_up() -> Option<Town> {
    if is_postgres() {
        return None;
    }
    let town = Town::new();
    // Its server has signed something.
    town.token("审核员丁");
    town.backup_to("backup");
    Some(town)
}

pub(crate) fn restore(town: &mut Town) {
    town.restore_from("backup", "restored");
    town.restart_on("restored");
}

/// Whether the newest corrected number of items counts, as a reviewer reads it: `yes`, `no_effect`, `pending`.
pub(crate) fn counts(town: &Town, doc: DocId) -> String {
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let events = detail["events"].as_array().unwrap();
    let mut corrections = events.iter().filter(|e| e["kind"] == "correct_count");
    let newest = corrections.next_back();
    newest.unwrap_or_else(|| panic!("{detail:#}"))["count"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// States another number of items: an act that needs authority.
pub(crate) fn corrects(phone: &mut Phone, doc: DocId, count: u32) {
    let reason = Short::new("清点").unwrap();
    let body = EventBody::CorrectCount(CountCorrection { count, reason });
    phone.device.state(doc, body, None).unwrap();
}

/// Enrols the device of the first worker with a new code.
pub(crate) fn enrol_again(town: &Town, phone: &mut Phone) {
    town.enrol(phone, town.world.actor("网格员甲"));
}

pub(crate) fn is_quiet(town: &Town, phones: &mut [&mut Phone]) {
    let quiet = phones.iter_mut().map(|phone| town.sync(phone));
    let quiet: Vec<_> = quiet.map(|report| report.requests).collect();
    assert!(quiet.iter().all(|requests| *requests == 1), "{quiet:?}");
}

#[test]
fn a_restored_older_server_is_refilled_by_the_phones() {
    // PostgreSQL is backed up with its own tools; this promise is about `xuncha admin backup`.
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let old = found(&mut liu, &town, "备份前");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.backup_to("backup");
    // A day of work that the backup does not have: a new hazard with a photo, a new event on an old hazard.
    let shot = photo(&mut liu.device, 8, PhotoRole::Before).unwrap();
    let lost = found_with(&mut liu, &town, "备份后", vec![shot.clone()]);
    remark(&mut wang, old, "备份后的话");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.sync(&mut liu);
    let everything = town.changes_stored();
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    assert!(town.changes_stored() < everything);

    // Wang's device alone can re-supply what Liu recorded.
    let report = town.sync(&mut wang);
    assert!(report.repairs >= 1 && report.resupplied >= 2, "{report:?}");
    assert_eq!(town.changes_stored(), everything);
    // The proofs that Wang's device got with them attest Liu's events: they count without Liu's device.
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(ledger["items"].as_array().unwrap().len(), 2);
    town.sync(&mut liu);
    town.sync(&mut wang);
    let token = liu.device.token().unwrap().unwrap();
    let (status, bytes) = town.get(&format!("/v1/blobs/{}", shot.hash), &token);
    assert_eq!(status, 200);
    assert_eq!(sync_core::record::PhotoHash::of(&bytes), shot.hash);
    for doc in [old, lost] {
        assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
    }
    let quiet = (town.sync(&mut liu), town.sync(&mut wang));
    assert_eq!((quiet.0.requests, quiet.1.requests), (1, 1), "{quiet:?}");
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(ledger["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_device_that_was_enrolled_after_the_backup_comes_back_with_all_it_had_sent() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 4, PhotoRole::Before).unwrap();
    let doc = found_with(&mut liu, &town, "备份后登记", vec![shot.clone()]);
    town.sync(&mut liu);
    for n in 0..3 {
        remark(&mut liu, doc, &format!("第{n}次"));
        town.sync(&mut liu);
    }
    town.clock.fetch_add(3_600_000, SeqCst);
    restore(&mut town);
    assert_eq!(town.changes_stored(), 0);
    // No new code and no administrator.
    remark(&mut liu, doc, "恢复后");
    let report = town.sync(&mut liu);
    assert!(report.complete, "{report:?}");
    assert_eq!(town.changes_stored(), 5);
    assert_eq!((town.forks(), town.photos_listed()), (0, 1));
    let notices = liu.device.notices().unwrap();
    assert_eq!(notices, [""; 0]);
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert_eq!(detail["events"].as_array().unwrap().len(), 5);
    assert_eq!(town.received_before(MORNING + 3_600_000), 4);
    is_quiet(&town, &mut [&mut liu]);
    // A second restore from the same backup.
    town.restore_from("backup", "restored again");
    town.restart_on("restored again");
    assert!(town.sync(&mut liu).complete);
    assert_eq!((town.changes_stored(), town.forks()), (5, 0));
    is_quiet(&town, &mut [&mut liu]);
}

#[test]
fn a_revocation_that_the_backup_lacks_comes_back_with_any_device() {
    let Some(mut town) = backed_up() else { return };
    let (mut liu, mut wang, mut officer) = (
        town.phone("网格员甲"),
        town.phone("网格员乙"),
        town.phone("消防员己"),
    );
    let doc = found(&mut wang, &town, "楼道堆物");
    town.sync(&mut wang);
    town.sync(&mut liu);
    town.sync(&mut officer);
    corrects(&mut wang, doc, 3);
    town.sync(&mut wang);
    town.clock.fetch_add(60_000, SeqCst);
    let lost = wang.device.enrolment().unwrap().device;
    town.revoke(lost);
    town.sync(&mut liu);
    town.sync(&mut officer);
    remark(&mut wang, doc, "吊销之后");
    town.contact(&mut wang);
    town.clock.fetch_add(3_600_000, SeqCst);
    restore(&mut town);
    // The restored server knows neither the device nor its revocation until another device brings it back.
    town.sync(&mut liu);
    town.sync(&mut officer);
    assert_eq!(town.disabled(), 1);
    // What was said before the revocation counts by the receipt, although others brought it back first.
    town.contact(&mut wang);
    assert_eq!(counts(&town, doc), "yes");
    let shown = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert!(!shown.to_string().contains("吊销之后"), "{shown:#}");
    assert_eq!(wang.device.cursors().unwrap().len(), 0);
    town.sync(&mut liu);
    for phone in [&mut liu, &mut officer] {
        town.sync(phone);
        let (state, events) = phone.hazard(doc).unwrap();
        assert_eq!(events.len(), 2);
        assert!(
            state
                .history
                .iter()
                .all(|judged| !format!("{judged:?}").contains("Revoked"))
        );
    }
    is_quiet(&town, &mut [&mut liu, &mut officer]);
}

#[test]
fn a_device_that_only_read_a_record_gives_it_back_with_the_proofs_of_its_authors() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "恢复后作者不再来");
    remark(&mut liu, doc, "一");
    remark(&mut liu, doc, "二");
    corrects(&mut liu, doc, 6);
    town.sync(&mut liu);
    town.project();
    // One carrier has the snapshot of the server as it came, the other has folded it with what came later.
    let (mut wang, mut idle) = (town.phone("物业经理丙"), town.phone("网格员乙"));
    town.sync(&mut wang);
    town.sync(&mut idle);
    for words in ["后来一", "后来二", "后来三"] {
        remark(&mut liu, doc, words);
    }
    town.sync(&mut liu);
    town.sync(&mut idle);
    while idle.device.idle(10).unwrap() > 0 {}
    for (carrier, events) in [(&mut wang, 4), (&mut idle, 7)] {
        let name = format!("restored {events}");
        town.restore_from("backup", &name);
        town.restart_on(&name);
        town.sync(carrier);
        assert_eq!(town.changes_stored(), events);
        assert_eq!(counts(&town, doc), "yes");
        is_quiet(&town, &mut [carrier]);
    }
}

#[test]
fn a_device_that_was_enrolled_again_is_active_in_whatever_order_its_grants_come_back() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let mut carrier = Hostile::enrol(&town, "审核员丁", 9);
    town.backup_to("backup");
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "第一次登记");
    town.sync(&mut liu);
    let device = liu.device.enrolment().unwrap().device;
    town.revoke(device);
    town.clock.fetch_add(3_600_000, SeqCst);
    enrol_again(&town, &mut liu);
    remark(&mut liu, doc, "第二次登记");
    town.sync(&mut liu);
    carrier.open(&town);
    let pages = carrier.pull(&town);
    let notices = pages.iter().flat_map(|page| page.notices.iter().flatten());
    let notices: Vec<_> = notices.map(|notice| notice.sealed.clone()).collect();
    let grants = pages.iter().flat_map(|page| &page.grants);
    let mut grants: Vec<_> = grants
        .filter(|sealed| {
            sealed
                .stored_claims()
                .is_some_and(|grant| grant.device == device)
        })
        .cloned()
        .collect();
    grants.sort_by_key(|sealed| sealed.stored_claims().map(|grant| grant.issued));
    assert_eq!((notices.len(), grants.len()), (1, 2));
    for (name, turned) in [("older first", false), ("newer first", true)] {
        town.restore_from("backup", name);
        town.restart_on(name);
        carrier.open(&town);
        let mut order = grants.clone();
        if turned {
            order.reverse();
        }
        for sealed in order {
            let mut request = Request::of(Vec::new());
            request.grants = vec![sealed];
            request.notices.clone_from(&notices);
            carrier.give_back(&town, &request);
        }
        let listed = done(&town, &["admin", "devices", "list"]);
        let own = listed
            .lines()
            .find(|line| line.contains(&device.to_string()));
        assert!(own.unwrap().contains("active"), "{name}: {listed}");
        assert!(town.sync(&mut liu).complete);
    }
}

#[test]
fn a_revoked_device_that_comes_first_is_stopped_once_another_one_came() {
    let Some(mut town) = backed_up() else { return };
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut wang, &town, "楼道堆物");
    town.sync(&mut wang);
    town.sync(&mut liu);
    town.clock.fetch_add(60_000, SeqCst);
    town.revoke(wang.device.enrolment().unwrap().device);
    town.sync(&mut liu);
    restore(&mut town);
    town.clock.fetch_add(3_600_000, SeqCst);
    corrects(&mut wang, doc, 4);
    town.sync(&mut wang);
    assert_eq!(town.disabled(), 0);
    town.sync(&mut liu);
    assert_eq!(town.disabled(), 1);
    assert_eq!(counts(&town, doc), "no_effect");
}

#[test]
fn a_grant_that_was_ended_stays_ended_after_a_restore() {
    let Some(mut town) = backed_up() else { return };
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut wang, &town, "楼道堆物");
    town.sync(&mut wang);
    town.sync(&mut liu);
    let (grant, _) = wang.device.own_grants().unwrap()[0].clone();
    let end = sync_core::record::ServerTime(town.clock.load(SeqCst));
    let ended = town
        .app()
        .storage
        .write(move |tx| server_notices::end_grant(tx, grant, end));
    assert!(town.runtime.block_on(ended).unwrap());
    town.sync(&mut liu);
    restore(&mut town);
    town.sync(&mut wang);
    town.sync(&mut liu);
    // Its session names no scope any more.
    wang.device.set_token(None).unwrap();
    town.contact(&mut wang);
    town.clock.fetch_add(100 * 3_600_000, SeqCst);
    wang.clock.as_ref().unwrap().forward(100 * 3_600_000);
    corrects(&mut wang, doc, 5);
    town.contact(&mut wang);
    assert_eq!(counts(&town, doc), "pending");
}

#[test]
fn an_event_that_nothing_attests_counts_once_a_reviewer_accepts_it_and_after_a_restore() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    // A carrier brings an event of Liu without its proof.
    let carrier = Hostile::enrol(&town, "物业经理丙", 3);
    let author = carrier.grant_of(&town, "网格员甲");
    let (mut document, heads) = carrier.copy(&town, doc);
    let body = EventBody::CorrectCount(CountCorrection {
        count: 6,
        reason: Short::new("清点").unwrap(),
    });
    let event = carrier.in_the_name_of((author.0, &author.1), &heads, body);
    let change = carrier.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(carrier.carry(&town, doc, &change, None), (-1, None));
    town.sync(&mut liu);
    let is_six = |phone: &mut Phone| {
        let count = phone.hazard(doc).unwrap().0.values.count;
        count.iter().map(|one| one.value).eq([6])
    };
    assert!(!is_six(&mut liu));
    let listed = done(&town, &["admin", "unattested", "list"]);
    assert!(listed.contains("更正数量"), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    refused(&town, &["admin", "unattested", "accept", &id[..6]]);
    // By the clock of this town: the command has the clock of the machine, which is years ahead, and signs nothing.
    let said = refused(&town, &["admin", "unattested", "accept", id]);
    assert!(said.contains("clock"), "{said}");
    let ingest = &town.app().components.ingest;
    let one = town
        .runtime
        .block_on(ingest.unattested())
        .unwrap()
        .remove(0);
    let accepted = town.runtime.block_on(ingest.accept(one.clone())).unwrap();
    let again = town.runtime.block_on(ingest.accept(one)).unwrap();
    assert_eq!((accepted, again), (true, false));
    assert!(done(&town, &["admin", "unattested", "list"]).contains("none"));
    town.sync(&mut liu);
    assert!(is_six(&mut liu));
    assert_eq!(counts(&town, doc), "yes");
    // The backup has neither the event nor its acceptance.
    restore(&mut town);
    town.sync(&mut liu);
    assert_eq!(counts(&town, doc), "yes");
    town.sync(&mut liu);
    assert!(is_six(&mut liu));
    is_quiet(&town, &mut [&mut liu]);
}
