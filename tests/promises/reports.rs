//! Sealed reports: bytes that never change, late events beside them, corrections that show what they correct.

use std::collections::BTreeSet;

use cli_simulator::phone::Phone;
use serde_json::{Value, json};
use sync_core::record::{BlobHash, DeviceTime, LogId, PersonId, Role, ServerTime};
use xuncha_server::{
    access::{Now, Refusal},
    app::open,
    config::Config,
    review::{Order, verify},
    storage::spaces,
};

use crate::support::{
    MORNING, Town, database, found,
    province::{COUNTIES, Found, WUCHANG, area, value},
    remark,
};

const HOUR: i64 = 3_600_000;

/// Half past four in the afternoon: after the cut-off of a daily report.
const AFTERNOON: i64 = MORNING + 7 * HOUR + HOUR / 2;

fn daily(area: &str) -> Value {
    json!({ "kind": "daily", "area": area, "from": "2024-03-25", "to": "2024-03-25",
        "cut_off": "2024-03-25T16:00:00+08:00" })
}

impl Town {
    fn at(&self, ms: i64) {
        self.clock.store(ms, std::sync::atomic::Ordering::SeqCst);
    }

    /// Seals a report that must be taken; its view and its content.
    fn seal(&self, key: &str, order: &Value) -> (Value, Value) {
        let (status, view) = self.post("/v1/reports", key, order);
        assert_eq!(status, 200, "{view}");
        let content = self.json(&format!("/v1/reports/{}", id(&view)), key);
        (view, content)
    }

    fn step(&self, key: &str, report: &Value, step: &str) -> (u16, Value) {
        let path = format!("/v1/reports/{}/steps", id(report));
        self.post(&path, key, &json!({ "step": step, "reason": "数字有误" }))
    }
}

fn id(view: &Value) -> &str {
    view["id"].as_str().unwrap()
}

/// The first line of the ledger as CSV.
fn title(town: &Town, query: &str, key: &str) -> String {
    let (_, csv) = town.get(&format!("/v1/exports/hazards.csv{query}"), key);
    let text = String::from_utf8(csv).unwrap();
    text.lines().next().unwrap().to_owned()
}

fn set(phone: &Phone, ms: i64) {
    phone.clock.as_ref().unwrap().set(DeviceTime(ms));
}

#[test]
fn a_sealed_report_never_changes_late_events_are_listed_and_the_next_version_shows_the_difference()
{
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    set(&liu, MORNING);
    set(&wang, MORNING);
    let known = found(&mut liu, &town, "及时上传");
    town.sync(&mut liu);
    // Wang is underground all day.
    let late = found(&mut wang, &town, "地下室，无信号");
    town.project();
    town.at(AFTERNOON);
    let key = town.token("审核员丁");
    let order = daily(town.world.county.as_str());
    let (first, content) = town.seal(&key, &order);
    assert_eq!(value(&content["total"], "ST-07"), 1.0);
    assert_eq!(content["late_arrivals"]["count"], 0);
    let path = format!("/v1/reports/{}", id(&first));
    let bytes = town.get(&path, &key).1;
    assert_eq!(first["sha256"], BlobHash::of(&bytes).to_string());

    // Late data, and an event made after the cut-off, which is not late.
    town.sync(&mut wang);
    set(&liu, AFTERNOON);
    remark(&mut liu, known, "下班之后");
    town.sync(&mut liu);
    town.project();
    assert_eq!(town.get(&path, &key).1, bytes, "the sealed bytes");
    let listed = town.json(&format!("{path}/late"), &key);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{listed}");
    assert_eq!(items[0]["record"], late.to_string());
    assert_eq!(items[0]["kind"], "observe");
    assert!(items[0]["received_at"].as_str() > items[0]["claimed_at"].as_str());
    assert_eq!(listed["not_comparable"], json!([]));
    let live = town.json("/v1/indicators?from=2024-03-25&to=2024-03-25", &key);
    assert_eq!(live["late_arrival_count"], 1);
    let list = town.json("/v1/exports/hazards.geojson", &key);
    assert_eq!(list["late_arrival_count"], 1);
    let title = title(&town, "", &key);
    assert!(title.contains(",迟到事件 1,"), "{title}");

    let (status, twice) = town.post("/v1/reports", &key, &order);
    assert_eq!(
        (status, &twice["code"]),
        (409, &json!("report-exists")),
        "{twice}"
    );
    let mut correction = order.clone();
    correction["corrects"] = first["id"].clone();
    assert_eq!(
        town.post("/v1/reports", &key, &correction).0,
        400,
        "a reason is needed"
    );
    correction["reason"] = "地下室的记录晚到".into();
    let (second, content) = town.seal(&key, &correction);
    assert_eq!(
        (&second["version"], &second["corrects"]),
        (&json!(2), &first["id"])
    );
    assert_eq!(content["late_arrivals"]["count"], 1);
    let corrects = &content["corrects"];
    assert_eq!(
        (&corrects["report"], &corrects["sha256"]),
        (&first["number"], &first["sha256"])
    );
    let differences = corrects["differences"].as_array().unwrap();
    let whole = differences.iter().find(|d| {
        d["indicator"] == "ST-07" && d["column"] == "period" && d["area"] == order["area"]
    });
    let whole = whole.expect("the figure that changed");
    assert_eq!((&whole["before"], &whole["now"]), (&json!(1), &json!(2)));
    assert_eq!(
        town.get(&path, &key).1,
        bytes,
        "the old value stays visible"
    );
}

#[test]
fn inv_27_every_sheet_states_what_it_was_counted_by() {
    let town = Town::province();
    town.at(AFTERNOON);
    let key = town.province_key();
    let (_, report) = town.seal(&key, &daily("420000"));
    let sheet = town.json("/v1/indicators?area=420000", &key);
    let list = town.json("/v1/exports/hazards.geojson?area=420000", &key);
    for sheet in [&report, &sheet, &list] {
        for name in ["as_of", "cut_off"] {
            assert!(
                sheet[name].as_str().unwrap().starts_with("2024-03-25T"),
                "{name}"
            );
        }
        for table in ["indicators", "hazard_kinds", "lifecycle", "regions"] {
            assert!(sheet["catalogue"][table].as_u64() >= Some(1), "{table}");
        }
    }
    assert_eq!(report["late_arrivals"]["count"], 0);
    assert_eq!(sheet["late_arrival_count"], 0);
    assert_eq!(list["late_arrival_count"], 0);
    let title = title(&town, "?area=420000", &key);
    let parts = "截至 2024-03-25T/统计截止 2024-03-25T/目录版本 /迟到事件 0/待入账变更 0";
    assert!(parts.split('/').all(|p| title.contains(p)), "{title}");
    let marks = report["marks"].as_array().unwrap();
    assert_eq!(marks.len(), COUNTIES.len());
    assert_eq!(
        report["rows"].as_array().unwrap().len(),
        17 + COUNTIES.len() + 1
    );
}

#[test]
fn inv_11_altered_bytes_are_shown_as_damage_and_never_as_a_report() {
    let town = Town::province();
    town.at(AFTERNOON);
    let key = town.province_key();
    let (view, _) = town.seal(&key, &daily("420000/429004"));
    town.in_ledger(|tx| {
        // As somebody with the database in hand would.
        let rows = tx.all("SELECT bytes FROM report", &[], |row| row.bytes(0))?;
        let altered: Vec<u8> = rows[0]
            .iter()
            .map(|b| if *b == b'0' { b'1' } else { *b })
            .collect();
        tx.execute("UPDATE report SET bytes = $1", &[altered.as_slice().into()])
    });
    for path in ["", "/sealed", "/late"] {
        let (status, body) = town.get(&format!("/v1/reports/{}{path}", id(&view)), &key);
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (500, &json!("report-damaged")),
            "{path}"
        );
        assert_eq!(problem["detail"], view["number"]);
    }
    // It is still listed, so that it is missed.
    let listed = town.json("/v1/reports", &key);
    assert_eq!(listed["items"][0]["number"], view["number"]);
}

#[test]
fn a_stranger_checks_a_report_with_the_servers_key_alone() {
    let town = Town::province();
    town.at(AFTERNOON);
    let key = town.province_key();
    let (view, content) = town.seal(&key, &daily("420000/429005"));
    let file = town
        .get(&format!("/v1/reports/{}/sealed", id(&view)), &key)
        .1;
    let server = town.app().rooms.access.key().public();
    let sealed = verify(&file, None, &server).unwrap();
    assert_eq!(sealed.number, view["number"].as_str().unwrap());
    let bytes = town.get(&format!("/v1/reports/{}", id(&view)), &key).1;
    assert!(verify(&bytes, view["signature"].as_str(), &server).is_ok());

    // The same with plain libraries.
    let envelope: Value = serde_json::from_slice(&file).unwrap();
    let said = envelope["content"].as_str().unwrap();
    let hex = envelope["signature"].as_str().unwrap();
    let signature: Vec<u8> = (0..65)
        .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    let text = [b"xuncha.report.1\0", said.as_bytes()].concat();
    let signature = ed25519_dalek::Signature::from_slice(&signature[1..]).unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(&server.0).unwrap();
    assert!(public.verify_strict(&text, &signature).is_ok());
    assert_eq!(serde_json::from_str::<Value>(said).unwrap(), content);

    let altered = String::from_utf8(file)
        .unwrap()
        .replacen("daily", "weekly", 1);
    assert!(verify(altered.as_bytes(), None, &server).is_err());
    let other = sync_core::identity::SecretKey::from_seed([1; 32]).public();
    assert!(verify(&bytes, view["signature"].as_str(), &other).is_err());
}

#[test]
fn a_province_adds_up_the_frozen_reports_of_its_cities_and_says_which() {
    let town = Town::province();
    let found = |county: &str, count: usize| {
        let one = Found::at(&format!("{county}/s1/c1/G1"), 10, "EV-06");
        town.ledger_has(vec![one; count]);
    };
    for county in COUNTIES {
        found(county, 2);
    }
    town.at(AFTERNOON);
    let key = town.province_key();
    let (wuhan, city) = town.seal(&key, &daily("420000/420100"));
    assert_eq!(value(&city["total"], "ST-07"), 6.0);
    // Later than the city's report: in the live figures, not in the frozen ones.
    found(WUCHANG, 5);
    found("420000/429004", 1);
    let (_, province) = town.seal(&key, &daily("420000"));
    let sources = province["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert_eq!(sources[0]["area"], "420000/420100");
    assert_eq!(sources[0]["report"], wuhan["number"]);
    assert_eq!(sources[0]["sha256"], wuhan["sha256"]);
    let rows = province["rows"].as_array().unwrap();
    let of = |level: &str, area: &str| {
        let mut rows = rows
            .iter()
            .filter(|r| r["level"] == level && r["area"] == area);
        let row = rows.next().unwrap_or_else(|| panic!("{level} {area}"));
        assert!(rows.next().is_none(), "{level} {area} twice");
        value(row, "ST-07")
    };
    assert_eq!(of("city", "420000/420100"), 6.0);
    assert_eq!(of("county", WUCHANG), 2.0);
    assert_eq!(of("city", "420000/429004"), 3.0);
    assert_eq!(value(&province["total"], "ST-07"), 41.0);
    let sum = |level: &str| -> f64 {
        let rows = rows.iter().filter(|row| row["level"] == level);
        rows.map(|row| value(row, "ST-07")).sum()
    };
    assert_eq!((sum("city"), sum("county")), (41.0, 41.0));
    let checks = province["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["holds"] == true));
}

#[test]
fn a_report_waits_until_the_ledger_has_caught_up() {
    // A server whose follower is at rest.
    let town = Town::new();
    let mut config = Config::new(town.folder.path().join("quiet"), ([127, 0, 0, 1], 0).into());
    config.database = database::fresh(&town.runtime);
    let now: Now = std::sync::Arc::new(|| ServerTime(AFTERNOON));
    let (storage, rooms) = open(&config, now).unwrap();
    let county = area(WUCHANG);
    let space = county.clone();
    let made = storage.write(move |tx| {
        spaces::create(tx, &space, LogId([1; 8]))?;
        spaces::raise_head(tx, &space, 3)
    });
    town.runtime.block_on(made).unwrap();
    let order: Order = serde_json::from_value(daily(WUCHANG)).unwrap();
    let (access, review) = (&rooms.access, &rooms.review);
    let seal = async {
        let person = PersonId([1; 16]);
        let token = access.issue_token(person, Role::CountyReviewer, county, String::new());
        let reach = access.reach(&token.await?).await?;
        let early = review.seal(&reach, order.clone(), access.key().clone(), AFTERNOON);
        let early = early.await;
        rooms.projection.catch_up().await?;
        let later = review.seal(&reach, order, access.key().clone(), AFTERNOON);
        Ok::<_, Refusal>((early, later.await))
    };
    let (early, later) = town.runtime.block_on(seal).unwrap();
    let early = early.unwrap_err().to_string();
    assert!(early.contains("ledger-behind: 3 changes"), "{early}");
    assert!(later.is_ok(), "{later:?}");
}

#[test]
fn inv_12_numbers_are_given_once_and_steps_need_two_people() {
    let town = Town::province();
    town.at(AFTERNOON);
    let county = "420000/420100/420103";
    let key = |person, role, area| town.key_of(person, role, area);
    let (writer, chief) = (
        key(1, Role::CountyReviewer, county),
        key(2, Role::CountyReviewer, county),
    );
    let city = key(3, Role::CityReviewer, "420000/420100");
    let province = town.province_key();
    let mut numbers = BTreeSet::new();
    let mut before = Value::Null;
    for version in 1..=3 {
        town.at(AFTERNOON + version * 1000);
        let mut order = daily(county);
        if version > 1 {
            order["corrects"] = before;
            order["reason"] = "更正".into();
        }
        let (view, _) = town.seal(&writer, &order);
        assert!(
            numbers.insert(view["number"].as_str().unwrap().to_owned()),
            "{numbers:?}"
        );
        before = view["id"].clone();
    }
    let stale = json!({ "kind": "daily", "area": county, "from": "2024-03-25", "to": "2024-03-25",
        "cut_off": "2024-03-25T16:00:00+08:00" });
    assert_eq!(town.post("/v1/reports", &writer, &stale).0, 409);
    let report = json!({ "id": before });
    assert_eq!(
        town.step(&writer, &report, "county_signed").0,
        409,
        "by whoever made it"
    );
    assert_eq!(
        town.step(&city, &report, "city_checked").0,
        409,
        "not signed yet"
    );
    for (who, step) in [
        (&chief, "county_signed"),
        (&city, "city_checked"),
        (&city, "submitted"),
        (&province, "accepted"),
        (&province, "locked"),
    ] {
        let (status, view) = town.step(who, &report, step);
        assert_eq!((status, &view["state"]), (200, &json!(step)), "{view}");
    }
    let view = town.json(&format!("/v1/reports?area={county}&limit=1"), &chief);
    assert_eq!(view["items"][0]["steps"].as_array().unwrap().len(), 6);
    assert!(view["next"].is_string());
    let after = view["next"].as_str().unwrap().replace('|', "%7C");
    let rest = town.json(&format!("/v1/reports?area={county}&after={after}"), &chief);
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_countys_key_reads_and_seals_nothing_of_another_county() {
    let town = Town::province();
    town.at(AFTERNOON);
    let (view, _) = town.seal(&town.province_key(), &daily(WUCHANG));
    let other = town.key_of(1, Role::CountyReviewer, "420000/420100/420103");
    let worker = town.key_of(2, Role::GridWorker, WUCHANG);
    for key in [&other, &worker] {
        assert_eq!(town.json("/v1/reports", key)["items"], json!([]));
        for path in ["", "/sealed", "/late"] {
            assert_eq!(
                town.get(&format!("/v1/reports/{}{path}", id(&view)), key).0,
                404,
                "{path}"
            );
        }
        assert_eq!(town.step(key, &view, "county_signed").0, 404);
        assert_eq!(town.post("/v1/reports", key, &daily(WUCHANG)).0, 403);
    }
    for (change, named) in [
        (json!({ "cut_off": "2024-03-25T18:00:00+08:00" }), "cut_off"),
        (json!({ "from": "2024-03-26" }), "to"),
        (json!({ "kind": "yearly" }), "kind"),
    ] {
        let mut order = daily("420000/420100/420103");
        order
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let (status, problem) = town.post("/v1/reports", &other, &order);
        assert_eq!(status, 400, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
    }
}

#[test]
fn a_cumulative_figure_that_falls_is_pointed_out() {
    let town = Town::province();
    let place = format!("{WUCHANG}/s1/c1/G1");
    town.ledger_has(vec![Found::at(&place, 10, "EV-06"); 3]);
    town.at(AFTERNOON);
    let key = town.province_key();
    town.seal(&key, &daily(WUCHANG));
    // One turned out to be none.
    town.in_ledger(|tx| {
        tx.execute(
            "UPDATE hazard SET state = 95 WHERE doc = (SELECT doc FROM hazard ORDER BY doc LIMIT 1)",
            &[],
        )
    });
    town.at(AFTERNOON + 24 * HOUR);
    let next = json!({ "kind": "daily", "area": WUCHANG, "from": "2024-03-26", "to": "2024-03-26",
        "cut_off": "2024-03-26T16:00:00+08:00" });
    let (_, content) = town.seal(&key, &next);
    let falls = content["falls"].as_array().unwrap();
    assert_eq!(falls.len(), 1, "{falls:?}");
    assert_eq!(
        (&falls[0]["before"], &falls[0]["now"]),
        (&json!(3), &json!(2))
    );
}
