//! Steps of sealed reports: by people of the level of their post, one step each, and only with the version that stands.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::record::Role;

use crate::support::{
    Town,
    database::is_postgres,
    province::{Found, WUCHANG, ZONE, row_of, value},
    sealing::{AFTERNOON, daily, id},
};

const WUHAN: &str = "420000/420100";

/// The keys of a county's chain: two people of each level, and a third of the province.
struct Chain {
    county: [String; 2],
    city: [String; 2],
    province: [String; 3],
}

impl Chain {
    fn of(town: &Town) -> Self {
        Self {
            county: [1, 2].map(|n| town.reviewer(n, WUCHANG)),
            city: [3, 4].map(|n| town.reviewer(n, WUHAN)),
            province: [5, 6, 7].map(|n| town.reviewer(n, "420000")),
        }
    }

    /// Every step from the signature to the lock.
    fn up(&self) -> [(&str, &str); 5] {
        [
            (&self.county[1], "county_signed"),
            (&self.city[0], "city_checked"),
            (&self.city[1], "submitted"),
            (&self.province[0], "accepted"),
            (&self.province[1], "locked"),
        ]
    }
}

fn town() -> Town {
    let town = Town::province();
    town.ledger_has(vec![
        Found::at(&format!("{WUCHANG}/s1/c1/G1"), 10, "EV-06");
        3
    ]);
    town.at(AFTERNOON);
    town
}

/// An order that corrects a report.
fn correction(report: &Value) -> Value {
    json!({ "kind": report["kind"], "area": report["area"], "from": report["from"], "to": report["to"],
        "cut_off": report["cut_off"], "without_duties": report["without_duties"], "corrects": report["id"],
        "reason": "更正" })
}

/// Orders a report that must be refused, and returns the detail.
fn refused(town: &Town, key: &str, order: &Value, expected: (u16, &str)) -> String {
    let (status, problem) = town.post("/v1/reports", key, order);
    assert_eq!(
        (status, &problem["code"]),
        (expected.0, &json!(expected.1)),
        "{problem}"
    );
    problem["detail"].as_str().unwrap().to_owned()
}

#[test]
fn a_locked_report_is_corrected_only_after_it_was_unlocked_with_a_reason() {
    let town = town();
    let chain = Chain::of(&town);
    let (first, _) = town.seal(&chain.county[0], &daily(WUCHANG));
    for (key, step) in chain.up() {
        town.steps(&first, &[(key, step)]);
        if step == "county_signed" {
            continue;
        }
        let detail = refused(
            &town,
            &chain.county[0],
            &correction(&first),
            (409, "report-step"),
        );
        assert!(detail.contains(step), "{detail}");
    }
    let path = format!("/v1/reports/{}/steps", id(&first));
    let bare = town.post(&path, &chain.province[2], &json!({ "step": "unlocked" }));
    assert_eq!(bare.0, 400, "a reason is needed: {}", bare.1);
    assert_eq!(town.step(&chain.city[0], &first, "unlocked").0, 409);
    town.steps(&first, &[(&chain.province[2], "unlocked")]);
    let (second, _) = town.seal(&chain.county[0], &correction(&first));
    assert_eq!(second["version"], 2);
    let old = town.json(&format!("/v1/reports?area={WUCHANG}"), &chain.county[0]);
    let old = old["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"] == first["id"]);
    assert_eq!(old.unwrap()["corrected_by"], second["number"]);
}

#[test]
fn a_version_that_was_corrected_takes_no_step() {
    let town = town();
    let chain = Chain::of(&town);
    let (first, _) = town.seal(&chain.county[0], &daily(WUCHANG));
    town.steps(&first, &[(&chain.county[1], "county_signed")]);
    let (second, _) = town.seal(&chain.county[0], &correction(&first));
    for (key, step) in [
        (&chain.city[0], "city_checked"),
        (&chain.city[0], "returned"),
        (&chain.county[0], "withdrawn"),
    ] {
        let (status, problem) = town.step(key, &first, step);
        assert_eq!(
            (status, &problem["code"]),
            (409, &json!("report-step")),
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains(second["number"].as_str().unwrap()),
            "{detail}"
        );
    }
    town.steps(&second, &chain.up());
}

#[test]
fn a_report_is_sealed_by_its_own_organisation_and_each_person_takes_one_step() {
    let town = town();
    let chain = Chain::of(&town);
    for (key, area) in [
        (&chain.province[0], WUCHANG),
        (&chain.city[0], WUCHANG),
        (&chain.province[0], WUHAN),
    ] {
        let detail = refused(&town, key, &daily(area), (403, "out-of-scope"));
        assert!(detail.contains(area), "{detail}");
    }
    // A post is of a level: a county's reviewer with the area of the province is no reviewer of a county.
    let wide = town.key_of(8, Role::CountyReviewer, "420000");
    refused(&town, &wide, &daily(WUCHANG), (403, "out-of-scope"));
    let (report, _) = town.seal(&chain.county[0], &daily(WUCHANG));
    assert_eq!(town.step(&wide, &report, "county_signed").0, 403);
    // One person with posts at every level.
    let [city, province] = [
        town.key_of(1, Role::CityReviewer, WUHAN),
        town.key_of(1, Role::ProvinceReviewer, "420000"),
    ];
    let up = chain.up();
    town.steps(&report, &up[..1]);
    assert_eq!(
        town.step(&city, &report, "city_checked").0,
        409,
        "the draft is theirs"
    );
    town.steps(&report, &up[1..2]);
    assert_eq!(town.step(&chain.city[0], &report, "submitted").0, 409);
    town.steps(&report, &up[2..3]);
    assert_eq!(town.step(&province, &report, "accepted").0, 409);
    town.steps(&report, &up[3..4]);
    assert_eq!(town.step(&chain.province[0], &report, "locked").0, 409);
    town.steps(&report, &up[4..]);
}

#[test]
fn a_functional_area_has_steps_and_its_report_is_added_up_by_the_city() {
    let town = town();
    let chain = Chain::of(&town);
    town.ledger_has(vec![Found::at(
        &format!("{}/G1", crate::support::province::SPLIT),
        10,
        "EV-06",
    )]);
    // A community of a county reports to the zone, so the city's reviewer seals: the zone's may not read that county.
    let (report, sheet) = town.seal(&chain.city[0], &daily(ZONE));
    assert_eq!(value(&sheet["total"], "ST-07"), 1.0);
    let zone = town.key_of(9, Role::CountyReviewer, ZONE);
    town.steps(
        &report,
        &[(&zone, "county_signed"), (&chain.city[1], "city_checked")],
    );
    let (_, city) = town.seal(&chain.city[0], &daily(WUHAN));
    assert_eq!(city["sources"][0]["report"], report["number"]);
    assert_eq!(value(&city["total"], "ST-07"), 4.0);
    // It is listed with the counties, whether its own report is added up or it is counted again.
    assert_eq!(value(row_of(&city, ZONE), "ST-07"), 1.0);
    assert_eq!(row_of(&city, ZONE)["level"], "county");
}

#[test]
fn a_report_that_was_sealed_by_mistake_is_withdrawn_by_a_second_person_with_a_reason() {
    let town = town();
    let chain = Chain::of(&town);
    let (wrong, _) = town.seal(&chain.county[0], &daily(WUCHANG));
    let path = format!("/v1/reports/{}/steps", id(&wrong));
    let bare = town.post(&path, &chain.county[1], &json!({ "step": "withdrawn" }));
    assert_eq!(bare.0, 400, "a reason is needed: {}", bare.1);
    assert_eq!(town.step(&chain.county[0], &wrong, "withdrawn").0, 409);
    town.steps(&wrong, &[(&chain.county[1], "withdrawn")]);
    let third = town.reviewer(8, WUCHANG);
    assert_eq!(town.step(&third, &wrong, "county_signed").0, 409);
    let mut order = correction(&wrong);
    refused(&town, &chain.county[0], &order, (404, "not-found"));
    order = daily(WUCHANG);
    let (right, _) = town.seal(&chain.county[0], &order);
    assert_eq!(
        (&right["version"], &right["corrects"]),
        (&json!(2), &Value::Null)
    );
    assert_ne!(right["number"], wrong["number"]);
    town.steps(&right, &chain.up());
    let bytes = town.get(&format!("/v1/reports/{}", id(&wrong)), &third);
    assert_eq!(bytes.0, 200, "its bytes stay readable");
}

#[test]
fn reports_with_and_without_duties_of_one_period_are_two_reports() {
    let town = town();
    let chain = Chain::of(&town);
    let (with, _) = town.seal(&chain.county[0], &daily(WUCHANG));
    let mut order = daily(WUCHANG);
    order["without_duties"] = true.into();
    let (without, _) = town.seal(&chain.county[0], &order);
    for (view, duties) in [(&with, false), (&without, true)] {
        assert_eq!(
            (&view["version"], &view["corrects"]),
            (&json!(1), &Value::Null)
        );
        assert_eq!(view["without_duties"], duties);
        town.steps(view, &chain.up());
    }
    // The migration that added the column found the same in the sealed bytes.
    let found = if is_postgres() {
        include_str!("../../server/src/storage/migrations/0012_reports_stand.postgres.sql")
    } else {
        include_str!("../../server/src/storage/migrations/0012_reports_stand.sqlite.sql")
    };
    town.in_ledger(move |tx| {
        tx.execute(
            "UPDATE report SET without_duties = 0, version = 7 WHERE without_duties = 1",
            &[],
        )?;
        tx.execute(found.trim_end().trim_end_matches(';'), &[])?;
        tx.execute(
            "UPDATE report SET version = 1 WHERE without_duties = 1 AND version = 7",
            &[],
        )
    });
    let listed = town.json(&format!("/v1/reports?area={WUCHANG}"), &chain.county[0]);
    let found = listed["items"].as_array().unwrap().iter();
    let found = found.filter(|item| item["without_duties"] == true);
    assert_eq!(
        found.map(|item| &item["id"]).collect::<Vec<_>>(),
        [&without["id"]]
    );
    // Neither corrects the other.
    order["corrects"] = with["id"].clone();
    order["reason"] = "更正".into();
    assert_eq!(town.post("/v1/reports", &chain.county[0], &order).0, 409);
}

/// The versions of the county's daily report of a day.
fn versions(town: &Town, key: &str, day: &str) -> Vec<Value> {
    let listed = town.json(&format!("/v1/reports?area={WUCHANG}&limit=500"), key);
    let all = listed["items"].as_array().unwrap().iter();
    all.filter(|report| report["from"] == day)
        .cloned()
        .collect()
}

/// What one person does while all others act: steps of the newest and of the first version, and corrections.
fn act(town: &Town, key: &str, (day, turn): (&str, usize)) {
    const STEPS: [&str; 8] = [
        "county_signed",
        "city_checked",
        "submitted",
        "accepted",
        "locked",
        "returned",
        "unlocked",
        "withdrawn",
    ];
    let versions = versions(town, key, day);
    let by_version = |report: &&Value| report["version"].as_i64();
    let newest = versions.iter().max_by_key(by_version).unwrap();
    let first = versions.iter().min_by_key(by_version).unwrap();
    // Each round and person has another order of steps.
    let answer = match STEPS.get(turn % 11) {
        Some(step) => town.step(
            key,
            if turn.is_multiple_of(2) {
                newest
            } else {
                first
            },
            step,
        ),
        None => town.post("/v1/reports", key, &correction(newest)),
    };
    assert!(
        [200, 403, 404, 409, 503].contains(&answer.0),
        "{}",
        answer.1
    );
    for step in &STEPS[..5] {
        town.step(key, newest, step);
    }
}

/// What must hold of the versions of one report, whatever was done at once.
fn assert_in_order(versions: &[Value]) {
    let mut numbers = BTreeSet::new();
    for version in versions {
        assert!(
            numbers.insert(version["number"].as_str().unwrap()),
            "{versions:?}"
        );
        let steps = version["steps"].as_array().unwrap();
        let people: BTreeSet<_> = steps
            .iter()
            .map(|s| s["person"].as_str().unwrap())
            .collect();
        assert_eq!(people.len(), steps.len(), "one person, one step: {version}");
        let names: Vec<_> = steps.iter().map(|s| s["step"].as_str().unwrap()).collect();
        for pair in names.windows(2) {
            let follows: &[&str] = match pair[0] {
                "draft" => &["county_signed", "withdrawn"],
                "county_signed" => &["city_checked", "returned"],
                "city_checked" => &["submitted", "returned"],
                "submitted" => &["accepted", "returned"],
                "accepted" => &["locked", "returned"],
                "locked" => &["unlocked"],
                "unlocked" => &["locked", "withdrawn"],
                "returned" => &["withdrawn"],
                _ => &[],
            };
            assert!(follows.contains(&pair[1]), "{names:?}");
        }
        if !version["corrected_by"].is_null() {
            let last = *names.last().unwrap();
            let open = ["draft", "county_signed", "returned", "unlocked"];
            assert!(open.contains(&last), "corrected at {last}: {version}");
        }
    }
    let stands = |v: &&Value| v["corrected_by"].is_null() && v["state"] != "withdrawn";
    let standing: Vec<_> = versions.iter().filter(stands).collect();
    assert!(standing.len() <= 1, "one version stands: {versions:?}");
    let accepted = |v: &&Value| ["accepted", "locked"].contains(&v["state"].as_str().unwrap());
    assert!(
        versions.iter().filter(accepted).count() <= 1,
        "{versions:?}"
    );
}

#[test]
fn steps_of_one_report_by_people_of_all_levels_at_once_have_one_order() {
    let town = town();
    let areas = [(1..=3, WUCHANG), (4..=6, WUHAN), (7..=9, "420000")];
    let people = areas
        .into_iter()
        .flat_map(|(people, area)| people.map(move |n| (n, area)));
    let keys: Vec<String> = people.map(|(n, area)| town.reviewer(n, area)).collect();
    let (mut locked, mut corrected) = (0, 0);
    for round in 0..60 {
        let day = format!("2024-{:02}-{:02}", 1 + round / 20, 1 + round % 20);
        let order = json!({ "kind": "daily", "area": WUCHANG, "from": day, "to": day });
        town.seal(&keys[0], &order);
        std::thread::scope(|scope| {
            for (person, key) in keys.iter().enumerate() {
                let (town, day) = (&town, day.as_str());
                scope.spawn(move || act(town, key, (day, round * 7 + person * 3)));
            }
        });
        let versions = versions(&town, &keys[0], &day);
        assert_in_order(&versions);
        locked += versions.iter().filter(|v| v["state"] == "locked").count();
        corrected += versions
            .iter()
            .filter(|v| !v["corrected_by"].is_null())
            .count();
    }
    assert!(
        locked > 0 && corrected > 0,
        "{locked} locked, {corrected} corrected"
    );
}
