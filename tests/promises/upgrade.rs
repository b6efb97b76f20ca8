//! Databases of the first version can be opened, and all their data is kept.

use std::path::Path;

use cli_simulator::{phone::Phone, world::photo};
use rusqlite::Connection;
use sync_core::record::{AreaPath, DeviceTime, PhotoRole};
use tokio_postgres::NoTls;
use xuncha_server::storage::{Storage, StorageError, spaces};

use crate::support::{MORNING, Town, database, found, found_with, remark};

pub(crate) const SERVER: &str =
    include_str!("../../server/src/storage/migrations/0001_log_and_ledger.sql");
const PHONE: &str = include_str!("../../sync-core/src/device/migrations/0001_device.sql");

/// The result of a query with one column.
fn column(c: &Connection, sql: &str) -> Vec<String> {
    let mut statement = c.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Converts a database to the schema of the first version, with all data that this schema can hold.
pub(crate) fn turn_back(file: &Path, first: &str) {
    let old = file.with_extension("first");
    let c = Connection::open(&old).unwrap();
    c.execute_batch("PRAGMA foreign_keys=OFF").unwrap();
    c.execute_batch(first).unwrap();
    c.execute("ATTACH $1 AS now", [file.to_str().unwrap()])
        .unwrap();
    for table in column(
        &c,
        "SELECT name FROM main.sqlite_master WHERE type = 'table'",
    ) {
        if table == "blob_space" {
            // A table of the first version; its rows are derived from the references.
            let copy = "INSERT INTO main.blob_space SELECT DISTINCT hash, space FROM now.blob_ref";
            c.execute_batch(copy).unwrap();
            continue;
        }
        let columns = format!("SELECT name FROM pragma_table_info('{table}', 'main')");
        let columns = column(&c, &columns).join(", ");
        let copy =
            format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
        c.execute_batch(&copy).unwrap();
    }
    c.execute_batch("DETACH now; PRAGMA user_version=1")
        .unwrap();
    drop(c);
    for rest in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(file.with_extension(rest));
    }
    std::fs::rename(&old, file).unwrap();
}

#[test]
fn a_server_and_a_phone_of_the_first_version_go_on_where_they_were() {
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

    town.backup_to("first");
    turn_back(&town.folder.path().join("first/xuncha.db"), SERVER);
    let kept = town.config.key_file();
    std::fs::copy(kept, town.folder.path().join("first/server.key")).unwrap();
    town.restart_on("first");
    let home = liu.folder().to_owned();
    drop(liu);
    turn_back(&home.join("device.db"), PHONE);
    let mut liu = Phone::simulated(&home, 77, DeviceTime(MORNING + 3_600_000)).unwrap();
    assert_eq!(liu.device.count().unwrap(), 2, "nothing was forgotten");

    town.project();
    assert_eq!(town.changes_stored(), changes);
    assert_eq!(town.json("/v1/hazards", &key), ledger);
    assert_eq!(town.get(&picture, &key).0, 200, "its record is known");
    town.sync(&mut liu);
    town.sync(&mut liu);
    town.sync(&mut wang);
    assert_eq!(liu.hazard(first).unwrap(), held);
    for doc in [first, waiting] {
        assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
    }
}

#[test]
fn a_database_of_the_first_version_on_postgresql_gets_room_for_what_is_new() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(url) = database::fresh(&runtime) else {
        return;
    };
    let words = SERVER
        .replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("/* by space */", "PARTITION BY LIST (space)");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&words).await.unwrap();
        let version = "CREATE TABLE schema_version (version BIGINT NOT NULL);
             INSERT INTO schema_version VALUES (1);
             INSERT INTO space (id, log_id, head) VALUES ('429999/429998', '\\x0102030405060708', 5)";
        client.batch_execute(version).await.unwrap();
        for table in ["doc", "chg", "snap", "doc_grant", "blob_ref", "hazard"] {
            let part = format!(
                "CREATE TABLE {table}_429999_429998 PARTITION OF {table} FOR VALUES IN ('429999/429998')"
            );
            client.batch_execute(&part).await.unwrap();
        }
        let photo = "INSERT INTO blob_ref VALUES ('429999/429998', '\\x0a', '\\x0b');
             INSERT INTO blob_space VALUES ('\\x0b', '429999/429998')";
        client.batch_execute(photo).await.unwrap();
    });
    let storage = Storage::connect(&url, None).unwrap();
    let county: AreaPath = "429999/429998".parse().unwrap();
    let place = county.clone();
    let head = runtime.block_on(storage.read(move |tx| spaces::find(tx, &place)));
    assert_eq!(head.unwrap().unwrap().head, 5);
    let named = storage.read(|tx| {
        let sql = "SELECT COUNT(*) FROM blob_named WHERE hash = $1 AND doc = $2";
        let key = [(&[0x0b][..]).into(), (&[0x0a][..]).into()];
        tx.first(sql, &key, |row| row.int(0))
    });
    assert_eq!(runtime.block_on(named).unwrap(), Some(1));
    let write = storage.write(move |tx| {
        tx.execute(
            "INSERT INTO quantity (space, doc, name, n, path, at, milli) VALUES ($1, $2, 'x', 1, $1, 0, 1)",
            &[county.as_str().into(), [7; 16].as_slice().into()],
        )?;
        Ok::<_, StorageError>(())
    });
    runtime.block_on(write).unwrap();
}
