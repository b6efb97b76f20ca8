//! Documents that a device requests by id arrive in as many pages as they need.

use rusqlite::Connection;

use crate::support::{Town, found, remark};

#[test]
fn more_records_by_name_than_one_answer_holds_come_one_answer_after_another() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    found(&mut liu, &town, "第一处");
    town.sync(&mut liu);
    town.sync(&mut wang);
    // 20 documents of some 240 KB: more than a device would decompress of one response.
    for n in 0..20 {
        let doc = found(&mut liu, &town, &format!("第{n}处大记录"));
        for part in 0..40 {
            remark(
                &mut liu,
                doc,
                &format!("{n} {part} {}", "很长的话".repeat(490)),
            );
        }
        town.sync(&mut liu);
    }
    town.sync(&mut wang);
    assert_eq!(wang.device.count().unwrap(), 21);
    // An update of the app requests all of them again by id.
    let folder = wang.folder().to_owned();
    let store = Connection::open(folder.join("device.db")).unwrap();
    store
        .execute(
            "INSERT INTO reconcile_queue (doc, fetch, resupply) SELECT id, 1, 0 FROM doc",
            [],
        )
        .unwrap();
    let report = town.sync(&mut wang);
    assert!(report.requests < 30 && report.repairs == 0, "{report:?}");
    assert!(report.documents >= 21, "{report:?}");
    assert_eq!(town.sync(&mut wang).requests, 1);
    for row in wang.device.list(&Default::default()).unwrap() {
        assert_eq!(wang.hazard(row.doc).unwrap(), liu.hazard(row.doc).unwrap());
    }
}
