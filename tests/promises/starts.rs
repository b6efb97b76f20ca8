//! Starts, waits and lost responses: concurrent processes, a county whose row is locked, a ledger that is being
//! rebuilt.

use std::{
    process::{Command, Stdio},
    sync::{Arc, Barrier},
};

use cli_simulator::{phone::Phone, postgres::Server};
use serde_json::Value;
use sync_core::record::{AreaPath, DeviceTime, LogEpoch, ServerTime};
use tokio_postgres::NoTls;
use xuncha_server::storage::{Storage, StorageError, Tx, hazards, marks, spaces};

use crate::support::{MORNING, Town, database, found};

#[test]
fn processes_that_start_at_once_on_one_fresh_store_all_start_with_one_key() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let database = database::fresh(&runtime);
        let start = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_xuncha-tested"));
            command.env_remove("XUNCHA_DATABASE").args(["admin", "key"]);
            command.arg("--data").arg(folder.path().join("data"));
            if let Some(database) = &database {
                command.env("XUNCHA_DATABASE", database);
                command.env("XUNCHA_KEY_IN_DATABASE", "true");
            }
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let started: Vec<_> = (0..3).map(|_| start()).collect();
        let mut keys = Vec::new();
        for process in started {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            keys.push(output.stdout);
        }
        assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 65));
    }
}

#[test]
fn a_server_that_has_stopped_no_longer_changes_its_folder_also_for_holders_of_its_handles() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "停机之前");
    town.sync(&mut liu);
    let app = town.app.take().unwrap();
    let (storage, components) = (app.storage.clone(), app.components.clone());
    town.runtime.block_on(app.stop()).unwrap();
    if storage.is_embedded() {
        let kept = |name: &str| town.config.data.join(name).exists();
        assert!(kept("xuncha.db") && !kept("xuncha.db-wal") && !kept("xuncha.db-shm"));
        let read = town.runtime.block_on(storage.read(|tx| spaces::list(tx)));
        assert!(matches!(read, Err(StorageError::Closed)), "{read:?}");
    }
    drop(components);
    let app = town.another();
    town.http = town.http.to(&format!("http://{}", app.address));
    town.app = Some(app);
    assert_eq!(town.changes_stored(), 1);
}

#[test]
fn a_phone_that_is_opened_twice_at_once_opens_twice() {
    const FIRST: &str = include_str!("../../sync-core/src/device/migrations/0001_device.sql");
    for round in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("phone");
        std::fs::create_dir_all(&home).unwrap();
        if round % 2 == 1 {
            // A database of the first version.
            let old = rusqlite::Connection::open(home.join("device.db")).unwrap();
            old.execute_batch(FIRST).unwrap();
            old.pragma_update(None, "user_version", 1).unwrap();
        }
        let together = Arc::new(Barrier::new(2));
        let open = || {
            let (home, together) = (home.clone(), Arc::clone(&together));
            std::thread::spawn(move || {
                together.wait();
                Phone::simulated(&home, 1, DeviceTime(MORNING)).map(drop)
            })
        };
        let both = [open(), open()];
        for opened in both {
            opened.join().unwrap().unwrap();
        }
    }
}

fn counties(count: usize) -> Vec<AreaPath> {
    let name = |n: usize| format!("42{:02}00/42{:02}01", n + 1, n + 1).parse();
    (0..count).map(|n| name(n).unwrap()).collect()
}

#[test]
fn a_county_that_is_held_holds_no_other_and_hears_that_it_is_busy() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(url) = database::fresh(&runtime) else {
        return;
    };
    let storage = Storage::connect(&url, None).unwrap();
    let all = counties(12);
    let made = all.clone();
    let make = storage.write(move |tx| {
        let log = LogEpoch([1; 8]);
        made.iter().try_for_each(|id| spaces::create(tx, id, log))
    });
    runtime.block_on(make).unwrap();
    runtime.block_on(async {
        let (holder, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let hold = format!(
            "BEGIN; SELECT 1 FROM space WHERE id = '{}' FOR UPDATE",
            all[0]
        );
        holder.batch_execute(&hold).await.unwrap();
        let raise = |id: &AreaPath| {
            let (id, storage) = (id.clone(), storage.clone());
            let place = id.clone();
            let write = move |tx: &mut dyn Tx| spaces::raise_head(tx, &id, 1);
            async move { storage.write_in(Some(place), write).await }
        };
        // All at once, so that some are grouped with the county whose row is locked.
        let waiting: Vec<_> = all
            .iter()
            .chain(&all)
            .map(|id| tokio::spawn(raise(id)))
            .collect();
        for (at, written) in waiting.into_iter().enumerate() {
            let written = written.await.unwrap();
            if at % all.len() == 0 {
                assert!(matches!(written, Err(StorageError::Blocked)), "{written:?}");
            } else {
                written.unwrap();
            }
        }
        holder.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(
            raise(&all[0]).await.unwrap(),
            1,
            "written once, when it can be"
        );
        assert_eq!(raise(&all[1]).await.unwrap(), 3);
    });
}

#[test]
fn a_commit_whose_answer_is_lost_is_asked_for_and_written_once() {
    if !database::is_postgres() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::start().unwrap().expect("PostgreSQL");
    let url = server.create("lost").unwrap();
    let storage = Storage::connect(&url, None).unwrap();
    let ask = |sql: &str| server.execute("postgres", sql).unwrap();
    // Commits wait for a standby that does not exist.
    let set = |name: &str| {
        ask(&format!(
            "ALTER SYSTEM SET synchronous_standby_names = '{name}'"
        ));
        ask("SELECT pg_reload_conf()");
    };
    set("nobody");
    let writing = storage.clone();
    let written = runtime.spawn(async move {
        let write = |tx: &mut dyn Tx| {
            tx.execute("INSERT INTO area_name (path, name) VALUES ('42', 'x')", &[])?;
            Ok::<_, StorageError>(())
        };
        writing.write(write).await
    });
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while ask(end).trim() == "0" {
        std::thread::yield_now();
    }
    set("");
    runtime.block_on(written).unwrap().unwrap();
    let rows = server.execute("lost", "SELECT count(*) FROM area_name WHERE path = '42'");
    assert_eq!(rows.unwrap().trim(), "1");
}

/// Every path that returns the ledger and needs no parameter, by the description of the API.
fn ledger_paths(town: &Town) -> Vec<String> {
    let api = town.json("/openapi.json", "");
    let of_the_ledger = |(path, methods): (&String, &Value)| {
        let review = methods["get"]["tags"][0] == "review" && !path.contains('{');
        // The list cursor in the response to `changes` differs after a rebuild.
        (review && path != "/v1/hazards/changes").then(|| path.clone())
    };
    let described = api["paths"].as_object().unwrap().iter();
    let paths: Vec<_> = described.filter_map(of_the_ledger).collect();
    assert!(paths.len() >= 8, "{paths:?}");
    paths
}

#[test]
fn a_ledger_that_is_being_made_is_not_taken_for_the_whole() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    for n in 0..3 {
        found(&mut liu, &town, &format!("第{n}处"));
    }
    town.sync(&mut liu);
    town.project();
    let key = town.token("审核员丁");
    let paths = ledger_paths(&town);
    let before: Vec<_> = paths.iter().map(|path| town.get(path, &key)).collect();
    assert!(before.iter().all(|(status, _)| *status == 200));
    // `xuncha admin rebuild` was killed after its first step.
    let clear = town.app().storage.write(|tx| {
        hazards::clear(tx, [0; 16], ServerTime(0))?;
        marks::begin_making(tx)
    });
    town.runtime.block_on(clear).unwrap();
    for path in &paths {
        let (status, body) = town.get(&format!("{path}?colour=red"), &key);
        let problem: Value = serde_json::from_slice(&body).unwrap();
        // Waiting would not help: the request itself is wrong.
        let got = (status, problem["code"].as_str());
        assert_eq!(got, (400, Some("bad-filter")), "{path}");
    }
    for (path, before) in paths.iter().zip(before) {
        let answer = town.get(path, &key);
        // The server itself may have completed the rebuild; then the response is the same as before.
        let behind =
            answer.0 == 503 && String::from_utf8_lossy(&answer.1).contains("ledger-behind");
        assert!(
            behind || answer == before,
            "{path}: {} {}",
            answer.0,
            String::from_utf8_lossy(&answer.1)
        );
    }
    town.project();
    let items = town.json("/v1/hazards", &key);
    assert_eq!(items["items"].as_array().unwrap().len(), 3);
}
