//! The catalogues of the month: the second edition is in force from 1 April on, the third from 13 April on; both are
//! installed some days before.

use serde_json::{Value, json};
use sync_core::record::Edition;

use super::{DAYS, Month, date, work::NEW_KIND};
use crate::{
    command_line::done,
    editions::{entry_of, install},
};

/// The first days of the second and of the third edition.
const FROM: [usize; 2] = [7, 19];

/// The activity type that only the second edition has.
pub(super) const PATROL: &str = "night_patrol";

/// EG-06 is retired and another kind is new, trainings have at most 5 attendees, publicity must be confirmed, night patrols
/// are new, and daily patrols no longer ask for item IT-02.
pub(super) fn second(month: &mut Month, _: usize) {
    let mut bundle = present(month);
    let mut kinds = bundle["hazard_kinds"][0].clone();
    let mut new = entry_of(&mut kinds["kinds"], "EV-03").clone();
    (new["code"], new["grade"]) = (json!(NEW_KIND), json!("G1"));
    let all = kinds["kinds"].as_array_mut().unwrap();
    all.retain(|kind| kind["code"] != "EG-06");
    all.push(new);
    let mut types = bundle["activity_types"][0].clone();
    let training = entry_of(&mut types["types"], "training");
    training["schema"]["properties"]["attendees"]["maximum"] = json!(5);
    let publicity = entry_of(&mut types["types"], "publicity");
    publicity["needs_confirmation"] = json!(true);
    let mut patrol = publicity.clone();
    patrol["code"] = json!(PATROL);
    patrol["counts"] = json!([]);
    types["types"].as_array_mut().unwrap().push(patrol);
    let mut inspections = bundle["inspections"][0].clone();
    let daily = entry_of(&mut inspections["templates"], "TPL-DAILY");
    daily["version"] = json!(2);
    let items = daily["items"].as_array_mut().unwrap();
    items.retain(|item| item != "IT-02");
    let tables = [
        ("hazard_kinds", kinds),
        ("activity_types", types),
        ("inspections", inspections),
    ];
    add(&mut bundle, FROM[0], tables);
    install(&mut month.town, &bundle);
}

/// The new kind has a higher grade and three days, night patrols are retired, and publicity needs no confirmation again.
pub(super) fn third(month: &mut Month, _: usize) {
    let mut bundle = present(month);
    let mut kinds = bundle["hazard_kinds"][0].clone();
    let new = entry_of(&mut kinds["kinds"], NEW_KIND);
    (new["grade"], new["deadline"]) = (json!("G3_suspected"), json!("D3"));
    let mut types = bundle["activity_types"][0].clone();
    let all = types["types"].as_array_mut().unwrap();
    all.retain(|of| of["code"] != PATROL);
    entry_of(&mut types["types"], "publicity")["needs_confirmation"] = json!(false);
    let mut calendar = bundle["calendar"][0].clone();
    entry_of(&mut calendar["classes"], "D3")["amount"] = json!(4);
    let tables = [
        ("hazard_kinds", kinds),
        ("activity_types", types),
        ("calendar", calendar),
    ];
    add(&mut bundle, FROM[1], tables);
    install(&mut month.town, &bundle);
}

fn present(month: &Month) -> Value {
    serde_json::from_str(&done(&month.town, &["admin", "catalogue", "export"])).unwrap()
}

/// Adds an edition with new versions of some tables.
fn add<const N: usize>(bundle: &mut Value, from: usize, tables: [(&str, Value); N]) {
    let mut edition = bundle["editions"][0].clone();
    edition["number"] = json!(edition["number"].as_u64().unwrap() + 1);
    edition["valid_from"] = json!(date(from));
    for (table, mut version) in tables {
        let number = version["version"].as_u64().unwrap() + 1;
        version["version"] = json!(number);
        edition[table] = json!(number);
        bundle[table].as_array_mut().unwrap().insert(0, version);
    }
    bundle["editions"]
        .as_array_mut()
        .unwrap()
        .insert(0, edition);
}

impl Month {
    /// Everything is judged by the edition that its author was shown, also of people who had been without a network for a
    /// week.
    pub(super) fn check_editions(&self) {
        let mut of = [0; 3];
        for stated in &self.stated {
            let path = format!("/v1/activities/{}", stated.doc);
            let detail = self.town.json(&path, &self.keys.province[0]);
            let found = &detail["state"]["edition"];
            assert_eq!(
                *found, stated.edition.0,
                "day {} {}",
                stated.day, stated.kind
            );
            of[stated.edition.0 as usize - 1] += 1;
        }
        assert!(of.iter().all(|count| *count > 0), "{of:?}");
        let mut late = 0;
        // What is found in the last evening stays on the device.
        let sent = self.found.iter().filter(|(_, day, _)| *day < DAYS - 1);
        for (doc, day, edition) in sent {
            let detail = self
                .town
                .json(&format!("/v1/hazards/{doc}"), &self.keys.province[0]);
            let first = &detail["events"][0];
            assert_eq!(first["edition"], edition.0, "day {day} {doc}");
            late += usize::from(*edition == Edition(1) && *day >= FROM[0]);
        }
        assert!(late > 0, "nobody found anything under an old catalogue");
        let patrols = self.listed(&format!("/v1/activities?type={PATROL}"));
        let new = self.listed(&format!("/v1/hazards?kind={NEW_KIND}"));
        assert!(patrols > 0 && new > 0, "{patrols} {new}");
    }
}
