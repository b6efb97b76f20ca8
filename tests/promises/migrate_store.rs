//! A server moves to another database and photo store while devices work: nothing is lost, and no device starts from
//! the beginning.

use cli_simulator::{
    fleet::{Moving, Plan, run},
    network::Profile,
    postgres::Server,
    world::photo,
};
use sync_core::{
    record::{Edition, PhotoHash, PhotoRole},
    sync::Options,
};
use xuncha_server::{
    config::Config,
    migrate::{self, Comparison, Stores},
    photos::{Store, Target},
    storage::Storage,
};

use crate::{
    command_line::done,
    editions::{file, installing, of_march_26},
    support::{
        Town, database, found_with,
        province::{WUCHANG, regions},
        remark,
        s3::S3,
    },
};

fn quiet(_: &'static str, _: u64, _: u64) {}

/// The old and the new place, opened as another process opens them.
fn places(town: &Town, database: &str, bucket: &str) -> (Stores, Stores) {
    let data = town.folder.path().join("server");
    let photos = |setting| Store::open(&Target::parse(setting, &data).unwrap()).unwrap();
    let from = Stores {
        storage: Storage::open(&data.join("xuncha.db")).unwrap(),
        photos: photos(None),
    };
    let to = Stores {
        storage: Storage::connect(database, None).unwrap(),
        photos: photos(Some(bucket)),
    };
    (from, to)
}

fn copy(town: &Town, from: &Stores, to: &Stores) {
    let key = town.app().components.access.key().clone();
    let copy = migrate::copy(from, to, &key, &quiet);
    town.runtime.block_on(copy).unwrap();
}

fn compare(town: &Town, from: &Stores, to: &Stores) -> Comparison {
    let compare = migrate::compare(from, to, &quiet);
    town.runtime.block_on(compare).unwrap()
}

#[test]
fn a_server_moves_while_phones_work_and_nobody_starts_over() {
    let Some(mut town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    let first = found_with(&mut liu, &town, "迁移之前", vec![shot.clone()]);
    for _ in 0..8 {
        found_with(&mut wang, &town, "迁移之前", Vec::new());
    }
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.sync(&mut liu);
    let (from, to) = places(&town, &url, &s3.setting());
    copy(&town, &from, &to);

    // Work continues: an old document changes and a new one is made, so both must be copied again.
    remark(&mut wang, first, "迁移之中");
    let later = photo(&mut wang.device, 2, PhotoRole::Before).unwrap();
    let second = found_with(&mut wang, &town, "迁移之中", vec![later.clone()]);
    town.sync(&mut wang);
    assert!(!compare(&town, &from, &to).is_equal());
    let config = Config {
        database: Some(url.clone()),
        photos: Some(s3.setting()),
        key: Some(town.config.key_file()),
        ..Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into())
    };
    let early = town.start(&config).expect_err("it is not whole yet");
    assert!(format!("{early:#}").contains("migrate-store"), "{early:#}");

    // A move that is undone while it compares does not finish: the old server may have accepted writes.
    from.storage.set_moved(true).unwrap();
    from.storage.set_moved(false).unwrap();
    let ended = town.runtime.block_on(migrate::finish(&from, &to));
    let undone = ended.expect_err("it was undone").to_string();
    assert!(undone.contains("undone"), "{undone}");
    // The last step: devices must retry later and keep their changes.
    from.storage.set_moved(true).unwrap();
    let third = found_with(&mut liu, &town, "迁移之时", Vec::new());
    let hasty = Options {
        patience: 1,
        ..Options::default()
    };
    let report = liu.sync(&mut town.http.clone(), hasty).unwrap();
    assert!(!report.complete && report.refused == 0, "{report:?}");
    copy(&town, &from, &to);
    let comparison = compare(&town, &from, &to);
    assert!(comparison.is_equal(), "{}", comparison.text());
    assert_eq!(comparison.photos_read_back, 2);
    // Cut after the old database was released, the move is finished by the next run.
    for _ in 0..2 {
        town.runtime.block_on(migrate::finish(&from, &to)).unwrap();
        let released = migrate::is_released(&from, &to);
        assert!(town.runtime.block_on(released).unwrap());
    }
    let undone = from.storage.set_moved(false).expect_err("both would work");
    assert!(undone.to_string().contains("released"), "{undone}");

    let gone = town.start(&town.config.clone()).expect_err("it has moved");
    assert!(format!("{gone:#}").contains("migrate-store"), "{gone:#}");
    let moved = town.start(&config).unwrap();
    town.move_to(moved);
    let reports = [
        town.sync(&mut liu),
        town.sync(&mut wang),
        town.sync(&mut liu),
    ];
    for report in reports {
        assert_eq!((report.repairs, report.resupplied), (0, 0), "{report:?}");
    }
    for doc in [first, second, third] {
        let both = (liu.hazard(doc), wang.hazard(doc));
        assert_eq!(both.0.unwrap(), both.1.unwrap());
    }
    assert_eq!(town.sync(&mut liu).requests, 1);
    let token = wang.device.token().unwrap().unwrap();
    for shot in [shot, later] {
        let (status, bytes) = town.get(&format!("/v1/blobs/{}", shot.hash), &token);
        assert_eq!((status, PhotoHash::of(&bytes)), (200, shot.hash));
    }
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(ledger["items"].as_array().unwrap().len(), 11);
}

#[test]
fn a_row_or_a_photo_that_was_lost_on_the_way_is_found() {
    let Some(mut town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "消防通道", vec![shot]);
    town.sync(&mut liu);
    let (from, to) = places(&town, &url, &s3.setting());
    copy(&town, &from, &to);
    assert!(compare(&town, &from, &to).is_equal());
    let lose = |sql: &'static str| {
        let lost = to.storage.write(move |tx| tx.execute(sql, &[]));
        assert!(town.runtime.block_on(lost).unwrap() > 0);
        let found = compare(&town, &from, &to);
        assert!(!found.is_equal(), "{sql}");
        copy(&town, &from, &to);
        found
    };
    lose("UPDATE pack SET received_at = received_at + 1");
    assert!(compare(&town, &from, &to).is_equal(), "copied anew");
    lose("DELETE FROM doc_photo");
    let other = lose("UPDATE photo SET object = object || 'x'");
    assert_eq!(other.photos_wrong.len(), 1);
}

#[test]
fn a_photo_that_the_old_server_has_lost_does_not_stop_the_move() {
    let Some(mut town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    let mut liu = town.phone("网格员甲");
    let shots = [1, 2].map(|n| photo(&mut liu.device, n, PhotoRole::Before).unwrap());
    found_with(&mut liu, &town, "两张照片", shots.to_vec());
    town.sync(&mut liu);
    let (from, to) = places(&town, &url, &s3.setting());
    let name = shots[0].hash.to_string();
    let folder = town.config.data.join("blobs").join(&name[..2]);
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.to_str().unwrap().contains(&name) {
            std::fs::remove_file(file).unwrap();
        }
    }
    let key = town.app().components.access.key().clone();
    let copied = migrate::copy(&from, &to, &key, &quiet);
    assert_eq!(town.runtime.block_on(copied).unwrap(), [shots[0].hash]);
    from.storage.set_moved(true).unwrap();
    copy(&town, &from, &to);
    let comparison = compare(&town, &from, &to);
    assert!(comparison.is_equal(), "{}", comparison.text());
    town.runtime.block_on(migrate::finish(&from, &to)).unwrap();
    let config = Config {
        database: Some(url.clone()),
        photos: Some(s3.setting()),
        key: Some(town.config.key_file()),
        ..Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into())
    };
    let moved = town.start(&config).unwrap();
    town.move_to(moved);
    town.sync(&mut liu);
    town.sync(&mut liu);
    let token = liu.device.token().unwrap().unwrap();
    for shot in shots {
        let (status, bytes) = town.get(&format!("/v1/blobs/{}", shot.hash), &token);
        assert_eq!((status, PhotoHash::of(&bytes)), (200, shot.hash));
    }
}

#[test]
fn the_installed_catalogue_moves_with_its_server() {
    let Some(town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    let catalogue = file(&town, &of_march_26(&town));
    done(&town, &installing(&catalogue));
    let (from, to) = places(&town, &url, &s3.setting());
    from.storage.set_moved(true).unwrap();
    copy(&town, &from, &to);
    town.runtime.block_on(migrate::finish(&from, &to)).unwrap();
    let config = Config {
        database: Some(url),
        photos: Some(s3.setting()),
        key: Some(town.config.key_file()),
        ..Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into())
    };
    let moved = town.start(&config).unwrap();
    let editions = &moved.components.editions;
    assert_eq!(editions.catalogue().newest(), Edition(2));
    town.runtime.block_on(moved.stop()).unwrap();
}

#[test]
fn a_database_that_holds_something_else_is_not_filled() {
    let Some(mut town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let (from, to) = places(&town, &url, &s3.setting());
    let county = town.world.county.clone();
    let begun = to.storage.write(move |tx| {
        xuncha_server::storage::spaces::create(tx, &county, sync_core::record::LogEpoch([1; 8]))
    });
    town.runtime.block_on(begun).unwrap();
    let key = town.app().components.access.key().clone();
    let refused = town
        .runtime
        .block_on(migrate::copy(&from, &to, &key, &quiet))
        .unwrap_err();
    assert!(refused.to_string().contains("empty database"), "{refused}");
}

/// The amount of data to move: small, unless the environment states another.
fn amount(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The full amount: `XUNCHA_MOVE_RECORDS=10000 XUNCHA_MOVE_PHOTOS=500 cargo test -p promises a_fleet_works_on`.
#[test]
fn a_fleet_works_on_while_its_server_moves() {
    if !database::is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, s3) = (Server::start().unwrap().expect("PostgreSQL"), S3::new());
    let plan = Plan {
        devices: 6,
        days: 3,
        network: "weak".to_owned(),
        profile: Profile::named("weak").unwrap(),
        seed: 21,
        cluster: None,
        moving: Some(Moving {
            database: server.create("moved").unwrap(),
            photo_store: s3.setting(),
            records: amount("XUNCHA_MOVE_RECORDS", 300),
            photos: amount("XUNCHA_MOVE_PHOTOS", 20),
        }),
        trouble: Default::default(),
    };
    let outcome = run(folder.path(), &plan, &|_, _| {}).unwrap();
    println!("{}", outcome.text());
    assert!(outcome.is_kept(), "{}", outcome.text());
    assert!(
        outcome.moved.is_some() && outcome.photos > 20,
        "{}",
        outcome.text()
    );
}

#[test]
fn places_and_sealed_reports_move_byte_for_byte() {
    let Some(town) = Town::embedded() else {
        return;
    };
    let (s3, url) = (S3::new(), database::fresh(&town.runtime).unwrap());
    assert!(town.import_regions(&regions()).written);
    let compounds = format!("path,name,buildings\n{WUCHANG}/s1/c1/G1,清风苑,3栋;4栋\n");
    assert!(town.import_compounds(&compounds).written);
    let key = town.key_of(1, sync_core::record::Role::CountyReviewer, WUCHANG);
    let order = serde_json::json!({ "kind": "summary", "area": WUCHANG, "from": "2024-03-20",
        "to": "2024-03-24" });
    let (status, sealed) = town.post("/v1/reports", &key, &order);
    assert_eq!(status, 200, "{sealed}");
    let (from, to) = places(&town, &url, &s3.setting());
    copy(&town, &from, &to);
    let comparison = compare(&town, &from, &to);
    assert!(comparison.is_equal(), "{}", comparison.text());
    for table in ["region", "compound", "building", "report", "report_step"] {
        let row = comparison.tables.iter().find(|(name, ..)| *name == table);
        assert!(row.unwrap().2.rows > 0, "{table}");
    }
    // A sealed report that differs in the new database is detected and not overwritten.
    let altered = to
        .storage
        .write(|tx| tx.execute("UPDATE report SET number = 'altered'", &[]));
    assert_eq!(town.runtime.block_on(altered).unwrap(), 1);
    copy(&town, &from, &to);
    assert!(!compare(&town, &from, &to).is_equal());
}
