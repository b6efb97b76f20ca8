//! Reports that add up reports of parts, cut-offs and spans, what came late, numbers after a restore, manual values.

use serde_json::{Value, json};
use sync_core::record::{DeviceTime, Role};

use crate::{
    activities::entry,
    support::{
        MORNING, Town,
        database::is_postgres,
        found,
        province::{COUNTIES, Found, WUCHANG, fresh, regions, value},
        sealing::{AFTERNOON, HOUR, daily, id, set},
    },
};

const WUHAN: &str = "420000/420100";
const DAY: i64 = 24 * HOUR;

fn town() -> Town {
    let town = Town::province();
    town.ledger_has(vec![
        Found::at(&format!("{WUCHANG}/s1/c1/G1"), 10, "EV-06");
        3
    ]);
    town.at(AFTERNOON);
    town
}

/// A daily report of a day with a cut-off.
fn order(area: &str, day: &str, cut_off: &str) -> Value {
    json!({ "kind": "daily", "area": area, "from": day, "to": day, "cut_off": format!("{cut_off}+08:00") })
}

/// A correction of a report with the same cut-off.
fn correction(report: &Value) -> Value {
    json!({ "kind": report["kind"], "area": report["area"], "from": report["from"], "to": report["to"],
        "cut_off": report["cut_off"], "corrects": report["id"], "reason": "更正" })
}

#[test]
fn a_part_is_added_up_from_the_signature_on_and_a_draft_is_named_and_left_out() {
    let town = town();
    let [writer, chief] = [1, 2].map(|n| town.reviewer(n, WUCHANG));
    let city = town.reviewer(3, WUHAN);
    let (part, _) = town.seal(&writer, &daily(WUCHANG));
    let (whole, sheet) = town.seal(&city, &daily(WUHAN));
    assert_eq!(sheet["sources"], json!([]));
    let left = &sheet["left_out"][0];
    assert_eq!(
        [&left["report"], &left["state"], &left["why"]],
        [&part["number"], &json!("draft"), &json!("step")]
    );
    assert_eq!(value(&sheet["total"], "ST-07"), 3.0, "counted again");
    town.steps(&part, &[(&chief, "county_signed")]);
    let (_, sheet) = town.seal(&city, &correction(&whole));
    assert_eq!(sheet["sources"][0]["report"], part["number"]);
    assert_eq!(sheet["left_out"], json!([]));
    // The province needs the check of the city.
    let province = town.province_key();
    let (_, sheet) = town.seal(&province, &daily("420000"));
    assert_eq!(sheet["left_out"][0]["why"], "step");
    assert_eq!(sheet["left_out"][0]["area"], WUHAN);
}

#[test]
fn a_correction_that_nobody_signed_is_never_added_up_and_neither_is_what_it_corrects() {
    let town = town();
    let [writer, chief] = [1, 2].map(|n| town.reviewer(n, WUCHANG));
    let (first, _) = town.seal(&writer, &daily(WUCHANG));
    town.steps(&first, &[(&chief, "county_signed")]);
    town.ledger_has(vec![Found::at(&format!("{WUCHANG}/s1/c1/G1"), 10, "EV-06")]);
    let (second, _) = town.seal(&writer, &correction(&first));
    let (_, sheet) = town.seal(&town.reviewer(3, WUHAN), &daily(WUHAN));
    assert_eq!(sheet["sources"], json!([]));
    assert_eq!(sheet["left_out"][0]["report"], second["number"]);
    assert_eq!(value(&sheet["total"], "ST-07"), 4.0, "counted again");
}

#[test]
fn a_part_with_a_later_cut_off_is_named_and_left_out() {
    let town = town();
    let city = town.reviewer(3, WUHAN);
    let [writer, chief] = [1, 2].map(|n| town.reviewer(n, WUCHANG));
    let (part, _) = town.seal(&writer, &daily(WUCHANG));
    town.steps(&part, &[(&chief, "county_signed")]);
    let early = order(WUHAN, "2024-03-25", "2024-03-25T08:00:00");
    let (_, sheet) = town.seal(&city, &early);
    assert_eq!(sheet["sources"], json!([]));
    assert_eq!(sheet["left_out"][0]["report"], part["number"]);
    assert_eq!(sheet["left_out"][0]["why"], "cut_off");
    assert_eq!(
        value(&sheet["total"], "ST-07"),
        0.0,
        "they were found at nine"
    );
}

#[test]
fn a_cut_off_lies_in_or_directly_after_its_period_and_a_kind_has_a_span() {
    let town = town();
    let key = town.reviewer(1, WUCHANG);
    town.at(AFTERNOON + 20 * DAY);
    for (kind, from, to, cut_off, named) in [
        (
            "daily",
            "2024-03-25",
            "2024-03-25",
            "2024-03-26T00:00:01",
            "cut_off",
        ),
        (
            "daily",
            "2024-03-25",
            "2024-03-25",
            "2024-04-10T00:00:00",
            "cut_off",
        ),
        (
            "daily",
            "2024-03-25",
            "2024-03-25",
            "2024-03-25T00:00:00",
            "cut_off",
        ),
        (
            "daily",
            "2024-03-25",
            "2024-03-26",
            "2024-03-26T16:00:00",
            "to",
        ),
        (
            "weekly",
            "2024-03-25",
            "2024-04-01",
            "2024-04-01T16:00:00",
            "to",
        ),
        (
            "summary",
            "2023-03-25",
            "2024-03-25",
            "2024-03-25T16:00:00",
            "to",
        ),
        (
            "daily",
            "0001-01-01",
            "0001-01-01",
            "0001-01-01T16:00:00",
            "from",
        ),
    ] {
        let order = json!({ "kind": kind, "area": WUCHANG, "from": from, "to": to,
            "cut_off": format!("{cut_off}+08:00") });
        let (status, problem) = town.post("/v1/reports", &key, &order);
        assert_eq!(status, 400, "{order} {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{named}:")), "{order} {detail}");
    }
    town.seal(&key, &order(WUCHANG, "2024-03-25", "2024-03-26T00:00:00"));
    let weekly =
        json!({ "kind": "weekly", "area": WUCHANG, "from": "2024-03-25", "to": "2024-03-31" });
    town.seal(&key, &weekly);
}

#[test]
fn a_company_in_two_counties_counts_once_in_the_sum_of_their_reports() {
    let town = Town::province();
    let [here, there] = [WUCHANG, COUNTIES[1]].map(|county| format!("{county}/s1/c1/G1"));
    let [one, other] = [fresh(), fresh()];
    let company = sync_core::record::OrganId([7; 16]);
    town.import_compounds(&format!(
        "path,name,id,pmc,pmc_name,buildings\n{here},清风苑,{},{company},物业,3栋\n{there},明月里,{},{company},物业,3栋\n",
        sync_core::record::CompoundId(one),
        sync_core::record::CompoundId(other),
    ));
    town.inspected(&here, one, &["3"], MORNING);
    town.inspected(&there, other, &["3"], MORNING);
    town.at(AFTERNOON);
    for (n, county) in [WUCHANG, COUNTIES[1]].into_iter().enumerate() {
        let [writer, chief] = [1, 2].map(|p| town.reviewer(10 * n as u8 + p, county));
        let (part, sheet) = town.seal(&writer, &daily(county));
        assert_eq!(value(&sheet["total"], "ST-06"), 1.0, "{}", sheet["total"]);
        town.steps(&part, &[(&chief, "county_signed")]);
    }
    let city = town.reviewer(30, WUHAN);
    let (_, sheet) = town.seal(&city, &daily(WUHAN));
    assert_eq!(sheet["sources"].as_array().unwrap().len(), 2);
    let total = &sheet["total"]["values"];
    assert_eq!(total["ST-06"], json!({ "period": 1, "cumulative": 1 }));
    assert_eq!(total["ST-05a"]["cumulative"], 2, "what can be added is");
}

#[test]
fn a_whole_tells_that_a_part_was_corrected_after_it_was_added_up() {
    let town = town();
    let [writer, chief] = [1, 2].map(|n| town.reviewer(n, WUCHANG));
    let [city, other] = [3, 4].map(|n| town.reviewer(n, WUHAN));
    let (part, _) = town.seal(&writer, &daily(WUCHANG));
    town.steps(&part, &[(&chief, "county_signed")]);
    let (whole, _) = town.seal(&city, &daily(WUHAN));
    assert_eq!(whole["changed_parts"], json!([]));
    let (second, _) = town.seal(&writer, &correction(&part));
    let expected = json!([{ "area": WUCHANG, "report": part["number"], "state": "county_signed",
        "corrected_by": second["number"] }]);
    let listed = town.json(&format!("/v1/reports?area={WUHAN}"), &city);
    let listed = listed["items"].as_array().unwrap().iter();
    let listed = listed.filter(|item| item["id"] == whole["id"]);
    let told: Vec<_> = listed.map(|item| item["changed_parts"].clone()).collect();
    assert_eq!(told, std::slice::from_ref(&expected));
    let late = town.json(&format!("/v1/reports/{}/late", id(&whole)), &city);
    assert_eq!(late["changed_parts"], expected);
    // A step upwards without a reason is refused.
    let path = format!("/v1/reports/{}/steps", id(&whole));
    let (status, problem) = town.post(&path, &other, &json!({ "step": "city_checked" }));
    assert_eq!(status, 409, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains(part["number"].as_str().unwrap()),
        "{detail}"
    );
    town.steps(&whole, &[(&other, "city_checked")]);
}

#[test]
fn what_came_after_a_report_is_in_the_corrections_of_the_next_one() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    liu.clock.as_ref().unwrap().start();
    set(&liu, MORNING);
    found(&mut liu, &town, "早上");
    town.sync(&mut liu);
    town.project();
    let (key, county) = (town.token("审核员丁"), town.world.county.to_string());
    town.at(AFTERNOON);
    let (first, sheet) = town.seal(&key, &daily(&county));
    assert_eq!(sheet["corrections"], json!([]));
    // After the cut-off of the first day, before the second begins; and on the second day, in part about the first.
    town.at(AFTERNOON + HOUR);
    set(&liu, AFTERNOON + HOUR);
    found(&mut liu, &town, "傍晚");
    town.sync(&mut liu);
    town.at(MORNING + DAY);
    set(&liu, MORNING + DAY);
    found(&mut liu, &town, "次日");
    let notices = sync_core::record::ActivityEntry {
        compound: None,
        ..entry(
            &town,
            "poster",
            &town.world.grids[0].clone(),
            r#"{"sheets": 3}"#,
        )
    };
    assert_eq!(notices.held, DeviceTime(MORNING), "the day before");
    let posted = liu.device.begin_activity(notices, None).unwrap().0;
    town.sync(&mut liu);
    town.project();
    town.at(AFTERNOON + DAY);
    let (_, second) = town.seal(&key, &order(&county, "2024-03-26", "2024-03-26T16:00:00"));
    let figures = |sheet: &Value, code: &str| sheet["total"]["values"][code].clone();
    assert_eq!(
        figures(&second, "ST-07"),
        json!({ "period": 1, "cumulative": 3 })
    );
    let corrections = second["corrections"].as_array().unwrap();
    let of = |code: &str| corrections.iter().find(|c| c["indicator"] == code);
    let one = of("ST-07").expect("what came in the evening");
    assert_eq!(
        [&one["after"], &one["before"], &one["correction"]],
        [&first["number"], &json!(1), &json!(1)]
    );
    // Every figure that can be added: the report before, the correction and the period make the sum.
    for (code, figures) in second["total"]["values"].as_object().unwrap() {
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let before = number(&sheet["total"]["values"][code]["cumulative"]);
        let correction = of(code).map_or(0.0, |c| number(&c["correction"]));
        let ratio = ["ST-03", "ST-09"].contains(&code.as_str());
        let register = code.starts_with("ST-01") || code == "ST-04a" || code == "ST-06";
        let sum = before + correction + number(&figures["period"]);
        assert!(
            ratio || register || sum == number(&figures["cumulative"]),
            "{code} {figures}"
        );
    }
    // What was stated on the second day about the first is late for the first.
    let late = town.json(&format!("/v1/reports/{}/late", id(&first)), &key);
    let items = late["items"].as_array().unwrap();
    let found = items
        .iter()
        .find(|item| item["record"] == posted.to_string());
    let found = found.unwrap_or_else(|| panic!("{late}"));
    assert_eq!(found["held_at"], "2024-03-25T01:00:00Z");
    assert_eq!(second["late_arrivals"]["count"], items.len());
}

#[test]
fn what_arrived_between_the_cut_off_and_the_sealing_is_late_and_not_lost() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    liu.clock.as_ref().unwrap().start();
    set(&liu, MORNING);
    let doc = found(&mut liu, &town, "午前发现，下午才传");
    town.at(AFTERNOON);
    town.sync(&mut liu);
    town.project();
    // The log contains it when the report is sealed, and the report does not count it.
    let (key, county) = (town.token("审核员丁"), town.world.county.to_string());
    let (report, sheet) = town.seal(&key, &daily(&county));
    assert_eq!(value(&sheet["total"], "ST-07"), 0.0);
    let late = town.json(&format!("/v1/reports/{}/late", id(&report)), &key);
    assert_eq!(late["items"][0]["record"], doc.to_string());
}

#[test]
fn a_report_after_a_restore_says_what_it_cannot_compare() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.project();
    let (key, county) = (town.token("审核员丁"), town.world.county.to_string());
    town.at(AFTERNOON);
    town.seal(&key, &daily(&county));
    // As a restore does.
    let epoch = [7_u8; 8];
    town.in_ledger(move |tx| tx.execute("UPDATE space SET log_epoch = $1", &[epoch[..].into()]));
    town.at(AFTERNOON + DAY);
    let (_, sheet) = town.seal(&key, &order(&county, "2024-03-26", "2024-03-26T16:00:00"));
    assert_eq!(sheet["late_arrivals"]["not_comparable"], json!([county]));
    assert_eq!(sheet["form"], "xuncha-report-2");
}

/// The newest report that the key reads.
fn newest(town: &Town, key: &str) -> Value {
    town.json("/v1/reports?limit=1", key)["items"][0].clone()
}

#[test]
fn a_report_of_an_area_without_a_log_never_gets_a_number_again_after_a_restore() {
    // PostgreSQL is backed up with its own tools; this promise is about `xuncha admin restore`.
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    assert!(town.import_regions(&regions()).written);
    let key = town.reviewer(1, "420000/420500");
    town.at(AFTERNOON);
    town.backup_to("backup");
    let (before, _) = town.seal(&key, &daily("420000/420500"));
    town.backup_to("later");
    let mut numbers = vec![before["number"].clone()];
    for (backup, folder) in [("backup", "restored"), ("backup", "again")] {
        town.restore_from(backup, folder);
        town.restart_on(folder);
        let (view, _) = town.seal(&key, &daily("420000/420500"));
        assert!(!numbers.contains(&view["number"]), "{view} {numbers:?}");
        let number = view["number"].as_str().unwrap();
        let epoch = number.rsplit('-').nth(1).unwrap();
        assert!(epoch.len() >= 16, "64 bits: {number}");
        numbers.push(view["number"].clone());
    }
    // A database that other tools set back: the operator deletes the epoch.
    town.in_ledger(|tx| tx.execute("DELETE FROM meta WHERE name = 'report epoch'", &[]));
    let (view, _) = town.seal(&key, &correction(&newest(&town, &key)));
    assert!(!numbers.contains(&view["number"]), "{view} {numbers:?}");
    numbers.push(view["number"].clone());
    // The report is in this backup: a correction of it has another number too.
    town.restore_from("later", "third");
    town.restart_on("third");
    let (view, _) = town.seal(&key, &correction(&before));
    assert!(!numbers.contains(&view["number"]), "{view} {numbers:?}");
}

#[test]
fn a_manual_value_of_a_report_is_bounded_and_never_rounded() {
    let town = town();
    let key = town.key_of(7, Role::CountyReviewer, WUCHANG);
    let typed = json!({ "area": WUCHANG, "indicator": "ST-15b", "from": "2024-03-25", "to": "2024-03-25",
        "value": 1234.567, "reason": "纸质记录" });
    let (status, kept) = town.post("/v1/indicators/manual", &key, &typed);
    assert_eq!((status, &kept["value"]), (200, &json!(1234.567)), "{kept}");
    for (change, named) in [
        (json!({ "value": 1234.5678 }), "three decimals"),
        (json!({ "value": 123456.7891 }), "three decimals"),
        (json!({ "value": -5 }), "value"),
        (json!({ "value": 1e11 }), "value"),
        (json!({ "indicator": "ST-09", "value": 500 }), "value"),
        (json!({ "from": "0001-01-01", "to": "0001-01-01" }), "from"),
        (json!({ "from": "2024-03-26", "to": "2024-03-26" }), "from"),
    ] {
        let mut wrong = typed.clone();
        let fields = wrong.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let (status, problem) = town.post("/v1/indicators/manual", &key, &wrong);
        assert_eq!(status, 400, "{change} {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
    }
}
