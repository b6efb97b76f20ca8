//! Editions of the catalogue: what was recorded is judged by its own edition, what a new one changes is listed before it
//! takes effect, and devices get it as data.

use std::path::{Path, PathBuf};

use cli_simulator::{phone::Phone, world::observation};
use serde_json::{Value, json};
use sync_core::{
    activity::State,
    document::DocumentState,
    record::{DeviceTime, DocId, Edition, LocationKind},
    sync::Options,
};
use xuncha_server::storage::{StorageError, Tx, spaces};

use crate::{
    activities::entry,
    command_line::done,
    support::{
        MORNING, Town,
        database::is_postgres,
        sealing::{AFTERNOON, daily, set},
    },
};

const DAY: i64 = 86_400_000;

pub(crate) fn entry_of<'t>(list: &'t mut Value, code: &str) -> &'t mut Value {
    let mut all = list.as_array_mut().unwrap().iter_mut();
    all.find(|entry| entry["code"] == code).unwrap()
}

fn code_is(entry: &Value, code: &str) -> bool {
    entry["code"] == code
}

/// The next edition of a server's catalogue, in force from 26 March on: EV-01 may take 30 days, EV-02 is retired, EV-50
/// and the activity type `night_patrol` are new, trainings have at most 100 attendees.
pub(crate) fn of_march_26(town: &Town) -> Value {
    let mut bundle: Value =
        serde_json::from_str(&done(town, &["admin", "catalogue", "export"])).unwrap();
    let mut kinds = bundle["hazard_kinds"][0].clone();
    kinds["version"] = json!(2);
    entry_of(&mut kinds["kinds"], "EV-01")["deadline"] = json!("D30");
    let mut new = entry_of(&mut kinds["kinds"], "EV-03").clone();
    new["code"] = json!("EV-50");
    let all = kinds["kinds"].as_array_mut().unwrap();
    all.retain(|kind| !code_is(kind, "EV-02"));
    all.push(new);
    let mut types = bundle["activity_types"][0].clone();
    types["version"] = json!(2);
    entry_of(&mut types["types"], "training")["schema"]["properties"]["attendees"]["maximum"] =
        json!(100);
    let mut patrol = entry_of(&mut types["types"], "publicity").clone();
    patrol["code"] = json!("night_patrol");
    patrol["zh"] = json!("夜巡");
    patrol["counts"] = json!([]);
    types["types"].as_array_mut().unwrap().push(patrol);
    let mut edition = bundle["editions"][0].clone();
    let number = edition["number"].as_u64().unwrap() + 1;
    (edition["number"], edition["valid_from"]) = (json!(number), json!("2024-03-26"));
    (edition["zh"], edition["en"]) = (json!("夜巡"), json!("night patrols"));
    (edition["hazard_kinds"], edition["activity_types"]) = (json!(2), json!(2));
    for (table, version) in [
        ("hazard_kinds", kinds),
        ("activity_types", types),
        ("editions", edition),
    ] {
        bundle[table].as_array_mut().unwrap().insert(0, version);
    }
    bundle
}

/// Writes a catalogue into a file.
pub(crate) fn file(town: &Town, bundle: &Value) -> PathBuf {
    let file = town.folder.path().join("catalogue.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    file
}

/// The command that installs a catalogue whose newest edition is in force by the clock of this machine.
pub(crate) fn installing(file: &Path) -> [&str; 5] {
    let file = file.to_str().unwrap();
    ["admin", "catalogue", "install", file, "--retroactive"]
}

pub(crate) fn install(town: &mut Town, bundle: &Value) {
    let file = file(town, bundle);
    done(town, &installing(&file));
    town.restart_on(&data_folder(town));
    town.project();
}

fn data_folder(town: &Town) -> String {
    let name = town.config.data.file_name().unwrap();
    name.to_str().unwrap().to_owned()
}

/// The day `days` after 25 March, for the server and a device.
fn on_day(town: &Town, phone: &Phone, days: i64) {
    town.at(MORNING + days * DAY);
    set(phone, MORNING + days * DAY);
}

pub(crate) fn found(town: &Town, phone: &mut Phone, kind: &str) -> DocId {
    let place = ("3栋", "1单元", "1层", LocationKind::Lobby);
    let of = observation(
        &town.world.compounds[0],
        kind,
        place,
        "车辆停放",
        Vec::new(),
    );
    phone.device.observe(of, None).unwrap().0
}

fn recorded(town: &Town, phone: &mut Phone, code: &str, data: &str) -> DocId {
    let mut of = entry(town, code, &town.world.grids[0], data);
    of.held = phone.device.host.clock.now();
    phone.device.begin_activity(of, None).unwrap().0
}

fn state(phone: &Phone, doc: DocId) -> State {
    match phone.device.open_document(doc).unwrap().state() {
        DocumentState::Activity(state) => state.state,
        other => panic!("{other:?} is no activity"),
    }
}

fn shown(town: &Town, doc: DocId) -> Value {
    let path = format!("/v1/activities/{doc}");
    town.json(&path, &town.token("审核员丁"))["activity"].clone()
}

const PATROL: &str = r#"{"channel": "e_screen", "sessions": 2}"#;
const TRAINING: &str = r#"{"sessions": 1, "attendees": 500, "topic": "五个严禁"}"#;

#[test]
fn a_device_gets_a_new_catalogue_with_its_next_session_and_needs_no_new_app() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let first = liu.device.catalogue().newest();
    let bundle = of_march_26(&town);
    install(&mut town, &bundle);
    on_day(&town, &liu, 1);
    town.accept_clock();
    let report = town.sync(&mut liu);
    let second = Edition(first.0 + 1);
    assert_eq!(
        (report.edition, liu.device.catalogue().newest()),
        (Some(second), second)
    );
    let patrol = recorded(&town, &mut liu, "night_patrol", PATROL);
    assert_eq!(state(&liu, patrol), State::Stated);
    let report = town.sync(&mut liu);
    assert_eq!(report.edition, None, "once");
    assert_eq!(town.sync(&mut liu).requests, 1);
    town.project();
    assert_eq!(shown(&town, patrol)["type_zh"], "夜巡");
    // The store keeps it, and a new device hears of it when it enrols.
    let folder = town.folder.path().join("phone-1");
    drop(liu);
    let liu = Phone::simulated(&folder, 1, DeviceTime(MORNING)).unwrap();
    assert_eq!(liu.device.catalogue().newest(), second);
    let mut other = town.phone("网格员甲");
    assert_eq!(town.sync(&mut other).edition, Some(second));
    assert_eq!(state(&other, patrol), State::Stated);
}

#[test]
fn a_new_catalogue_changes_nothing_that_was_recorded_under_an_earlier_one() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let mut community = town.phone("街道干部戊");
    let hazard = found(&town, &mut liu, "EV-01");
    let retired = found(&town, &mut liu, "EV-02");
    let trained = recorded(&town, &mut community, "training", TRAINING);
    town.sync(&mut liu);
    town.sync(&mut community);
    town.project();
    town.at(AFTERNOON);
    let key = town.reviewer(40, "429999/429998");
    let (sealed, content) = town.seal(&key, &daily("429999/429998"));
    assert_eq!(content["catalogue"]["edition"], 1);
    let of = |town: &Town, doc: DocId| {
        let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        (
            detail["hazard"]["grade"].clone(),
            detail["due"]["at"].clone(),
            detail["hazard"]["kind_zh"].clone(),
        )
    };
    let before = [hazard, retired].map(|doc| of(&town, doc));
    let activity = shown(&town, trained);
    let bundle = of_march_26(&town);
    let path = file(&town, &bundle);
    let report = [
        "admin",
        "catalogue",
        "install",
        path.to_str().unwrap(),
        "--report",
    ];
    let report = done(&town, &report);
    assert!(
        report.contains("0件变化") && report.contains("0份的数字会变"),
        "{report}"
    );
    install(&mut town, &bundle);
    town.at(AFTERNOON);
    assert_eq!([hazard, retired].map(|doc| of(&town, doc)), before);
    assert_eq!(shown(&town, trained), activity);
    let again = town.json(
        &format!("/v1/reports/{}", sealed["id"].as_str().unwrap()),
        &key,
    );
    assert_eq!(again, content);
    let sheet = "/v1/indicators?area=429999/429998&from=2024-03-25&to=2024-03-25&as_of=2024-03-25T16:00:00%2B08:00";
    let live = town.json(sheet, &key);
    assert_eq!(live["total"]["values"], content["total"]["values"]);

    // A device that was without a network states under the edition that it has; afterwards under the new one.
    on_day(&town, &liu, 2);
    set(&community, MORNING + 2 * DAY);
    town.accept_clock();
    let late = found(&town, &mut liu, "EV-01");
    let crowd = recorded(&town, &mut community, "training", TRAINING);
    town.sync(&mut liu);
    town.sync(&mut community);
    let new = found(&town, &mut liu, "EV-01");
    let crowd_again = recorded(&town, &mut community, "training", TRAINING);
    town.sync(&mut liu);
    town.sync(&mut community);
    town.project();
    let days_of = |doc| {
        let (_, due, _) = of(&town, doc);
        due.as_str().unwrap()[..10].to_owned()
    };
    assert_eq!(
        (days_of(late).as_str(), days_of(new).as_str()),
        ("2024-03-27", "2024-04-26")
    );
    assert_eq!(state(&community, crowd), State::Stated);
    assert_eq!(state(&community, crowd_again), State::Void);
    assert_eq!(shown(&town, crowd)["counts"], true);
}

#[test]
fn a_process_that_was_not_restarted_writes_nothing_between_rows_of_a_newer_catalogue() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let bundle = of_march_26(&town);
    let path = file(&town, &bundle);
    done(&town, &installing(&path));
    let restarted = town.another();
    let project = |app: &xuncha_server::app::App| {
        let projection = app.components.projection.clone();
        town.runtime.block_on(projection.catch_up()).unwrap();
    };
    project(&restarted);
    on_day(&town, &liu, 1);
    // The device has heard of the new catalogue; the old process takes what it states.
    liu.device.set_token(None).unwrap();
    let mut http = town.http.to(&format!("http://{}", restarted.address));
    let report = liu.sync(&mut http, Options::default()).unwrap();
    assert!(report.edition.is_some(), "{report:?}");
    let patrol = recorded(&town, &mut liu, "night_patrol", PATROL);
    town.sync(&mut liu);
    project(town.app());
    project(&restarted);
    let known = shown(&town, patrol);
    assert_eq!(
        (&known["state"], &known["counts"]),
        (&json!("stated"), &json!(true))
    );
    town.runtime.block_on(restarted.stop()).unwrap();
}

#[test]
fn a_server_that_is_older_than_a_code_keeps_it_as_unknown_until_it_gets_the_catalogue() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    town.backup_to("before");
    let bundle = of_march_26(&town);
    install(&mut town, &bundle);
    on_day(&town, &liu, 1);
    town.accept_clock();
    town.sync(&mut liu);
    town.restore_from("before", "restored");
    town.restart_on("restored");
    let patrol = recorded(&town, &mut liu, "night_patrol", PATROL);
    let hazard = found(&town, &mut liu, "EV-50");
    town.accept_clock();
    town.sync(&mut liu);
    town.project();
    let unknown = shown(&town, patrol);
    assert_eq!(
        (&unknown["state"], &unknown["counts"]),
        (&json!("unknown"), &json!(false))
    );
    let listed = town.json("/v1/hazards?kind=EV-50", &town.token("审核员丁"));
    assert_eq!(listed["items"][0]["id"], hazard.to_string());
    assert_eq!(state(&liu, patrol), State::Stated, "the device knows it");
    install(&mut town, &bundle);
    let known = shown(&town, patrol);
    assert_eq!(
        (&known["state"], &known["counts"]),
        (&json!("stated"), &json!(true))
    );
    let named = town.json("/v1/hazards?kind=EV-50", &town.token("审核员丁"));
    assert_eq!(named["items"][0]["kind_zh"], "楼梯间/前室停放");
}

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
        spaces::set_meta(tx, "edition", &0_u32.to_be_bytes())
    };
    town.runtime
        .block_on(town.app().storage.write(older))
        .unwrap();
    let report = done(&town, &["admin", "refold", "--report"]);
    let listed = report.lines().find(|line| line.contains(&doc.to_string()));
    let listed = listed.unwrap_or_else(|| panic!("{report}"));
    assert!(listed.contains("有争议 → 已登记"), "{listed}");
    let state = |town: &Town| shown(town, doc)["state"].as_str().unwrap().to_owned();
    assert_eq!(state(&town), "disputed", "the report writes nothing");
    town.restart_on("server");
    town.project();
    assert_eq!(state(&town), "stated");
}
