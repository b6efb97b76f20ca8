//! A new edition of the catalogue: what it changes is listed first, then the ledger is folded again.

use xuncha_server::storage::{StorageError, Tx, spaces};

use crate::{activities::entry, command_line::done, support::Town};

#[test]
fn what_a_new_catalogue_changes_is_listed_before_the_ledger_is_folded_again() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let data = r#"{"channel": "e_screen", "sessions": 2}"#;
    let of = entry(&town, "publicity", &town.world.grids[0], data);
    let (doc, _) = liu.device.begin_activity(of, None).unwrap();
    town.sync(&mut liu);
    town.project();
    // As an older catalogue left it.
    let older = move |tx: &mut dyn Tx| -> Result<(), StorageError> {
        let sql = "UPDATE activity SET state = 'disputed' WHERE doc = $1";
        tx.execute(sql, &[doc.as_bytes().into()])?;
        spaces::set_meta(tx, "catalogue", &1_u32.to_be_bytes())
    };
    town.runtime
        .block_on(town.app().storage.write(older))
        .unwrap();
    let report = done(&town, &["admin", "refold", "--report"]);
    let listed = report.lines().find(|line| line.contains(&doc.to_string()));
    let listed = listed.unwrap_or_else(|| panic!("{report}"));
    assert!(listed.contains("有争议 → 已登记"), "{listed}");
    let token = town.token("审核员丁");
    let state = |town: &Town| {
        let activity = town.json(&format!("/v1/activities/{doc}"), &token);
        activity["activity"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&town), "disputed", "the report writes nothing");
    town.restart_on("server");
    town.project();
    assert_eq!(state(&town), "stated");
}
