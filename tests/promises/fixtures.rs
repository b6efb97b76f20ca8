//! Databases of earlier schemas, made by the programs that wrote them (`tests/fixtures`), open with all they held.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering::SeqCst,
};

use cli_simulator::phone::Phone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sync_core::{
    device::{ActivityFilter, Filter},
    record::{DeviceTime, DocId},
};
use xuncha_server::{
    reporting::verify,
    storage::{Storage, StorageError, listings, marks},
};

use crate::support::{
    Town, database,
    schema::{DEVICE, SERVER, Store},
};

/// What one run of the programs of an earlier commit made.
struct Fixture {
    folder: PathBuf,
    /// The schema numbers of server and device.
    name: String,
    /// What the two databases held.
    held: Value,
}

impl Fixture {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let files = fs::read_dir(&folder).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .collect();
        names.sort();
        let fixture = |name: String| {
            let held = fs::read(folder.join(format!("{name}.json"))).unwrap();
            Self {
                folder: folder.clone(),
                name,
                held: serde_json::from_slice(&held).unwrap(),
            }
        };
        names.into_iter().map(fixture).collect()
    }

    fn bytes(&self, part: &str) -> Vec<u8> {
        let file = self.folder.join(format!("{}.{part}.zst", self.name));
        zstd::decode_all(fs::File::open(file).unwrap()).unwrap()
    }

    /// The newest time of the server, and one hour.
    fn now(&self) -> i64 {
        self.held["server"]["now"].as_i64().unwrap()
    }

    /// Starts the town's server on the database, on the engine under test. The ledger is whole when this returns.
    fn start(&self, town: &mut Town) {
        town.clock.store(self.now(), SeqCst);
        let data = town.folder.path().join(&self.name);
        fs::create_dir(&data).unwrap();
        let key = hex::decode(self.held["server"]["key"].as_str().unwrap()).unwrap();
        fs::write(data.join("server.key"), key).unwrap();
        town.config.key = Some(data.join("server.key"));
        let storage = match database::fresh(&town.runtime) {
            Some(url) => {
                let sql = String::from_utf8(self.bytes("server.sql")).unwrap();
                Store::postgres(&url).run(&sql);
                town.config.database = Some(url.clone());
                Storage::connect(&url, None).unwrap()
            }
            None => {
                let file = data.join("xuncha.db");
                fs::write(&file, self.bytes("server.db")).unwrap();
                Storage::open(&file).unwrap()
            }
        };
        self.assert_whole_or_marked(town, &data, storage);
        town.restart_on(&self.name);
        town.project();
    }

    /// A ledger from which a migration deleted rows is marked as incomplete, until they are folded again.
    fn assert_whole_or_marked(&self, town: &Town, data: &Path, storage: Storage) {
        let read = storage.read(|tx| {
            let rows = tx.first("SELECT COUNT(*) FROM hazard", &[], |row| row.int(0))?;
            let objects = tx.all("SELECT object FROM photo", &[], |row| row.text(0))?;
            Ok::<_, StorageError>((rows.unwrap(), marks::making(tx)?, objects))
        });
        let (rows, making, objects) = town.runtime.block_on(read).unwrap();
        // A server starts only if the photo store has its photos. The fixtures do not contain their bytes.
        for object in objects {
            let file = data.join(object);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, []).unwrap();
        }
        let hazards = self.held["server"]["hazards"].as_object().unwrap();
        assert!(
            usize::try_from(rows).unwrap() == hazards.len() || !making.upto.is_empty(),
            "{}: {rows} of {} hazards, and the ledger is not marked: {making:?}",
            self.name,
            hazards.len()
        );
        storage.close();
    }

    /// The device of the run.
    fn phone(&self, folder: &Path) -> Phone {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("device.db"), self.bytes("device.db")).unwrap();
        Phone::simulated(folder, 77, DeviceTime(self.now())).unwrap()
    }
}

/// What the server returns now, in the form of the fixture.
fn of_server(town: &Town) -> Value {
    let key = town.token("审核员丁");
    let read = town.app().storage.read(|tx| {
        let changes = tx.all(
            "SELECT d.id, d.path, c.hash, c.bytes FROM doc d JOIN chg c ON c.space = d.space AND c.doc = d.id
             ORDER BY d.id, c.hash",
            &[],
            |row| Ok((DocId::from_slice(&row.bytes(0)?)?, row.text(1)?, row.bytes(2)?, row.bytes(3)?)),
        )?;
        let photos = tx.all("SELECT hash, size FROM photo", &[], |row| Ok((hex::encode(row.bytes(0)?), row.int(1)?)))?;
        let grants = tx.all("SELECT id FROM signed_grant", &[], |row| Ok(hex::encode(row.bytes(0)?)))?;
        let packs = tx.first("SELECT COUNT(*) FROM pack", &[], |row| row.int(0))?;
        Ok::<_, StorageError>((changes, photos, grants, packs, listings::devices(tx)?))
    });
    let (changes, photos, mut grants, packs, devices) = town.runtime.block_on(read).unwrap();
    grants.sort();
    let mut documents = BTreeMap::<String, (String, u64, Sha256)>::new();
    for (doc, path, hash, bytes) in changes {
        let document = documents
            .entry(doc.to_string())
            .or_insert((path, 0, Sha256::new()));
        document.1 += 1;
        document.2.update(hash);
        document.2.update(bytes);
    }
    let documents: BTreeMap<_, _> = documents
        .into_iter()
        .map(|(doc, (path, changes, sum))| {
            let sum = hex::encode(sum.finalize());
            (
                doc,
                json!({"path": path, "changes": changes, "sha256": sum}),
            )
        })
        .collect();
    let states = devices.iter().map(|d| (d.id.to_string(), d.state.name()));
    json!({
        "documents": documents,
        "hazards": items(town, &key, "hazards", &[
            "state", "kind", "grade", "description", "place", "event_count", "observation_count", "photo_count",
        ]),
        "activities": items(town, &key, "activities", &["type", "state", "title", "event_count", "photo_count"]),
        "photos": photos.into_iter().collect::<BTreeMap<_, _>>(),
        "devices": states.collect::<BTreeMap<_, _>>(),
        "grants": grants,
        "packs": packs,
        "reports": items(town, &key, "reports", &["number", "sha256"]),
    })
}

/// All items of a list of the API by id, with these keys.
fn items(town: &Town, key: &str, list: &str, keys: &[&str]) -> BTreeMap<String, Value> {
    let page = town.json(&format!("/v1/{list}?limit=500"), key);
    let item = |item: &Value| {
        let id = item["id"].as_str().unwrap().to_owned();
        let kept = keys
            .iter()
            .map(|key| ((*key).to_owned(), item[key].clone()));
        (id, Value::Object(kept.collect()))
    };
    page["items"].as_array().unwrap().iter().map(item).collect()
}

/// What the lists of the device show now, in the form of the fixture.
fn of_device(phone: &Phone) -> Value {
    let status = phone.device.status().unwrap();
    let hazards = phone.device.list(&Filter::default()).unwrap();
    let activities = phone
        .device
        .activity_list(&ActivityFilter::default())
        .unwrap();
    let hazards = hazards.into_iter().map(|listed| {
        let row = listed.row;
        let view = json!({
            "state": row.state, "code": row.code, "place": row.place, "description": row.description,
            "events": row.events, "photos": row.photos,
        });
        (listed.doc.to_string(), view)
    });
    let activities = activities.into_iter().map(|listed| {
        let row = listed.row;
        let code = row.activity;
        let view = json!({"type": code, "title": row.description, "events": row.events});
        (listed.doc.to_string(), view)
    });
    json!({
        "hazards": hazards.collect::<BTreeMap<_, _>>(),
        "activities": activities.collect::<BTreeMap<_, _>>(),
        "unsent": status.unsent,
        "acknowledged": status.acknowledged,
        "photos_stored": status.photos_stored,
    })
}

/// Each part of what was held equals what is returned now.
fn assert_held(name: &str, held: &Value, now: &Value) {
    for (part, now) in now.as_object().unwrap() {
        assert_eq!(held[part], *now, "{name}: {part}");
    }
}

#[test]
fn every_number_before_the_newest_has_a_fixture() {
    for (store, newest) in [("server", SERVER.newest()), ("device", DEVICE.newest())] {
        let numbers: BTreeSet<_> = Fixture::all()
            .iter()
            .map(|fixture| fixture.held[store]["schema"].as_u64().unwrap())
            .collect();
        let missing: Vec<_> = (1..u64::from(newest))
            .filter(|number| !numbers.contains(number))
            .collect();
        assert_eq!(missing, [0; 0], "{store}: see tests/fixtures/README.md");
    }
}

#[test]
fn a_database_of_every_earlier_server_returns_all_it_held() {
    let mut town = Town::new();
    for fixture in Fixture::all() {
        fixture.start(&mut town);
        let held = &fixture.held["server"];
        assert_held(&fixture.name, held, &of_server(&town));
        // A report that an earlier program sealed is verified as before.
        let (key, server) = (
            town.token("审核员丁"),
            town.app().components.access.key().public(),
        );
        for (id, report) in held["reports"].as_object().into_iter().flatten() {
            let (status, file) = town.get(&format!("/v1/reports/{id}/sealed"), &key);
            assert_eq!(status, 200, "{}: {report}", fixture.name);
            let sealed = verify(&file, None, &server).unwrap();
            assert_eq!(report["number"], sealed.number, "{}", fixture.name);
        }
    }
}

#[test]
fn a_store_of_every_earlier_device_shows_all_it_held_and_syncs() {
    let mut town = Town::new();
    for fixture in Fixture::all() {
        fixture.start(&mut town);
        let home = town.folder.path().join(format!("device {}", fixture.name));
        let mut phone = fixture.phone(&home);
        let held = &fixture.held["device"];
        assert_held(&fixture.name, held, &of_device(&phone));
        let changes = town.changes_stored();
        town.sync(&mut phone);
        town.sync(&mut phone);
        let unsent = held["unsent"].as_u64().unwrap();
        assert!(unsent > 0, "{}", fixture.name);
        assert_eq!(town.changes_stored(), changes + unsent, "{}", fixture.name);
        for doc in held["hazards"].as_object().unwrap().keys() {
            phone.hazard(doc.parse().unwrap()).unwrap();
        }
    }
}
