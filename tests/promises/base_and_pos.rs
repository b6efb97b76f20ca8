//! No change is lost if a document changes while a device has read half of its pages.

use sync_core::sync::Options;

use crate::support::{Only, Town, found, remark};

/// A device with little memory: every page has one document.
fn tiny() -> Options {
    Options {
        page_documents: Some(1),
        ..Options::default()
    }
}

#[test]
fn no_change_is_lost_at_any_page_size_when_documents_move_behind_the_position() {
    for calls in 1..12 {
        let mut town = Town::new();
        let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
        let docs: Vec<_> = (0..4)
            .map(|n| found(&mut liu, &town, &format!("隐患{n}")))
            .collect();
        town.sync(&mut liu);
        town.sync(&mut wang);
        // Each document has one change before the middle position and one after it.
        for doc in &docs {
            remark(&mut liu, *doc, "第一次");
        }
        town.sync(&mut liu);
        let impatient = Options {
            patience: 0,
            ..tiny()
        };
        let _ = wang
            .sync(&mut Only(town.http.clone(), calls), impatient)
            .unwrap();
        for doc in &docs {
            remark(&mut liu, *doc, "第二次");
        }
        town.sync(&mut liu);
        let report = wang.sync(&mut town.http.clone(), tiny()).unwrap();
        assert!(report.complete);
        assert_eq!(
            (report.unfit, report.repairs),
            (0, 0),
            "cut after {calls} calls: {report:?}"
        );
        for doc in docs {
            assert_eq!(wang.hazard(doc).unwrap(), liu.hazard(doc).unwrap());
            assert_eq!(wang.hazard(doc).unwrap().1.len(), 3);
        }
    }
}

#[test]
fn a_backfill_cut_anywhere_while_others_write_misses_nothing() {
    for calls in 1..10 {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        let docs: Vec<_> = (0..4)
            .map(|n| found(&mut liu, &town, &format!("隐患{n}")))
            .collect();
        town.sync(&mut liu);
        let mut wang = town.phone("物业经理丙");
        let impatient = Options {
            patience: 0,
            ..tiny()
        };
        let _ = wang
            .sync(&mut Only(town.http.clone(), calls), impatient)
            .unwrap();
        remark(&mut liu, docs[3], "回填途中");
        let late = found(&mut liu, &town, "回填途中新发现");
        town.sync(&mut liu);
        assert!(wang.sync(&mut town.http.clone(), tiny()).unwrap().complete);
        assert_eq!(wang.device.count().unwrap(), 5);
        for doc in docs.into_iter().chain([late]) {
            assert_eq!(wang.hazard(doc).unwrap(), liu.hazard(doc).unwrap());
        }
    }
}

#[test]
fn pages_that_are_closed_by_their_size_lose_nothing_in_backfill_and_tail() {
    let mut town = Town::new();
    let (mut liu, mut behind) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    town.sync(&mut behind);
    // 1.9 MB of text: more than a page contains, in backfill and in the tail.
    let long = "堆放杂物".repeat(480);
    let docs: Vec<_> = (0..80)
        .map(|n| found(&mut liu, &town, &format!("隐患{n}")))
        .collect();
    for round in 0..4 {
        for doc in &docs {
            remark(&mut liu, *doc, &format!("{round}{long}"));
        }
    }
    town.sync(&mut liu);
    let mut fresh = town.phone("物业经理丙");
    // A new device needs two more requests for its session.
    for (phone, least) in [(&mut behind, 2), (&mut fresh, 4)] {
        let report = town.sync(phone);
        assert!(
            report.requests >= least,
            "{least}: one page was enough: {report:?}"
        );
        assert_eq!(
            (report.documents, report.unfit, report.repairs),
            (80, 0, 0),
            "{report:?}"
        );
        assert_eq!(phone.device.count().unwrap(), 80);
        assert!(docs.iter().all(|d| phone.hazard(*d).unwrap().1.len() == 5));
    }
}
