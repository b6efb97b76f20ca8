//! Steps of reports: sealed when the ledger is up to date, numbered once, added up, checked by another person.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::record::{LogEpoch, PersonId, Role, ServerTime};
use xuncha_server::{
    app::open, config::Config, host::Now, refusal::Refusal, reporting::Order, storage::spaces,
};

use crate::support::{
    Town, database,
    province::{COUNTIES, Found, WUCHANG, area, value},
    sealing::{AFTERNOON, HOUR, daily, id},
};

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
    let closed = Found::at("420000/420200/420202/s1/c1/G1", 80, "EV-06");
    town.ledger_has(vec![closed; 2]);
    town.at(AFTERNOON);
    let [writer, chief] = [1, 2].map(|n| town.reviewer(n, "420000/420100"));
    let key = town.province_key();
    let (wuhan, city) = town.seal(&writer, &daily("420000/420100"));
    assert_eq!(value(&city["total"], "ST-07"), 6.0);
    town.steps(&wuhan, &[(&chief, "city_checked")]);
    // Later than the city's report: in the live figures, not in the sealed ones.
    found(WUCHANG, 5);
    found("420000/429004", 1);
    town.in_ledger(|tx| spaces::raise_head(tx, &area(WUCHANG), 3));
    town.project();
    let (_, province) = town.seal(&key, &daily("420000"));
    let sources = province["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert_eq!(sources[0]["area"], "420000/420100");
    assert_eq!(sources[0]["report"], wuhan["number"]);
    assert_eq!(sources[0]["sha256"], wuhan["sha256"]);
    // No change may fall between two reports: for a county in both, the earlier mark is kept.
    let mark = |sheet: &Value| {
        let marks = sheet["marks"].as_array().unwrap();
        let of = marks.iter().find(|mark| mark["space"] == WUCHANG);
        of.unwrap()["seq"].clone()
    };
    assert_eq!((mark(&city), mark(&province)), (json!(0), json!(0)));
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
    let whole = ["ST-07", "ST-08", "ST-09"].map(|code| value(&province["total"], code));
    assert_eq!(whole, [43., 2., 4.7]);
    let sum = |level: &str| -> f64 {
        let rows = rows.iter().filter(|row| row["level"] == level);
        rows.map(|row| value(row, "ST-07")).sum()
    };
    assert_eq!((sum("city"), sum("county")), (43.0, 43.0));
    let checks = province["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["holds"] == true));
}

#[test]
fn a_part_is_counted_anew_if_its_report_came_back_or_counted_something_else() {
    let town = Town::province();
    let one = Found::at(&format!("{WUCHANG}/s1/c1/G1"), 10, "EV-06");
    let far = Found::at("420000/429004/s1/c1/G1", 10, "EV-06");
    town.ledger_has(vec![one.clone(), one.clone(), far.clone(), far]);
    town.at(AFTERNOON);
    let city = |person| town.reviewer(person, "420000/420100");
    let (writer, chief, third, key) = (city(1), city(2), city(3), town.province_key());
    let (wuhan, _) = town.seal(&writer, &daily("420000/420100"));
    town.steps(&wuhan, &[(&chief, "city_checked")]);
    // A county that is also a city.
    let direct = |person| town.reviewer(person, "420000/429004");
    let (own, _) = town.seal(&direct(4), &daily("420000/429004"));
    town.steps(&own, &[(&direct(5), "city_checked")]);
    town.ledger_has(vec![one]);
    let mut corrects = [Value::Null, Value::Null];
    let mut seal = |without_duties: bool| {
        let mut order = daily("420000");
        order["without_duties"] = without_duties.into();
        let before = &mut corrects[usize::from(without_duties)];
        if !before.is_null() {
            order["corrects"] = before.clone();
            order["reason"] = "更正".into();
        }
        let (view, sheet) = town.seal(&key, &order);
        *before = view["id"].clone();
        let rows = sheet["rows"].as_array().unwrap().iter();
        let rows: Vec<_> = rows
            .map(|r| format!("{} {}", r["level"], r["area"]))
            .collect();
        let once: BTreeSet<_> = rows.iter().collect();
        assert_eq!(once.len(), rows.len(), "each place once: {rows:?}");
        for level in ["city", "county"] {
            let rows = sheet["rows"].as_array().unwrap().iter();
            let rows = rows.filter(|row| row["level"] == level);
            let sum: f64 = rows.map(|row| value(row, "ST-07")).sum();
            assert_eq!(sum, value(&sheet["total"], "ST-07"), "{level}");
        }
        let sources = sheet["sources"].as_array().unwrap().len();
        let (series, _) = view["number"].as_str().unwrap().rsplit_once('-').unwrap();
        (sources, value(&sheet["total"], "ST-07"), series.to_owned())
    };
    let (sources, found, series) = seal(true);
    assert_eq!((sources, found), (0, 5.), "the city's has the duties in it");
    assert_eq!(seal(false), (2, 4., series.clone()));
    town.steps(&wuhan, &[(&third, "submitted"), (&key, "returned")]);
    assert_eq!(seal(false), (1, 5., series.clone()), "it came back");
    // In another log epoch numbers are of another series, so that none is used twice.
    let life = [0xee_u8; 8];
    town.in_ledger(move |tx| tx.execute("UPDATE space SET log_epoch = $1", &[life[..].into()]));
    assert_ne!(seal(false).2, series);
}

#[test]
fn a_report_waits_until_the_ledger_has_caught_up() {
    // A server whose projection does not run.
    let town = Town::new();
    let mut config = Config::new(town.folder.path().join("quiet"), ([127, 0, 0, 1], 0).into());
    config.database = database::fresh(&town.runtime);
    config.key_in_database = true;
    let now: Now = std::sync::Arc::new(|| ServerTime(AFTERNOON));
    let (storage, components) = open(&config, now).unwrap();
    let county = area(WUCHANG);
    let space = county.clone();
    let made = storage.write(move |tx| {
        spaces::create(tx, &space, LogEpoch([1; 8]))?;
        spaces::raise_head(tx, &space, 3)
    });
    town.runtime.block_on(made).unwrap();
    let order: Order = serde_json::from_value(daily(WUCHANG)).unwrap();
    let (access, reporting) = (&components.access, &components.reporting);
    let seal = async {
        let person = PersonId([1; 16]);
        let token = access.issue_token(person, Role::CountyReviewer, county, String::new());
        let reach = access.reach(&token.await?).await?;
        let early = reporting.seal(&reach, order.clone(), access.key().clone(), AFTERNOON);
        let early = early.await;
        components.projection.catch_up().await?;
        let later = reporting.seal(&reach, order, access.key().clone(), AFTERNOON);
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
    let [city, other_city] = [3, 4].map(|n| key(n, Role::CityReviewer, "420000/420100"));
    let [province, other_province] = [5, 6].map(|n| key(n, Role::ProvinceReviewer, "420000"));
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
        (&other_city, "submitted"),
        (&province, "accepted"),
        (&other_province, "locked"),
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
    let (view, _) = town.seal(&town.reviewer(3, WUCHANG), &daily(WUCHANG));
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
    let key = town.reviewer(1, WUCHANG);
    town.seal(&key, &daily(WUCHANG));
    // One turned out to be no hazard.
    town.in_ledger(|tx| {
        tx.execute(
            "UPDATE hazard_span SET state = 95 WHERE doc = (SELECT doc FROM hazard ORDER BY doc LIMIT 1)",
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
