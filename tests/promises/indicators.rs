//! Indicators: computed from the ledger, rolled up along the reporting tree, cross-checked.

use serde_json::{Value, json};
use sync_core::{
    catalogue::Catalogue,
    record::{DeviceTime, Role},
};

use crate::support::{
    MORNING, Town, found,
    province::{COUNTIES, Found, SPLIT, WUCHANG, ZONE, fresh, row_of, value},
};

const DAY: i64 = 86_400_000;
const ALL: &str = "/v1/indicators?area=420000";

/// A ledger with hazards in many states in every county.
fn filled() -> Town {
    let town = Town::province();
    let states = [
        10, 20, 30, 35, 40, 50, 60, 65, 70, 80, 80, 90, 95, 96, 15, 36,
    ];
    let codes = [
        "EV-06", "EG-01", "FL-01", "MG-05", "EV-08", "SP-02", "WN-01",
    ];
    let mut all = Vec::new();
    for (c, county) in COUNTIES.iter().enumerate() {
        for n in 0..(8 + 3 * c) {
            let mut one = Found::at(
                &format!("{county}/s{}/c{}/G{}", n % 3, n % 5, n % 7),
                states[(n + c) % states.len()],
                codes[(n * 3 + c) % codes.len()],
            );
            one.found_at = MORNING - (n as i64 % 4) * DAY;
            one.deadline = (n % 2 == 0).then_some(MORNING - 1 - DAY * (n as i64 % 3));
            one.cycle = 1 + u16::from(n % 9 == 0);
            all.push(one);
        }
    }
    for _ in 0..4 {
        all.push(Found::at(&format!("{SPLIT}/G01"), 10, "EV-06"));
    }
    town.ledger_has(all);
    for (c, county) in COUNTIES.iter().enumerate() {
        let attendees = 1000 * (c as i64 + 1);
        let figures = [
            ("training.sessions", 1000),
            ("training.attendees", attendees),
        ];
        town.recorded(&format!("{county}/s1"), "training", "{}", &figures);
    }
    town
}

fn rows(sheet: &Value) -> &Vec<Value> {
    sheet["rows"].as_array().unwrap()
}

#[test]
fn inv_26_the_four_counties_under_the_province_are_four_of_seventeen_cities() {
    let town = filled();
    let sheet = town.json(&format!("{ALL}&by=city"), &town.province_key());
    assert_eq!(rows(&sheet).len(), 17);
    for city in Catalogue::embedded()
        .regions
        .of(sync_core::catalogue::Level::City)
    {
        let row = row_of(&sheet, city.path.as_str());
        assert!(row["name"].is_string(), "{row}");
        assert!(value(row, "ST-07") > 0.0, "{}", city.zh);
    }
    // A county that counts as a city is a county too, and the development zone has a row with the counties.
    let sheet = town.json(&format!("{ALL}&by=county"), &town.province_key());
    assert_eq!(rows(&sheet).len(), COUNTIES.len() + 1);
    assert_eq!(value(row_of(&sheet, ZONE), "ST-07"), 4.0);
}

#[test]
fn inv_09_the_province_is_the_sum_of_its_cities_and_of_its_counties() {
    let town = filled();
    let key = town.province_key();
    let table = &Catalogue::embedded().indicators;
    for by in ["city", "county", "street", "community", "grid"] {
        let sheet = town.json(
            &format!("{ALL}&by={by}&from=2024-03-24&to=2024-03-25"),
            &key,
        );
        for indicator in table.indicators.iter().filter(|i| i.additive) {
            for column in ["period", "cumulative"] {
                let of = |row: &Value| row["values"][&indicator.code][column].as_f64().unwrap();
                let sum: f64 = rows(&sheet).iter().map(of).sum();
                assert_eq!(sum, of(&sheet["total"]), "{by} {} {column}", indicator.code);
            }
        }
        let found = value(&sheet["total"], "ST-07");
        assert!(found > 500.0, "{found}");
    }
    // A city is the sum of its counties and functional areas; a county does not contain what reports to the zone.
    let wuhan = town.json("/v1/indicators?area=420000/420100&by=county", &key);
    let sum: f64 = rows(&wuhan).iter().map(|row| value(row, "ST-07")).sum();
    assert_eq!(rows(&wuhan).len(), 4);
    assert_eq!(sum, value(&wuhan["total"], "ST-07"));
    let wuchang = town.json(&format!("/v1/indicators?area={WUCHANG}&by=street"), &key);
    assert_eq!(
        value(&wuchang["total"], "ST-07"),
        value(row_of(&wuhan, WUCHANG), "ST-07")
    );
    let zone = town.json(&format!("/v1/indicators?area={ZONE}"), &key);
    assert_eq!(value(&zone["total"], "ST-07"), 4.0);
}

#[test]
fn inv_10_found_is_rectified_plus_open_and_the_sum_of_the_categories() {
    let town = filled();
    let sheet = town.json(&format!("{ALL}&by=county"), &town.province_key());
    let checks = sheet["checks"].as_array().unwrap();
    assert!(checks.len() >= 20, "{}", checks.len());
    for check in checks {
        assert_eq!(check["holds"], true, "{check}");
    }
    let total = &sheet["total"];
    assert_eq!(
        value(total, "ST-07"),
        value(total, "ST-08") + value(total, "ST-12a")
    );
    // Voided and merged documents are in the ledger, and in no indicator.
    let statistics = town.json("/v1/statistics?area=420000&by=city", &town.province_key());
    let counted = &statistics["total"];
    assert_eq!(counted["found"].as_f64(), Some(value(total, "ST-07")));
    assert!(counted["void"].as_i64() > Some(0) && counted["merged"].as_i64() > Some(0));
    assert!(value(total, "ST-11") > 0.0 && value(total, "ST-12b") > 0.0);
    // A province that does not count the duties of companies still has their own indicator.
    let without = town.json(&format!("{ALL}&without_duties=true"), &town.province_key());
    let duties = value(total, "ST-39");
    assert!(duties > 0.0);
    assert_eq!(
        value(&without["total"], "ST-07"),
        value(total, "ST-07") - duties
    );
    assert_eq!(value(&without["total"], "ST-39"), duties);
    assert_eq!(
        without["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["holds"] == false)
            .count(),
        0
    );
}

#[test]
fn inv_29_totals_are_the_sums_of_records_and_each_kind_is_summed_apart() {
    let town = Town::province();
    let grid = &format!("{WUCHANG}/s1/c1/G1");
    for (item, pieces, area) in [
        ("grille", 2000, 1500),
        ("grille", 1000, 250),
        ("sign", 7000, 0),
    ] {
        let data = json!({ "item": item }).to_string();
        let figures = [("removal.pieces", pieces), ("removal.area_m2", area)];
        town.recorded(grid, "removal", &data, &figures);
    }
    for loads in [1000, 3000] {
        town.recorded(grid, "disposal", "{}", &[("disposal.truckloads", loads)]);
    }
    for result in ["verified", "unfounded", "verified"] {
        let data = json!({ "result": result }).to_string();
        town.recorded(grid, "public_report", &data, &[]);
    }
    let sheet = town.json(&format!("{ALL}&to=2024-03-25"), &town.province_key());
    for (code, expected) in [
        ("ST-15a", 3.0),
        ("ST-15b", 1.75),
        ("ST-19a", 7.0),
        ("ST-18a", 0.0),
        ("ST-20a", 2.0),
        ("ST-20c", 4.0),
        ("ST-33a", 3.0),
        ("ST-33b", 2.0),
    ] {
        assert_eq!(value(&sheet["total"], code), expected, "{code}");
    }
    // None of it counts on the day before, and nothing later counts in a sheet of an earlier day.
    let earlier = town.json(&format!("{ALL}&to=2024-03-24"), &town.province_key());
    assert_eq!(value(&earlier["total"], "ST-15a"), 0.0);
}

#[test]
fn inv_23_coverage_counts_a_building_once_however_many_visits() {
    let town = Town::province();
    let grid = format!("{WUCHANG}/s1/c1/G1");
    let ids = [fresh(), fresh(), fresh()];
    let uuid = |id: [u8; 16]| sync_core::record::CompoundId(id).to_string();
    let company = sync_core::record::OrganId([5; 16]);
    let mut text = "id,path,name,pmc,pmc_name,buildings,active\n".to_owned();
    text += &format!(
        "{},{grid},清风苑,{company},示范物业,1栋:2:27-54;2号楼,1\n",
        uuid(ids[0])
    );
    text += &format!("{},{grid},明月里,{company},示范物业,1栋,1\n", uuid(ids[1]));
    text += &format!("{},{grid},旧院,,,1栋,0\n", uuid(ids[2]));
    let import = town.import_compounds(&text);
    assert_eq!(
        (import.added, import.buildings, import.written),
        (3, 4, true),
        "{import:?}"
    );
    town.inspected(&grid, ids[0], &["1"], MORNING - 3 * DAY);
    town.inspected(&grid, ids[0], &["1"], MORNING);
    let sheet = || town.json(&format!("{ALL}&by=grid"), &town.province_key());
    let total = sheet()["total"].clone();
    let told = [
        "ST-01", "ST-01a", "ST-01b", "ST-02", "ST-04", "ST-04a", "ST-05a", "ST-05b", "ST-06",
    ];
    assert_eq!(
        told.map(|code| value(&total, code)),
        [2., 2., 0., 0., 1., 3., 2., 4., 1.]
    );
    // The rest of the compound on another day, and a building that the register does not have.
    town.inspected(&grid, ids[0], &["2", "9"], MORNING);
    let total = sheet()["total"].clone();
    assert_eq!(
        ["ST-02", "ST-04", "ST-04b", "ST-03"].map(|c| value(&total, c)),
        [1., 2., 1., 50.]
    );
    assert_eq!(
        total["values"]["ST-02"]["period"], 1,
        "both were seen today"
    );
    let earlier = town.json(&format!("{ALL}&to=2024-03-22"), &town.province_key());
    assert_eq!(
        ["ST-02", "ST-04"].map(|c| value(&earlier["total"], c)),
        [0., 1.]
    );
    assert_eq!(value(row_of(&sheet(), &grid), "ST-02"), 1.0);
    // A compound without registered buildings never counts as completely inspected.
    let bare = fresh();
    let (bare_id, gone) = (uuid(bare), uuid(fresh()));
    let text =
        format!("id,path,name,valid_to\n{bare_id},{grid},新院,\n{gone},{grid},已拆,2024-03-23\n");
    assert!(town.import_compounds(&text).written);
    town.inspected(&grid, bare, &["1"], MORNING);
    let total = sheet()["total"].clone();
    assert_eq!(
        ["ST-01", "ST-02", "ST-04b"].map(|c| value(&total, c)),
        [3., 1., 2.]
    );
    // A compound that no longer exists is in the sheets of the days when it existed.
    let earlier = town.json(&format!("{ALL}&to=2024-03-23"), &town.province_key());
    assert_eq!(value(&earlier["total"], "ST-01"), 4.0);
}

#[test]
fn a_hazard_is_overdue_recurs_and_counts_only_if_it_can_be_read() {
    let town = Town::province();
    let grid = format!("{WUCHANG}/s1/c1/G1");
    let due = |state, deadline| Found {
        deadline: Some(deadline),
        ..Found::at(&grid, state, "EV-06")
    };
    town.ledger_has(vec![
        due(30, MORNING - 1),
        due(30, MORNING + DAY),
        due(70, MORNING - DAY),
        Found {
            certain: false,
            ..due(30, MORNING - DAY)
        },
        Found {
            cycle: 2,
            ..Found::at(&grid, 20, "EV-06")
        },
        Found {
            problem: "cannot be read",
            ..due(30, MORNING - DAY)
        },
    ]);
    let sheet = town.json(ALL, &town.province_key());
    let told = ["ST-07", "ST-08", "ST-11", "ST-12b"].map(|c| value(&sheet["total"], c));
    assert_eq!(told, [5., 1., 1., 1.]);
    assert_eq!(sheet["unreadable"], 1);
}

#[test]
fn a_rate_of_nothing_is_no_number() {
    let town = Town::province();
    let sheet = town.json(ALL, &town.province_key());
    assert_eq!(sheet["total"]["values"]["ST-09"]["cumulative"], Value::Null);
    assert_eq!(sheet["total"]["values"]["ST-03"]["period"], Value::Null);
}

#[test]
fn what_phones_record_is_counted_where_it_was_found() {
    let mut town = Town::new();
    let mut worker = town.phone("网格员甲");
    for n in 0..3 {
        worker
            .clock
            .as_ref()
            .unwrap()
            .set(DeviceTime(MORNING + n * 1000));
        found(&mut worker, &town, "楼梯间堆放杂物");
    }
    town.sync(&mut worker);
    town.project();
    let sheet = town.json("/v1/indicators?by=grid", &town.token("审核员丁"));
    assert_eq!(
        sheet["total"]["values"]["ST-07"],
        json!({ "period": 3, "cumulative": 3 })
    );
    assert_eq!(
        value(row_of(&sheet, town.world.grids[0].as_str()), "ST-14.EG"),
        3.0
    );
    assert_eq!(sheet["ledger_lag"], 0);
}

#[test]
fn a_countys_key_gives_nothing_of_another_county() {
    let town = filled();
    let key = town.key_of(1, Role::CountyReviewer, "420000/420100/420103");
    for area in ["420000", "420000/420100", WUCHANG, "420000/429004", ZONE] {
        let (status, body) = town.get(&format!("/v1/indicators?area={area}"), &key);
        assert_eq!(status, 403, "{area} {}", String::from_utf8_lossy(&body));
    }
    let own = town.json("/v1/indicators?by=county", &key);
    assert_eq!(rows(&own).len(), 1);
    let whole = town.json(&format!("{ALL}&by=county"), &town.province_key());
    let mine = "420000/420100/420103";
    assert_eq!(
        value(&own["total"], "ST-07"),
        value(row_of(&whole, mine), "ST-07")
    );
    // Indicators of penalties are for reviewers only.
    let worker = town.key_of(2, Role::GridWorker, mine);
    let seen = town.json("/v1/indicators", &worker);
    assert!(seen["total"]["values"].get("ST-27a").is_none());
    assert!(own["total"]["values"].get("ST-27a").is_some());
}

#[test]
fn a_value_typed_by_hand_stands_beside_the_counted_one() {
    let town = filled();
    let key = town.key_of(7, Role::CountyReviewer, WUCHANG);
    let typed = json!({ "area": WUCHANG, "indicator": "ST-30b", "from": "2024-03-25", "to": "2024-03-25",
        "value": 120.5, "reason": "纸质签到表" });
    let (status, kept) = town.post("/v1/indicators/manual", &key, &typed);
    assert_eq!((status, &kept["value"]), (200, &json!(120.5)), "{kept}");
    let counted = town.json("/v1/indicators?from=2024-03-25&to=2024-03-25", &key);
    assert_eq!(value(&counted["total"], "ST-30b"), 1.0);
    assert_eq!(counted["manual"][0]["reason"], "纸质签到表");
    assert_eq!(counted["manual"][0]["person"], kept["person"]);
    for (change, expected) in [
        (json!({ "reason": " " }), 400),
        (json!({ "indicator": "ST-99" }), 400),
        (json!({ "value": 0.0001 }), 400),
        (json!({ "area": "420000/420100/420103" }), 403),
    ] {
        let mut wrong = typed.clone();
        wrong
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(
            town.post("/v1/indicators/manual", &key, &wrong).0,
            expected,
            "{change}"
        );
    }
    let worker = town.key_of(8, Role::GridWorker, WUCHANG);
    assert_eq!(town.post("/v1/indicators/manual", &worker, &typed).0, 403);
}

#[test]
fn an_import_is_whole_or_nothing_and_changes_nothing_the_second_time() {
    let town = Town::province();
    let again = town.import_regions(&crate::support::province::regions());
    assert_eq!(
        (again.added, again.changed, again.same),
        (0, 0, COUNTIES.len() + 2)
    );
    let broken = town.import_regions(
        "path,name,level\n420000/421300/421381,广水市,county\n420000/421300/x-y,坏,county\n",
    );
    assert_eq!(
        (broken.written, broken.bad.len(), broken.bad[0].line),
        (false, 1, 3)
    );
    let sheet = town.json(&format!("{ALL}&by=county"), &town.province_key());
    assert_eq!(rows(&sheet).len(), COUNTIES.len() + 1, "nothing half-done");

    let grid = format!("{WUCHANG}/s1/c1/G1");
    let compounds = format!("path,name,households,buildings\n{grid},清风苑,480,3栋;4栋\n");
    assert!(town.import_compounds(&compounds).written);
    let again = town.import_compounds(&compounds);
    assert_eq!(
        (again.added, again.changed, again.same, again.buildings),
        (0, 0, 1, 0)
    );
    let twins = town.import_compounds(&format!("path,name,buildings\n{grid},明月里,3栋;3号楼\n"));
    assert!(twins.bad[0].problem.contains("one building"), "{twins:?}");
    let nowhere = town.import_compounds("path,name\n990000/990100/990106,无名\n");
    assert!(nowhere.bad[0].problem.contains("regions"), "{nowhere:?}");
}
