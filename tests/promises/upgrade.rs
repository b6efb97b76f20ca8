//! Databases of every schema number can be opened, and all their data is kept.

use std::collections::BTreeMap;

use cli_simulator::{phone::Phone, world::photo};
use sync_core::record::{DeviceTime, LogEpoch, PhotoRole};
use xuncha_server::storage::{Storage, StorageError, spaces};

use crate::support::{
    MORNING, Town, database, found, found_with, remark,
    schema::{DEVICE, SERVER, SPACE, Store},
};

#[test]
fn a_server_and_a_device_of_every_schema_answer_as_before() {
    if database::is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let shot = photo(&mut liu.device, 3, PhotoRole::Before).unwrap();
    let picture = format!("/v1/blobs/{}", shot.hash);
    let first = found_with(&mut liu, &town, "升级之前", vec![shot]);
    town.sync(&mut liu);
    town.sync(&mut wang);
    remark(&mut wang, first, "升级之前的话");
    town.sync(&mut wang);
    town.sync(&mut liu);
    town.project();
    let key = town.token("审核员丁");
    assert_eq!(town.get(&picture, &key).0, 200);
    let (ledger, changes) = (town.json("/v1/hazards", &key), town.changes_stored());
    // Not yet sent when the app is updated.
    let waiting = found(&mut liu, &town, "升级之时");
    let held = liu.hazard(first).unwrap();

    for number in (1..SERVER.newest()).rev() {
        let folder = format!("schema {number}");
        town.backup_to(&folder);
        SERVER.turn_back(&town.folder.path().join(&folder).join("xuncha.db"), number);
        let kept = town.config.key_file();
        std::fs::copy(kept, town.folder.path().join(&folder).join("server.key")).unwrap();
        town.restart_on(&folder);
        town.project();
        assert_eq!(town.changes_stored(), changes, "{number}");
        assert_eq!(town.json("/v1/hazards", &key), ledger, "{number}");
        assert_eq!(
            town.get(&picture, &key).0,
            200,
            "{number}: it is known which documents name it"
        );
    }
    let home = liu.folder().to_owned();
    for number in (1..DEVICE.newest()).rev() {
        drop(liu);
        DEVICE.turn_back(&home.join("device.db"), number);
        liu = Phone::simulated(&home, 77, DeviceTime(MORNING + 3_600_000)).unwrap();
        assert_eq!(liu.device.count().unwrap(), 2, "{number}: nothing was lost");
        assert_eq!(liu.device.status().unwrap().unsent, 1, "{number}");
    }
    town.sync(&mut liu);
    town.sync(&mut liu);
    town.sync(&mut wang);
    assert_eq!(liu.hazard(first).unwrap(), held);
    for doc in [first, waiting] {
        assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
    }
}

/// The position of a column in the rows of a query.
fn column(query: &str, name: &str) -> Option<usize> {
    let columns = query.trim_start_matches("SELECT ").split(" FROM ").next();
    let mut columns = columns.unwrap_or_default().split(", ");
    columns.position(|column| column == name)
}

#[test]
fn every_schema_of_the_server_opens_with_every_row_of_every_table() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for number in 1..SERVER.newest() {
        let url = database::fresh(&runtime);
        let file = folder.path().join(format!("{number}.db"));
        let store = || match &url {
            Some(url) => Store::postgres(url),
            None => Store::sqlite(&file),
        };
        let held = SERVER.fill(&store(), number);
        assert!(held.len() > 20, "{number}: {held:?}");
        let storage = match &url {
            Some(url) => Storage::connect(url, None).unwrap(),
            None => Storage::open(&file).unwrap(),
        };
        for (query, rows) in &held {
            assert_eq!(rows.len(), 1, "{number}: {query}");
            let mut now = store().ask(query);
            // Migration 3 notes in `meta` that the ledger is being rebuilt.
            now.retain(|row| !row[0].contains("ledger"));
            // Migration 17 removes proofs of the earlier form.
            let mut rows = rows.clone();
            if let Some(proofs) = column(query, "proofs") {
                let both = now.iter_mut().chain(&mut rows);
                both.for_each(|row| row[proofs].clear());
            }
            assert_eq!(now, rows, "{number}: {query}");
        }
        // A space that was there and one that is new can hold rows of every table.
        let write = storage.write(|tx| {
            let new = "429999/429997".parse().unwrap();
            spaces::create(tx, &new, LogEpoch([1; 8]))?;
            for space in [SPACE, new.as_str()] {
                let sql = "INSERT INTO quantity (space, doc, name, n, path, at, since, until, milli, detail)
                           VALUES ($1, $2, 'x', 1, $1, 0, 0, 1, 1, '')";
                tx.execute(sql, &[space.into(), [7; 16].as_slice().into()])?;
                let sql = "INSERT INTO doc_photo (space, doc, hash) VALUES ($1, $2, $2)";
                tx.execute(sql, &[space.into(), [7; 16].as_slice().into()])?;
            }
            Ok::<_, StorageError>(())
        });
        runtime.block_on(write).unwrap();
        if url.is_some() {
            assert_partitions(&store(), number);
        }
    }
}

/// The tables, each with its columns in the order of their names.
fn columns(store: &Store) -> BTreeMap<String, Vec<(String, String)>> {
    let sorted = |(table, mut columns): (String, Vec<_>)| {
        columns.sort();
        (table, columns)
    };
    store.tables().into_iter().map(sorted).collect()
}

#[test]
fn a_server_of_an_unfinished_migration_is_completed() {
    type Edit = fn(u32, &str) -> String;
    let present: Edit = |_, sql| sql.to_owned();
    let first: Edit = |step, sql| match step {
        3 => sql.split("-- How a photo looks").next().unwrap().to_owned(),
        _ => sql.to_owned(),
    };
    let second: Edit = |_, sql| {
        let lines = sql
            .lines()
            .filter(|l| !l.contains("ADD COLUMN place_group"));
        let sql = lines.collect::<Vec<_>>().join("\n");
        sql.replace("(space, place_group)", "(space, compound, place_key)")
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut expected = None;
    let cases: [(u32, &[u32], Edit); 5] = [
        (0, &[], present),
        (3, &[1, 2, 3], first),
        (3, &[1, 2, 3], second),
        (4, &[1, 2, 3, 4], second),
        (3, &[1, 2, 4], present),
    ];
    for (case, (number, steps, edit)) in cases.into_iter().enumerate() {
        let url = database::fresh(&runtime);
        let file = folder.path().join(format!("{case}.db"));
        let store = || match &url {
            Some(url) => Store::postgres(url),
            None => Store::sqlite(&file),
        };
        SERVER.make_edited(&store(), number, steps, edit);
        drop(match &url {
            Some(url) => Storage::connect(url, None).unwrap(),
            None => Storage::open(&file).unwrap(),
        });
        let now = columns(&store());
        assert_eq!(*expected.get_or_insert_with(|| now.clone()), now, "{case}");
    }
}

#[test]
fn a_device_that_skipped_a_migration_gets_it() {
    if database::is_postgres() {
        return;
    }
    type Edit = fn(u32, &str) -> String;
    let present: Edit = |_, sql| sql.to_owned();
    let first: Edit = |_, sql| sql.replace("hazard_view_by_place ON", "hazard_view_by_compound ON");
    let mut expected = None;
    let cases: [(u32, &[u32], Edit); 3] = [
        (0, &[], present),
        (2, &[1, 3], first),
        (2, &[1, 3], present),
    ];
    for (case, (number, steps, edit)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("device.db");
        DEVICE.make_edited(&Store::sqlite(&file), number, steps, edit);
        drop(Phone::simulated(folder.path(), 1, DeviceTime(MORNING)).unwrap());
        let now = columns(&Store::sqlite(&file));
        assert_eq!(*expected.get_or_insert_with(|| now.clone()), now, "{case}");
    }
}

/// Each partition has the name of its table.
fn assert_partitions(store: &Store, number: u32) {
    let parts = store.ask(
        "SELECT t.relname, p.relname FROM pg_inherits i JOIN pg_class t ON t.oid = i.inhparent
           JOIN pg_class p ON p.oid = i.inhrelid WHERE t.relkind = 'p'",
    );
    for part in &parts {
        let name = format!("{}_42", part[0]);
        assert!(part[1].starts_with(&name), "{number}: {part:?}");
    }
    let tables: std::collections::BTreeSet<_> = parts.iter().map(|part| &part[0]).collect();
    assert_eq!(parts.len(), 2 * tables.len(), "{number}: {parts:?}");
    let old = "SELECT relname FROM pg_class WHERE relname ~ '^(blob|campaign|grant_given|refold|to_compare)'";
    assert_eq!(store.ask(old), Vec::<Vec<String>>::new(), "{number}");
}

#[test]
fn every_schema_of_the_device_opens_with_every_row_of_every_table() {
    if database::is_postgres() {
        return;
    }
    for number in 1..DEVICE.newest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("device.db");
        let held = DEVICE.fill(&Store::sqlite(&file), number);
        drop(Phone::simulated(folder.path(), 1, DeviceTime(MORNING)).unwrap());
        // Migration 7 removes proofs of the earlier form.
        let held = held.iter().filter(|(query, _)| !query.ends_with("proof"));
        for (query, rows) in held {
            // A store without a key makes one, which adds rows to `meta`.
            let now = Store::sqlite(&file).ask(query);
            // Newer rules fold every document again when the device is idle: `verified` is cleared.
            let verified = column(query, "verified");
            let kept = |row: &Vec<String>| {
                let mut row = row.clone();
                if let Some(at) = verified {
                    row[at].clear();
                }
                row
            };
            let now: Vec<_> = now.iter().map(kept).collect();
            assert!(
                rows.iter().all(|row| now.contains(&kept(row))),
                "{number}: {query}: {now:?}"
            );
        }
    }
}
