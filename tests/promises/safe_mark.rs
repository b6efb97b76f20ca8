//! The safe mark of a space: below it an off-site backup holds the log, so that devices need no proofs.

use crate::{
    command_line::{done, refused},
    hostile::client::Hostile,
    restored_server::{backed_up, corrects, counts, is_quiet, restore},
    support::{found, remark},
};

#[test]
fn a_backup_is_stated_as_safe_and_devices_fetch_no_proofs_of_what_it_holds() {
    let Some(mut town) = backed_up() else { return };
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "备份之前");
    town.sync(&mut liu);
    town.backup_to("safe");
    remark(&mut liu, doc, "备份之后");
    town.sync(&mut liu);
    let folder = town.folder.path().join("safe");
    let said = done(&town, &["admin", "safe-mark", folder.to_str().unwrap()]);
    assert!(said.contains(" 1 / 2"), "{said}");
    let carrier = Hostile::enrol(&town, "物业经理丙", 2);
    let proofs = |carrier: &Hostile| {
        let items = carrier.items(&town);
        let item = items.iter().find(|item| item.doc == doc).unwrap();
        item.proofs
            .iter()
            .flatten()
            .filter(|p| !p.is_empty())
            .count()
    };
    assert_eq!(proofs(&carrier), 1);
    let now = "2999-01-01T00:00:00+08:00";
    assert!(refused(&town, &["admin", "safe-mark", "--before", now]).contains("to come"));
    done(
        &town,
        &[
            "admin",
            "safe-mark",
            "--before",
            "2024-03-26T00:00:00+08:00",
        ],
    );
    assert_eq!(proofs(&carrier), 0);
    // An older statement does not take the mark back.
    done(&town, &["admin", "safe-mark", folder.to_str().unwrap()]);
    assert_eq!(proofs(&carrier), 0);
    refused(&town, &["admin", "safe-mark"]);
}

#[test]
fn what_no_device_can_prove_waits_for_its_author_and_those_who_carry_it_are_quiet_meanwhile() {
    let Some(mut town) = backed_up() else { return };
    let [mut liu, mut wang, mut reader] =
        ["网格员甲", "物业经理丙", "网格员乙"].map(|name| town.phone(name));
    let kept = found(&mut wang, &town, "别的隐患");
    let doc = found(&mut liu, &town, "备份之后");
    town.sync(&mut liu);
    // An operator states a backup that does not exist: no other device fetches a proof of this.
    town.mark_safe();
    for phone in [&mut wang, &mut reader] {
        town.sync(phone);
    }
    corrects(&mut wang, doc, 7);
    town.sync(&mut wang);
    let everything = town.changes_stored();
    town.sync(&mut reader);
    restore(&mut town);
    for _ in 0..2 {
        town.sync(&mut wang);
        town.sync(&mut reader);
    }
    assert_eq!((town.changes_stored(), town.quarantined()), (1, 1));
    is_quiet(&town, &mut [&mut wang, &mut reader]);
    assert!(wang.device.notices().unwrap().is_empty());
    // The author comes back. What builds on it follows from a device that has it, and all agree.
    town.sync(&mut liu);
    for _ in 0..2 {
        town.sync(&mut wang);
        town.sync(&mut reader);
    }
    assert_eq!((town.changes_stored(), town.quarantined()), (everything, 0));
    town.sync(&mut liu);
    assert_eq!(counts(&town, doc), "yes");
    for doc in [kept, doc] {
        assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
        assert_eq!(liu.hazard(doc).unwrap(), reader.hazard(doc).unwrap());
    }
    is_quiet(&town, &mut [&mut liu, &mut wang, &mut reader]);
}
