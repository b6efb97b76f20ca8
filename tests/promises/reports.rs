//! Sealed reports: immutable bytes, late arrivals, corrections that list their differences.

use serde_json::{Value, json};
use sync_core::record::{DocId, PhotoHash};
use xuncha_server::reporting::verify;

use crate::support::{
    MORNING, Town, found,
    province::{COUNTIES, value},
    remark,
    sealing::{AFTERNOON, HOUR, daily, id, set, title},
};

/// A report sealed in the afternoon, and late arrivals for it.
struct Afternoon {
    town: Town,
    key: String,
    order: Value,
    /// The view of the report when it was sealed.
    report: Value,
    bytes: Vec<u8>,
    /// A report of another grid.
    elsewhere: Value,
    /// Made before the cut-off and sent after it: by a device that had had no contact with the server, and by one that
    /// had.
    late: [DocId; 2],
}

fn afternoon() -> Afternoon {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    for phone in [&liu, &wang] {
        phone.clock.as_ref().unwrap().start();
        set(phone, MORNING);
    }
    let known = found(&mut liu, &town, "及时上传");
    town.sync(&mut liu);
    remark(&mut liu, known, "午前的话，午后才传");
    // Wang's device has no network all day.
    let below = found(&mut wang, &town, "地下室，无信号");
    town.project();
    town.at(AFTERNOON);
    let key = town.token("审核员丁");
    let order = daily(town.world.county.as_str());
    let (report, content) = town.seal(&key, &order);
    let (elsewhere, _) = town.seal(&key, &daily(town.world.grids[1].as_str()));
    assert_eq!(value(&content["total"], "ST-07"), 1.0);
    assert_eq!(content["late_arrivals"]["count"], 0);
    let bytes = town.get(&format!("/v1/reports/{}", id(&report)), &key).1;
    // Late arrivals; and events made after the cut-off, one with a clock that was set back, which are not late.
    town.sync(&mut wang);
    for clock in [AFTERNOON, MORNING + HOUR] {
        set(&liu, clock);
        remark(&mut liu, known, "下班之后");
        town.sync(&mut liu);
    }
    town.project();
    Afternoon {
        town,
        key,
        order,
        report,
        bytes,
        elsewhere,
        late: [below, known],
    }
}

#[test]
fn what_came_late_is_listed_with_whether_that_is_certain_and_nothing_else() {
    let Afternoon {
        town,
        key,
        report,
        elsewhere,
        late,
        ..
    } = afternoon();
    let path = format!("/v1/reports/{}/late", id(&report));
    let listed = town.json(&path, &key);
    let items = listed["items"].as_array().unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|i| json!([i["record"], i["kind"], i["certain"]]))
        .collect();
    let [below, known] = late.map(|doc| doc.to_string());
    assert_eq!(
        told,
        [
            json!([below, "observe", false]),
            // A device's own clock proves nothing in its favour: the receive time is the only upper bound.
            json!([known, "note", false])
        ]
    );
    assert!(items[0]["received_at"].as_str() > items[0]["claimed_at"].as_str());
    assert_eq!(listed["not_comparable"], json!([]));
    let other = town.json(&format!("/v1/reports/{}/late", id(&elsewhere)), &key);
    assert_eq!(other["items"], json!([]), "in another grid");
    for path in ["/v1/indicators", "/v1/exports/hazards.geojson"] {
        assert_eq!(town.json(path, &key)["late_arrival_count"], 2, "{path}");
    }
    let title = title(&town, "", &key);
    assert!(title.contains(",迟到事件 2,"), "{title}");
    // A restore begins a new log epoch, in which the sequence numbers have another meaning.
    let life = [7_u8; 8];
    town.in_ledger(move |tx| tx.execute("UPDATE space SET log_epoch = $1", &[life[..].into()]));
    let listed = town.json(&path, &key);
    assert_eq!(listed["items"], json!([]));
    assert_eq!(listed["not_comparable"], json!([town.world.county]));
}

#[test]
fn a_report_is_not_sealed_by_a_clock_that_cannot_be_right() {
    let Afternoon {
        town,
        key,
        order,
        report,
        ..
    } = afternoon();
    town.at(AFTERNOON + 30 * 24 * HOUR);
    let mut correction = order;
    correction["corrects"] = report["id"].clone();
    correction["reason"] = "时钟错了".into();
    let (status, problem) = town.post("/v1/reports", &key, &correction);
    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("clock")),
        "{problem}"
    );
    let step = town.step(&key, &report, "county_signed");
    assert_eq!(step.0, 503, "{step:?}");
    town.accept_clock();
    let (status, sealed) = town.post("/v1/reports", &key, &correction);
    assert_eq!(status, 200, "{sealed}");
}

#[test]
fn a_sealed_report_never_changes_and_the_next_version_shows_the_difference() {
    let Afternoon {
        town,
        key,
        order,
        report,
        bytes,
        ..
    } = afternoon();
    let path = format!("/v1/reports/{}", id(&report));
    assert_eq!(town.get(&path, &key).1, bytes, "the sealed bytes");
    assert_eq!(report["sha256"], PhotoHash::of(&bytes).to_string());
    let (status, twice) = town.post("/v1/reports", &key, &order);
    assert_eq!(
        (status, &twice["code"]),
        (409, &json!("report-exists")),
        "{twice}"
    );
    let mut correction = order.clone();
    correction["corrects"] = report["id"].clone();
    assert_eq!(
        town.post("/v1/reports", &key, &correction).0,
        400,
        "a reason is needed"
    );
    correction["reason"] = "地下室的记录晚到".into();
    // What came late counts after the cut-off, so a correction that contains it has a later cut-off.
    town.at(AFTERNOON + HOUR);
    correction["cut_off"] = "2024-03-25T17:00:00+08:00".into();
    let (second, content) = town.seal(&key, &correction);
    assert_eq!(
        (&second["version"], &second["corrects"]),
        (&json!(2), &report["id"])
    );
    assert_eq!(content["late_arrivals"]["count"], 2);
    let corrects = &content["corrects"];
    assert_eq!(
        (&corrects["report"], &corrects["sha256"]),
        (&report["number"], &report["sha256"])
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
        for table in ["indicators", "edition", "lifecycle", "regions"] {
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
    let key = town.reviewer(1, "420000/429004");
    let (view, _) = town.seal(&key, &daily("420000/429004"));
    town.in_ledger(|tx| {
        // Alters the bytes directly in the database.
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
    // It is still listed, so that the damage is noticed.
    let listed = town.json("/v1/reports", &key);
    assert_eq!(listed["items"][0]["number"], view["number"]);
}

#[test]
fn a_stranger_checks_a_report_with_the_servers_key_alone() {
    let town = Town::province();
    town.at(AFTERNOON);
    let key = town.reviewer(1, "420000/429005");
    let (view, content) = town.seal(&key, &daily("420000/429005"));
    let file = town
        .get(&format!("/v1/reports/{}/sealed", id(&view)), &key)
        .1;
    let server = town.app().components.access.key().public();
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
