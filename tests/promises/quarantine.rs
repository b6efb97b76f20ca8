//! What was quarantined is released or rejected by a person, and never lost.

use cli_simulator::{phone::Phone, world::note};
use sync_core::{
    record::{DocId, EventBody},
    sync::Options,
    wire::Code,
};
use xuncha_server::storage::{
    StorageError, Tx,
    devices::{self, DeviceState},
};

use crate::{
    command_line::{at_the_time_of_commands, done, refused},
    hostile::client::{Hostile, carrier_of, prove},
    restored_server::{corrects, counts, enrol_again, is_quiet},
    support::{Town, database::is_postgres, found, found_in, remark},
};

const WHY: &str = "本人已到场核实";

fn decide(town: &Town, act: &str, which: &str) -> String {
    let arguments = ["admin", "quarantine", act, which, "--reason", WHY];
    done(town, &arguments)
}

fn shown(town: &Town, device: &str) -> String {
    done(town, &["admin", "quarantine", "show", device])
}

/// A device that was disabled with unsent work, and was enrolled again: a record that the server has with a corrected
/// number, and a record that it does not have with a remark.
fn with_unsent_work(town: &mut Town) -> (Phone, String, DocId, DocId) {
    let mut liu = town.phone("网格员甲");
    let known = found(&mut liu, town, "停用之前");
    town.sync(&mut liu);
    let device = liu.device.enrolment().unwrap().device;
    town.revoke(device);
    corrects(&mut liu, known, 6);
    let new = found(&mut liu, town, "停用之后");
    for words in ["一", "二", "三", "四"] {
        remark(&mut liu, new, words);
    }
    let report = liu.sync(&mut town.http.clone(), Options::default());
    assert_eq!(report.unwrap().refusal, Some(Code::DeviceRevoked));
    enrol_again(town, &mut liu);
    assert!(town.sync(&mut liu).complete);
    at_the_time_of_commands(town);
    (liu, device.to_string(), known, new)
}

#[test]
fn work_of_a_disabled_device_that_a_person_releases_counts_on_server_and_devices() {
    let mut town = Town::new();
    if !is_postgres() {
        town.token("审核员丁");
        town.backup_to("backup");
    }
    let (mut liu, device, known, new) = with_unsent_work(&mut town);
    let waiting = town.quarantined();
    assert!(waiting >= 2, "{waiting}");
    assert!(liu.device.status().unwrap().quarantined > 0);
    let said = shown(&town, &device);
    assert!(said.contains("the device is disabled") && said.contains(&new.to_string()));
    refused(&town, &["admin", "quarantine", "release", &device]);
    assert_eq!(town.quarantined(), waiting);
    let said = decide(&town, "release", &device);
    assert!(said.contains(&format!("released: {waiting}")), "{said}");
    assert_eq!(town.quarantined(), 0);
    assert!(shown(&town, &device).contains("nothing"));

    let mut wang = town.phone("物业经理丙");
    let effective = |town: &mut Town, liu: &mut Phone, wang: &mut Phone| {
        town.sync(liu);
        town.sync(liu);
        town.sync(wang);
        assert_eq!(liu.device.status().unwrap().quarantined, 0);
        assert_eq!(counts(town, known), "yes");
        let ledger = town.json(&format!("/v1/hazards/{new}"), &town.token("审核员丁"));
        assert_eq!(ledger["events"].as_array().unwrap().len(), 5);
        for phone in [&*liu, &*wang] {
            let (old, new) = (phone.hazard(known).unwrap(), phone.hazard(new).unwrap());
            assert!(old.0.values.count.iter().any(|stated| stated.value == 6));
            assert_eq!(
                new.0.state.to_string(),
                ledger["hazard"]["state"].as_str().unwrap()
            );
        }
        is_quiet(town, &mut [liu, wang]);
    };
    effective(&mut town, &mut liu, &mut wang);
    if !is_postgres() {
        town.restore_from("backup", "restored");
        town.restart_on("restored");
        effective(&mut town, &mut liu, &mut wang);
    }
}

#[test]
fn a_rejected_change_stays_with_its_reason_and_is_never_applied() {
    let mut town = Town::new();
    let (mut liu, device, known, new) = with_unsent_work(&mut town);
    let stored = town.changes_stored();
    let said = shown(&town, &device);
    let line = said.lines().find(|line| line.contains(&known.to_string()));
    let first = line.unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(decide(&town, "reject", &first).contains("rejected: 1"));
    assert!(shown(&town, &device).contains(&format!("rejected: {WHY}")));
    let again = [
        "admin",
        "quarantine",
        "reject",
        &first,
        "--reason",
        "又一次",
    ];
    assert!(done(&town, &again).contains("rejected: 0"));
    let waiting = town.quarantined() - 1;
    let rest = decide(&town, "reject", &device);
    assert!(rest.contains(&format!("rejected: {waiting}")), "{rest}");
    let nothing = ["admin", "quarantine", "release", &device, "--reason", WHY];
    assert!(refused(&town, &nothing).contains("nothing of it waits"));
    assert!(done(&town, &["admin", "quarantine", "list"]).contains("已驳回"));
    town.sync(&mut liu);
    assert_eq!(town.changes_stored(), stored);
    // A person who rejected something by mistake names it to release it.
    assert!(decide(&town, "release", &first).contains("released: 1"));
    assert_eq!(town.changes_stored(), stored + 1);
    // A change stays without what it builds on, with this reason.
    let of_new = |line: &&str| line.contains(&new.to_string()) && !line.contains("发现");
    let remark = said.lines().find(of_new).unwrap();
    let remark = remark.split_whitespace().next().unwrap();
    let alone = ["admin", "quarantine", "release", remark, "--reason", WHY];
    assert!(refused(&town, &alone).contains("missing-dependencies"));
}

#[test]
fn what_its_author_may_not_state_is_not_released() {
    let mut town = Town::new();
    let mut yi = town.phone("网格员乙");
    let doc = found_in(&mut yi, &town, 2, "第二网格", Vec::new());
    town.sync(&mut yi);
    // The worker of the first grid cannot read the record; with its bytes in hand, it may still write nothing to it.
    let mut jia = Hostile::enrol(&town, "网格员甲", 4);
    let reader = Hostile::enrol(&town, "审核员丁", 5);
    let (mut document, heads) = reader.copy(&town, doc);
    let event = jia.event(&heads, EventBody::Note(note("越区")));
    let change = jia.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(
        jia.push(&town, &[(doc, change)], false),
        [(0, Code::Quarantined)]
    );
    let device = jia.device.to_string();
    let said = shown(&town, &device);
    assert!(said.contains("does not cover the place"), "{said}");
    let stored = town.changes_stored();
    at_the_time_of_commands(&town);
    let release = ["admin", "quarantine", "release", &device, "--reason", WHY];
    let said = refused(&town, &release);
    assert!(
        said.contains("does not cover the place") && said.contains("or reject it"),
        "{said}"
    );
    assert_eq!((town.quarantined(), town.changes_stored()), (1, stored));
    // A rejected one that may not enter stays rejected.
    decide(&town, "reject", &device);
    let listed = shown(&town, &device);
    let first = listed.split_whitespace().next().unwrap();
    refused(
        &town,
        &["admin", "quarantine", "release", first, "--reason", WHY],
    );
    assert!(shown(&town, &device).contains(&format!("rejected: {WHY}")));
}

#[test]
fn what_a_person_rejected_is_not_applied_when_it_comes_again_with_authority() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 4);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("停用后")));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    let device = own.device;
    town.revoke(device);
    let aside = [(0, Code::Quarantined)];
    assert_eq!(own.push(&town, &[(doc, change.clone())], false), aside);
    at_the_time_of_commands(&town);
    decide(&town, "reject", &device.to_string());
    // The device may write again, and the same change comes again.
    let enable = move |tx: &mut dyn Tx| devices::set_state(tx, device, DeviceState::Active);
    let enabled: Result<bool, StorageError> =
        town.runtime.block_on(town.app().storage.write(enable));
    assert!(enabled.unwrap());
    let stored = town.changes_stored();
    own.open(&town);
    assert_eq!(own.push(&town, &[(doc, change)], false), aside);
    assert_eq!((town.quarantined(), town.changes_stored()), (1, stored));
    assert!(shown(&town, &device.to_string()).contains(&format!("rejected: {WHY}")));
}

#[test]
fn what_another_device_brought_without_proofs_is_released_only_if_a_person_vouches_for_it() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut carrier = Hostile::enrol(&town, "物业经理丙", 7);
    let victim = carrier.grant_of(&town, "网格员甲");
    let key = liu.device.enrolment().unwrap().key;
    let reader = Hostile::enrol(&town, "审核员丁", 5);
    let mut forge = |words: &str, proven: bool, actor: u8| {
        carrier.as_actor(actor);
        let (mut document, heads) = reader.copy(&town, doc);
        let body = EventBody::Note(note(words));
        let event = carrier.in_the_name_of((victim.0, &victim.1), &heads, body);
        let bytes = event.to_bytes().unwrap();
        let change = carrier.change(&mut document, &bytes);
        let proofs = proven.then(|| prove(&key, doc, &change, &bytes));
        assert_eq!(
            carrier.carry(&town, doc, &change, proofs).1,
            Some(Code::Quarantined)
        );
    };
    town.revoke(carrier_device());
    forge("冒名", false, 11);
    forge("带签名", true, 12);
    assert_eq!(town.quarantined(), 2);
    at_the_time_of_commands(&town);
    let device = carrier_device().to_string();
    let release = ["admin", "quarantine", "release", &device, "--reason", WHY];
    let said = refused(&town, &release);
    assert!(
        said.contains("released: 1") && said.contains("--vouch"),
        "{said}"
    );
    assert_eq!(town.quarantined(), 1);
    let effective = |town: &Town| {
        town.project();
        let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        let events = detail["events"].as_array().unwrap().clone();
        let with = |words: &str| events.iter().any(|event| event.to_string().contains(words));
        (with("带签名"), with("冒名"))
    };
    assert_eq!(effective(&town), (true, false));
    let said = done(&town, &[&release[..], &["--vouch"]].concat());
    assert!(said.contains("released: 1"), "{said}");
    assert_eq!(effective(&town), (true, true));
}

fn carrier_device() -> sync_core::record::DeviceId {
    Hostile::device_of(7)
}

#[test]
fn one_change_that_is_sent_for_two_documents_waits_for_each() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    let other = found(&mut liu, &town, "另一处");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 7);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("吊销后")));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    town.revoke(own.device);
    let aside = [(0, Code::Quarantined)];
    assert_eq!(own.push(&town, &[(other, change.clone())], false), aside);
    assert_eq!(own.push(&town, &[(doc, change)], false), aside);
    assert_eq!(town.quarantined(), 2);
    at_the_time_of_commands(&town);
    let device = own.device.to_string();
    let release = ["admin", "quarantine", "release", &device, "--reason", WHY];
    assert!(refused(&town, &release).contains("released: 1"));
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert!(detail.to_string().contains("吊销后"), "{detail:#}");
}

#[test]
fn what_was_rejected_because_nothing_proved_it_enters_once_its_author_brings_it() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    remark(&mut liu, doc, "尚未上报");
    let (mut carrier, change) = carrier_of(&town, &mut liu, doc, "物业经理丙", 7);
    for _ in 0..2 {
        let refused = carrier.push(&town, &[(doc, change.clone())], true);
        assert_eq!(refused, [(0, Code::Quarantined)]);
    }
    at_the_time_of_commands(&town);
    decide(&town, "reject", &carrier.device.to_string());
    assert_eq!(town.quarantined(), 1);
    // Its author is disabled meanwhile: it waits again, as the author's, and needs no person to vouch for it.
    let author = liu.device.enrolment().unwrap().device;
    town.revoke(author);
    town.contact(&mut liu);
    assert!(shown(&town, &carrier.device.to_string()).contains("nothing"));
    let said = shown(&town, &author.to_string());
    assert!(
        said.contains("disabled") && !said.contains("rejected"),
        "{said}"
    );
    assert!(decide(&town, "release", &author.to_string()).contains("released: 1"));
    assert_eq!((town.changes_stored(), town.quarantined()), (2, 0));
}
