//! The hierarchy over time: on each day an area counts in one place, and its owner of that day sees, seals and checks it.

use serde_json::{Value, json};
use sync_core::record::{CompoundId, LogEpoch, Role};
use xuncha_server::storage::{regions, spaces};

use crate::support::{
    MORNING, Town,
    province::{COUNTIES, Found, WUCHANG, area, fresh, row_of, value},
};

const DAY: i64 = 86_400_000;
const JIANGAN: &str = COUNTIES[1];
const WUHAN: &str = "420000/420100";
const HUANGSHI: &str = "420000/420200";
const ALL: &str = "420000";

/// Two hazards in Wuchang's street S1, two in its street S2, and two in Jiang'an.
fn town() -> Town {
    let town = Town::province();
    let at = |path: String| Found::at(&path, 30, "EV-06");
    let mut all = Vec::new();
    for street in [
        format!("{WUCHANG}/S1"),
        format!("{WUCHANG}/S2"),
        format!("{JIANGAN}/S3"),
    ] {
        all.extend([at(format!("{street}/c1/G1")), at(format!("{street}/c2/G2"))]);
    }
    town.ledger_has(all);
    town
}

fn imported(town: &Town, text: &str) {
    let import = town.import_regions(text);
    assert!(import.written, "{import:?}");
}

fn sheet(town: &Town, area: &str, day: &str) -> Value {
    let query = format!("/v1/indicators?area={area}&by=county&from={day}&to={day}");
    town.json(&query, &town.province_key())
}

/// The hazards of an area's sheet of a day.
fn count(town: &Town, area: &str, day: &str) -> f64 {
    value(&sheet(town, area, day)["total"], "ST-07")
}

fn status(town: &Town, key: &str, area: &str, day: &str) -> u16 {
    town.get(
        &format!("/v1/indicators?area={area}&from={day}&to={day}"),
        key,
    )
    .0
}

fn order(area: &str, day: &str) -> Value {
    json!({ "kind": "daily", "area": area, "from": day, "to": day })
}

#[test]
fn an_import_with_a_circle_on_any_day_that_it_names_is_refused_with_the_day_and_every_area() {
    let town = town();
    for (text, day) in [
        (
            format!(
                "path,name,level,report_parent,valid_to,replaced_by\n\
                 {WUCHANG},武昌区,county,{JIANGAN},2024-06-30,420000/420200/420202\n\
                 {JIANGAN},江岸区,county,{WUCHANG},,\n"
            ),
            "2024-06-30",
        ),
        (
            format!(
                "path,name,level,parent,valid_from,valid_to,replaced_by\n\
                 {WUCHANG},武昌区,county,{JIANGAN},2024-05-01,,\n\
                 {JIANGAN},江岸区,county,,,2024-06-30,{WUCHANG}\n"
            ),
            "2024-07-01",
        ),
        (
            format!("path,name,level,parent\n{WUHAN},武汉市,city,{WUCHANG}\n"),
            "1949-10-01",
        ),
    ] {
        let import = town.import_regions(&text);
        assert!(!import.written && import.bad.len() == 1, "{import:?}");
        let problem = &import.bad[0].problem;
        assert!(problem.contains(WUCHANG), "{problem}");
        assert!(problem.contains(day), "{problem}: {day}");
        assert_eq!(count(&town, ALL, "2024-03-25"), 6.0);
    }
}

#[test]
fn a_sheet_fails_by_name_if_the_stored_regions_report_to_each_other_in_a_circle() {
    let town = town();
    let circle = |path: &'static str, above: &'static str| {
        town.in_ledger(move |tx| {
            let mut rows = regions::list(tx)?;
            rows.retain(|row| row.path.as_str() == path);
            rows[0].report_parent = Some(area(above));
            regions::put(tx, &rows)
        });
    };
    circle(WUCHANG, JIANGAN);
    circle(JIANGAN, WUCHANG);
    let key = town.province_key();
    for path in [
        "/v1/indicators?area=420000",
        "/v1/indicators",
        "/v1/statistics",
    ] {
        let (status, body) = town.get(path, &key);
        let body = String::from_utf8_lossy(&body);
        assert_eq!(status, 500, "{path}: {body}");
        assert!(
            body.contains("regions-circular") && body.contains(WUCHANG),
            "{path}: {body}"
        );
    }
    town.at(MORNING + DAY);
    let (status, body) = town.post("/v1/reports", &key, &order(ALL, "2024-03-25"));
    assert_eq!(
        (status, &body["code"]),
        (500, &json!("regions-circular")),
        "{body}"
    );
}

#[test]
fn a_street_that_moved_by_its_parent_or_its_report_parent_counts_in_one_county() {
    for column in ["parent", "report_parent"] {
        let town = town();
        // No other part of Jiang'an reports elsewhere.
        imported(
            &town,
            &format!("path,name,level,{column}\n{JIANGAN}/S3,某街道,street,{WUCHANG}\n"),
        );
        let day = "2024-03-25";
        assert_eq!(count(&town, WUCHANG, day), 6.0, "{column}");
        assert_eq!(count(&town, JIANGAN, day), 0.0, "{column}");
        let city = sheet(&town, WUHAN, day);
        let of = |county: &str| value(row_of(&city, county), "ST-07");
        assert_eq!((of(WUCHANG), of(JIANGAN)), (6.0, 0.0), "{column}");
        assert_eq!(count(&town, WUHAN, day), 6.0, "{column}");
    }
}

#[test]
fn a_zone_within_a_county_counts_once_and_so_does_a_compound_whose_street_and_community_moved() {
    let town = town();
    let zone = format!("{WUCHANG}/S1");
    let without = town.import_regions(&format!(
        "path,name,level\n{zone},某开发区,functional_area\n"
    ));
    assert!(
        without.bad[0].problem.contains("report_parent"),
        "{without:?}"
    );
    imported(
        &town,
        &format!("path,name,level,report_parent\n{zone},某开发区,functional_area,{WUHAN}\n"),
    );
    let day = "2024-03-25";
    let city = sheet(&town, WUHAN, day);
    let of = |area: &str| value(row_of(&city, area), "ST-07");
    assert_eq!((of(WUCHANG), of(&zone)), (2.0, 2.0));
    assert_eq!(
        (count(&town, WUCHANG, day), count(&town, &zone, day)),
        (2.0, 2.0)
    );

    imported(
        &town,
        &format!(
            "path,name,level,report_parent\n{WUCHANG}/S2,街道,street,{JIANGAN}\n\
             {WUCHANG}/S2/c1,社区,community,{JIANGAN}\n"
        ),
    );
    let compounds = format!("path,name\n{WUCHANG}/S2/c1/G1,清风苑\n");
    assert!(town.import_compounds(&compounds).written);
    for area in [JIANGAN, WUHAN, ALL] {
        assert_eq!(
            value(&sheet(&town, area, day)["total"], "ST-01"),
            1.0,
            "{area}"
        );
    }
    assert_eq!(value(&sheet(&town, WUCHANG, day)["total"], "ST-01"), 0.0);
}

#[test]
fn a_compound_and_its_buildings_count_once_if_their_city_has_a_log_of_its_own() {
    let town = town();
    town.in_ledger(|tx| spaces::create(tx, &area(WUHAN), LogEpoch([77; 8])));
    let (grid, id) = (format!("{WUCHANG}/S1/c1/G1"), fresh());
    let uuid = CompoundId(id);
    let text = format!("id,path,name,buildings\n{uuid},{grid},清风苑,3栋;4栋\n");
    assert!(town.import_compounds(&text).written);
    town.inspected(&grid, id, &["3"], MORNING);
    for place in [ALL, WUHAN, WUCHANG] {
        let total = sheet(&town, place, "2024-03-25")["total"].clone();
        let found = ["ST-01", "ST-04", "ST-04a", "ST-04b"].map(|code| value(&total, code));
        assert_eq!(found, [1.0, 1.0, 2.0, 0.0], "{place}");
    }
    // It moves to another county with its buildings, which the file does not have.
    let to = format!("{JIANGAN}/S3/c1/G1");
    assert!(
        town.import_compounds(&format!("id,path\n{uuid},{to}\n"))
            .written
    );
    for (place, expected) in [(ALL, 2.0), (WUCHANG, 0.0), (JIANGAN, 2.0)] {
        let total = sheet(&town, place, "2024-03-25")["total"].clone();
        assert_eq!(value(&total, "ST-04a"), expected, "{place}");
    }
}

#[test]
fn a_move_takes_effect_on_its_day_and_each_day_has_one_owner() {
    let town = town();
    imported(
        &town,
        &format!(
            "path,name,level,parent,valid_from\n{WUCHANG},武昌区,county,{HUANGSHI},2024-03-26\n"
        ),
    );
    town.at(MORNING + 2 * DAY);
    for (day, wuhan, huangshi) in [("2024-03-25", 6.0, 0.0), ("2024-03-26", 2.0, 4.0)] {
        assert_eq!(count(&town, WUHAN, day), wuhan, "{day}");
        assert_eq!(count(&town, HUANGSHI, day), huangshi, "{day}");
        assert_eq!(count(&town, ALL, day), 6.0, "{day}");
    }
}

#[test]
fn from_the_day_of_a_move_the_new_city_sees_seals_and_checks_a_county_and_the_old_one_what_was_sealed_before()
 {
    let town = town();
    let old = town.key_of(1, Role::CityReviewer, WUHAN);
    let new = town.key_of(2, Role::CityReviewer, HUANGSHI);
    let county = [3, 4].map(|n| town.key_of(n, Role::CountyReviewer, WUCHANG));
    imported(
        &town,
        &format!(
            "path,name,level,parent,valid_from\n{WUCHANG},武昌区,county,{HUANGSHI},2024-03-26\n"
        ),
    );
    town.at(MORNING + 2 * DAY);
    let (before, _) = town.seal(&county[0], &order(WUCHANG, "2024-03-25"));
    let (after, _) = town.seal(&county[0], &order(WUCHANG, "2024-03-26"));
    for report in [&before, &after] {
        assert_eq!(town.step(&county[1], report, "county_signed").0, 200);
    }
    for (day, sees, not, report) in [
        ("2024-03-25", &old, &new, &before),
        ("2024-03-26", &new, &old, &after),
    ] {
        assert_eq!(status(&town, sees, WUCHANG, day), 200, "{day}");
        assert_eq!(status(&town, not, WUCHANG, day), 403, "{day}");
        let path = format!("/v1/reports/{}", report["id"].as_str().unwrap());
        assert_eq!(town.get(&path, sees).0, 200, "{day}");
        assert_eq!(town.get(&path, not).0, 404, "{day}");
        assert_eq!(town.step(not, report, "city_checked").0, 404, "{day}");
        assert_eq!(town.step(sees, report, "city_checked").0, 200, "{day}");
        for (key, expected) in [(sees, 1), (not, 0)] {
            let listed = town.json(&format!("/v1/reports?area={WUCHANG}"), key);
            let items = listed["items"].as_array().unwrap();
            let found = items
                .iter()
                .filter(|item| item["id"] == report["id"])
                .count();
            assert_eq!(found, expected, "{day}: {listed}");
        }
    }
    let own = town.json("/v1/reports", &new);
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    // Each city seals its own sheet, with the county on the days that are its own.
    for (key, city, day, expected) in [
        (&old, WUHAN, "2024-03-25", 6.0),
        (&old, WUHAN, "2024-03-26", 2.0),
        (&new, HUANGSHI, "2024-03-25", 0.0),
        (&new, HUANGSHI, "2024-03-26", 4.0),
    ] {
        let (_, content) = town.seal(key, &order(city, day));
        assert_eq!(value(&content["total"], "ST-07"), expected, "{city} {day}");
    }
    let manual = json!({ "area": WUCHANG, "indicator": "ST-07", "from": "2024-03-26",
        "to": "2024-03-26", "value": 3, "reason": "手工" });
    assert_eq!(town.post("/v1/indicators/manual", &old, &manual).0, 403);
    assert_eq!(town.post("/v1/indicators/manual", &new, &manual).0, 200);
    // The hazards themselves are read by the new owner too.
    let listed = town.json(&format!("/v1/hazards?area={WUCHANG}"), &new);
    assert_eq!(listed["items"].as_array().unwrap().len(), 4, "{listed}");
    let other = town.json(&format!("/v1/hazards?area={JIANGAN}"), &new);
    assert_eq!(other["items"], json!([]));
}

#[test]
fn a_county_that_was_replaced_seals_no_more_and_its_successor_seals_what_it_left() {
    let town = town();
    let successor = "420000/420200/420281";
    let old = [1, 2].map(|n| town.key_of(n, Role::CountyReviewer, WUCHANG));
    let new = town.key_of(3, Role::CountyReviewer, successor);
    imported(
        &town,
        &format!(
            "path,name,level,valid_to,replaced_by\n{WUCHANG},武昌区,county,2024-03-25,{successor}\n\
             {successor},新区,county,,\n"
        ),
    );
    town.at(MORNING + 2 * DAY);
    let (before, _) = town.seal(&old[0], &order(WUCHANG, "2024-03-25"));
    assert_eq!(town.step(&old[1], &before, "county_signed").0, 200);
    for key in [&old[0], &town.province_key()] {
        let (status, body) = town.post("/v1/reports", key, &order(WUCHANG, "2024-03-26"));
        assert!([400, 403].contains(&status), "{body}");
        assert!(
            body["detail"].as_str().unwrap().contains(successor),
            "{body}"
        );
    }
    assert_eq!(status(&town, &new, WUCHANG, "2024-03-25"), 403);
    let (_, content) = town.seal(&new, &order(successor, "2024-03-26"));
    assert_eq!(value(&content["total"], "ST-07"), 4.0);
    let city = sheet(&town, HUANGSHI, "2024-03-26");
    assert_eq!(value(row_of(&city, successor), "ST-07"), 4.0);
    assert_eq!(count(&town, WUHAN, "2024-03-26"), 2.0);
    assert_eq!(count(&town, ALL, "2024-03-26"), 6.0);
}

#[test]
fn a_buildings_key_of_earlier_rules_is_spelled_again_in_the_register_at_the_start() {
    let mut town = Town::province();
    let (grid, id) = (format!("{WUCHANG}/s1/c1/G1"), fresh());
    let uuid = CompoundId(id);
    let text = format!("id,path,name,buildings\n{uuid},{grid},清风苑,一一栋:2;3#楼;三栋楼B\n");
    assert!(town.import_compounds(&text).written);
    town.in_ledger(move |tx| {
        let change = "UPDATE building SET building = $1 WHERE label = $2";
        tx.execute(change, &["1".into(), "一一栋".into()])?;
        tx.execute(change, &["3#".into(), "3#楼".into()])?;
        spaces::set_meta(tx, "fold", &2_u16.to_be_bytes())
    });
    town.restart_on("server");
    town.inspected(&grid, id, &["11", "3"], MORNING);
    let total = sheet(&town, ALL, "2024-03-25")["total"].clone();
    assert_eq!(
        ["ST-04", "ST-04b"].map(|code| value(&total, code)),
        [2.0, 0.0]
    );
}
