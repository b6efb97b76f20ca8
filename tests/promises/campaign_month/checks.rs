//! What must hold on every day, and of every sealed report at the end of the month.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sync_core::catalogue::Catalogue;
use xuncha_server::{
    projection::renew_intervals,
    refusal::Refusal,
    reporting::{Recounted, recount, verify},
};

use super::{
    DAYS, Month, date,
    people::{CITIES, PLACES, PROVINCE},
    reports::{Sealed, cut_off},
    time,
};
use crate::support::sealing::id;

const COLUMNS: [&str; 2] = ["period", "cumulative"];

/// Indicators of which the month must contain something, so that the sums are not those of nothing.
const FILLED: [&str; 25] = [
    "ST-02", "ST-04", "ST-04b", "ST-05a", "ST-05b", "ST-06", "ST-07", "ST-08", "ST-10", "ST-11",
    "ST-12a", "ST-12b", "ST-13a", "ST-14.MG", "ST-15a", "ST-16", "ST-22", "ST-23", "ST-24a",
    "ST-26", "ST-29a", "ST-29b", "ST-30b", "ST-33b", "ST-34a",
];

/// A figure in thousandths; none if it has no value.
fn milli(row: &Value, code: &str, column: &str) -> Option<i64> {
    let value = row["values"][code][column].as_f64();
    value.map(|value| (value * 1000.0).round() as i64)
}

/// The codes of the indicators whose values can be added.
fn additive() -> Vec<&'static str> {
    let all = Catalogue::embedded().indicators.indicators.iter();
    let can = all.filter(|indicator| indicator.additive);
    can.map(|indicator| indicator.code.as_str()).collect()
}

/// The rows of a sheet by area.
fn by_area<'v>(rows: impl IntoIterator<Item = &'v Value>) -> BTreeMap<&'v str, &'v Value> {
    let area = |row: &'v Value| (row["area"].as_str().unwrap(), row);
    rows.into_iter().map(area).collect()
}

/// A time as RFC 3339.
fn instant(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

impl Month {
    /// The live figures of an area and a day, of what had arrived before a time.
    fn sheet(&self, area: &str, by: &str, day: usize, before: i64) -> Value {
        let (date, as_of) = (date(day), instant(before - 1));
        let query =
            format!("/v1/indicators?area={area}&by={by}&from={date}&to={date}&as_of={as_of}");
        self.town.json(&query, &self.keys.province[0])
    }

    /// The province is the sum of its cities and the sum of its counties, and so is each city, as of 16:00.
    pub(super) fn check_sums(&mut self, day: usize) {
        let before = time(day, 16);
        let cities = self.sheet(PROVINCE, "city", day, before);
        assert_eq!(cities["ledger_lag"], 0, "day {day}");
        assert_eq!(cities["unreadable"], 0, "day {day}");
        let counties = self.sheet(PROVINCE, "county", day, before);
        adds_up(day, PROVINCE, &cities["total"], &cities["rows"]);
        adds_up(day, PROVINCE, &cities["total"], &counties["rows"]);
        same(day, PROVINCE, &cities["total"], &counties["total"]);
        let rows = by_area(cities["rows"].as_array().unwrap());
        let mut seen = BTreeSet::new();
        for city in CITIES {
            let own = self.sheet(city, "county", day, before);
            same(day, city, rows[city], &own["total"]);
            adds_up(day, city, &own["total"], &own["rows"]);
            let all = by_area(counties["rows"].as_array().unwrap());
            for (county, row) in by_area(own["rows"].as_array().unwrap()) {
                assert!(seen.insert(county.to_owned()), "day {day} {county}: twice");
                same(day, county, all[county], row);
            }
        }
        for check in cities["checks"].as_array().unwrap() {
            assert_eq!(check["holds"], true, "day {day}: {check}");
        }
        self.daily.insert(day, cities);
    }

    /// The figures of each day are the same as when they were asked on that day.
    pub(super) fn check_days(&self) {
        for (day, then) in &self.daily {
            let now = self.sheet(PROVINCE, "city", *day, time(*day, 16));
            let now = by_area(now["rows"].as_array().unwrap());
            for (area, row) in by_area(then["rows"].as_array().unwrap()) {
                same(*day, area, row, now[area]);
            }
        }
    }

    /// The number of rows of a page.
    pub(super) fn listed(&self, path: &str) -> usize {
        let items = self.town.json(path, &self.keys.province[0])["items"].clone();
        items.as_array().unwrap().len()
    }

    /// The month has something of what it is about.
    pub(super) fn check_content(&self) {
        let sheet = self.sheet(PROVINCE, "city", DAYS - 1, time(DAYS - 1, 16));
        let of = |code: &&&str| milli(&sheet["total"], code, "cumulative").unwrap_or(0) == 0;
        let empty: Vec<_> = FILLED.iter().filter(of).collect();
        assert!(empty.is_empty(), "nothing of {empty:?}");
        for state in ["stated", "confirmed", "withdrawn"] {
            let count = self.listed(&format!("/v1/activities?state={state}"));
            assert!(count > 0, "no activity is {state}");
        }
        assert!(self.withdrawn_by_two > 0, "nothing withdrawn by two");
        let corrected = |s: &Sealed| s.content["corrections"] != json!([]);
        assert!(self.sealed.iter().any(corrected), "nothing came later");
    }

    /// Every report has its bytes and its signature, and is counted again value by value.
    pub(super) fn check_reports(&self) {
        let mut numbers = BTreeMap::new();
        for sealed in &self.sealed {
            let number = sealed.view["number"].as_str().unwrap();
            let twice = numbers.insert(number, &sealed.bytes);
            assert!(twice.is_none(), "day {}: {number} twice", sealed.day);
            self.check_bytes(sealed);
            if !sealed.lost {
                self.check_late(sealed);
                self.check_sources_added(sealed);
                self.check_again(sealed);
            }
        }
        let kept = self.sealed.iter().filter(|sealed| !sealed.lost).count();
        let corrected = self.sealed.iter().filter(|s| s.view["version"] == 2);
        let standing = kept - corrected.count();
        self.recounted("as it is", standing);
        let projection = &self.town.app().components.projection;
        self.town.runtime.block_on(projection.rebuild()).unwrap();
        self.recounted("rebuilt", standing);
        let catalogue = std::sync::Arc::clone(self.town.app().components.editions.catalogue());
        self.town
            .in_ledger(move |tx| renew_intervals(tx, &catalogue));
        self.recounted("with new intervals", standing);
    }

    fn check_bytes(&self, sealed: &Sealed) {
        let (day, area) = (sealed.day, &sealed.area);
        let server = self.town.app().components.access.key().public();
        let genuine = verify(&sealed.file, None, &server);
        let genuine = genuine.unwrap_or_else(|e| panic!("day {day} {area}: {e}"));
        assert_eq!(sealed.view["number"], genuine.number, "day {day} {area}");
        let path = format!("/v1/reports/{}", id(&sealed.view));
        let (status, bytes) = self.town.get(&path, &self.keys.province[0]);
        if sealed.lost {
            assert_eq!(status, 404, "day {day} {area}: it was restored without it");
        } else {
            assert_eq!(status, 200, "day {day} {area}");
            assert!(bytes == sealed.bytes, "day {day} {area}: other bytes");
        }
    }

    /// What cannot be compared after a restore is named.
    fn check_late(&self, sealed: &Sealed) {
        let (day, area) = (sealed.day, &sealed.area);
        let path = format!("/v1/reports/{}/late", id(&sealed.view));
        let late = self.town.json(&path, &self.keys.province[0]);
        let marks = sealed.content["marks"].as_array().unwrap().iter();
        let spaces: Vec<_> = marks.map(|mark| mark["space"].clone()).collect();
        let before = self.restored.is_some_and(|restored| day < restored);
        let expected = if before { json!(spaces) } else { json!([]) };
        assert_eq!(late["not_comparable"], expected, "day {day} {area}");
        // A device of this county was away until the day after.
        if (day, area.as_str()) == (23, PLACES[2]) {
            assert_ne!(late["items"], json!([]), "day {day} {area}: late arrivals");
        }
    }

    /// What was added up from sealed reports is the sum of their bytes.
    fn check_sources_added(&self, sealed: &Sealed) {
        let sources = sealed.content["sources"].as_array().unwrap();
        let of = |source: &Value| {
            let mut all = self.sealed.iter();
            let found = all.find(|s| s.view["number"] == source["report"]).unwrap();
            assert_eq!(source["sha256"], found.view["sha256"]);
            found.content["total"].clone()
        };
        let parts: Vec<Value> = sources.iter().map(of).collect();
        if !parts.is_empty() {
            let total = &sealed.content["total"];
            adds_up(sealed.day, &sealed.area, total, &json!(parts));
        }
    }

    /// Whether a report and all reports that it adds up have one cut-off.
    fn is_of_one_time(&self, sealed: &Sealed) -> bool {
        let sources = sealed.content["sources"].as_array().unwrap();
        sources.iter().all(|source| {
            let mut all = self.sealed.iter();
            let part = all.find(|s| s.view["number"] == source["report"]).unwrap();
            cut_off(&part.view) == cut_off(&sealed.view) && self.is_of_one_time(part)
        })
    }

    /// The live figures as of the cut-off are those of the report, value by value.
    fn check_again(&self, sealed: &Sealed) {
        if !self.is_of_one_time(sealed) {
            return;
        }
        let (day, area) = (sealed.day, &sealed.area);
        let rows = sealed.content["rows"].as_array().unwrap();
        let levels: BTreeSet<_> = rows.iter().map(|r| r["level"].as_str().unwrap()).collect();
        for level in levels {
            let now = self.sheet(area, level, day, cut_off(&sealed.view));
            same(day, area, &sealed.content["total"], &now["total"]);
            let of_level = rows.iter().filter(|row| row["level"] == level);
            let (sealed, now) = (by_area(of_level), by_area(now["rows"].as_array().unwrap()));
            let (old, new): (Vec<_>, Vec<_>) = (sealed.keys().collect(), now.keys().collect());
            assert_eq!(old, new, "day {day} {area}: places by {level}");
            for (place, row) in sealed {
                same(day, place, row, now[place]);
            }
        }
    }

    /// The server's own recount of all reports that stand finds no difference.
    fn recounted(&self, how: &str, standing: usize) {
        let storage = &self.town.app().storage;
        let counted = storage.read(|tx| -> Result<_, Refusal> { recount(tx) });
        let (count, differing) = self.town.runtime.block_on(counted).unwrap();
        let told = |report: &Recounted| {
            let all = report.differences.iter();
            let each = all.map(|d| format!("{:?} {} {}", d.area, d.indicator, d.column));
            let each: Vec<_> = each.collect();
            format!("{} {} {}: {each:?}", report.number, report.to, report.area)
        };
        let told: Vec<_> = differing.iter().map(told).collect();
        assert!(told.is_empty(), "{how}: {told:#?}");
        assert_eq!(count, standing, "{how}");
    }
}

/// Every value of two rows is the same.
fn same(day: usize, area: &str, one: &Value, other: &Value) {
    let codes = |row: &Value| row["values"].as_object().unwrap().keys().cloned().collect();
    let (known, named): (Vec<String>, Vec<String>) = (codes(one), codes(other));
    assert_eq!(known, named, "day {day} {area}: indicators");
    for code in known {
        let (old, new) = (&one["values"][&code], &other["values"][&code]);
        assert_eq!(old, new, "day {day} {area} {code}: two sheets");
    }
}

/// A row is the sum of others in everything that can be added.
fn adds_up(day: usize, area: &str, total: &Value, rows: &Value) {
    for code in additive() {
        for column in COLUMNS {
            let rows = rows.as_array().unwrap().iter();
            let sum: i64 = rows.map(|row| milli(row, code, column).unwrap()).sum();
            let whole = milli(total, code, column).unwrap();
            assert_eq!(whole, sum, "day {day} {area} {code} {column}: whole, parts");
        }
    }
}
