//! The reports of the month: each county seals and signs, each city and the province add up what was signed.

use serde_json::{Value, json};
use sync_core::record::Role;

use super::{
    Month, date,
    events::{CORRECTED, MOVE},
    people::{HUANGSHI, MOVING, PLACES, PROVINCE, WUHAN, XIANTAO, person},
};
use crate::support::{
    Town,
    province::{WUCHANG, ZONE},
    sealing::id,
};

/// A report as it was sealed.
pub(super) struct Sealed {
    pub(super) day: usize,
    pub(super) area: String,
    pub(super) view: Value,
    pub(super) content: Value,
    pub(super) bytes: Vec<u8>,
    /// The file for `verify-report`.
    pub(super) file: Vec<u8>,
    /// Whether the server lost it in the restore.
    pub(super) lost: bool,
}

/// The tokens of those who seal and take steps.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// Two people of each county.
    pub(super) county: Vec<[String; 2]>,
    pub(super) wuhan: [String; 3],
    pub(super) huangshi: [String; 3],
    /// Of the county that is a city, as a city.
    pub(super) xiantao: [String; 3],
    pub(super) zone: String,
    pub(super) province: [String; 3],
}

impl Keys {
    pub(super) fn issue(town: &Town) -> Self {
        let city = |first: u8, area: &str| {
            [0, 1, 2].map(|n| town.key_of(first + n, Role::CityReviewer, area))
        };
        let county = (0..).zip(PLACES).map(|(county, place)| {
            [5, 6].map(|n| town.key_of(person(county, n), Role::CountyReviewer, place))
        });
        Self {
            county: county.collect(),
            wuhan: city(101, WUHAN),
            huangshi: city(111, HUANGSHI),
            xiantao: city(121, XIANTAO),
            zone: town.key_of(131, Role::CountyReviewer, ZONE),
            province: [141, 142, 143].map(|n| town.reviewer(n, PROVINCE)),
        }
    }

    /// The people of the city that a county reports to on a day.
    fn city_of(&self, county: &str, day: usize) -> &[String; 3] {
        match county {
            XIANTAO => &self.xiantao,
            MOVING if day >= MOVE => &self.huangshi,
            WUCHANG | MOVING => &self.wuhan,
            _ => &self.huangshi,
        }
    }
}

/// The order of a daily report with its cut-off at 16:00.
fn order(area: &str, day: usize) -> Value {
    let date = date(day);
    json!({ "kind": "daily", "area": area, "from": date, "to": date, "cut_off": format!("{date}T16:00:00+08:00") })
}

/// The order that corrects a report, with its cut-off at the end of the day.
pub(super) fn correction(report: &Value, day: usize) -> Value {
    let mut order = order(report["area"].as_str().unwrap(), day);
    let next = date(day + 1);
    order["cut_off"] = format!("{next}T00:00:00+08:00").into();
    order["corrects"] = report["id"].clone();
    order["reason"] = "晚间到达的记录".into();
    order
}

/// The cut-off of a report, milliseconds UTC.
pub(super) fn cut_off(view: &Value) -> i64 {
    let text = view["cut_off"].as_str().unwrap();
    let at: jiff::Timestamp = text.parse().unwrap();
    at.as_millisecond()
}

impl Month {
    /// Seals a report and notes what was sealed.
    pub(super) fn seal(&mut self, key: &str, order: &Value, day: usize) -> Value {
        let (view, content) = self.town.seal(key, order);
        let path = format!("/v1/reports/{}", id(&view));
        let (bytes, file) = (
            self.town.get(&path, key).1,
            self.town.get(&format!("{path}/sealed"), key).1,
        );
        self.sealed.push(Sealed {
            day,
            area: order["area"].as_str().unwrap().to_owned(),
            view: view.clone(),
            content,
            bytes,
            file,
            lost: false,
        });
        view
    }

    /// The view of the newest report of an area and a day.
    pub(super) fn standing(&self, area: &str, day: usize) -> Value {
        let of = |sealed: &&Sealed| sealed.area == area && sealed.day == day;
        self.sealed.iter().rfind(of).unwrap().view.clone()
    }

    /// Seals the reports of a day from the counties to the province. Some go the whole way up.
    pub(super) fn seal_all(&mut self, day: usize) {
        let keys = self.keys.clone();
        for (county, place) in PLACES.iter().enumerate() {
            let [writer, chief] = &keys.county[county];
            let city = keys.city_of(place, day);
            let report = self.seal(writer, &order(place, day), day);
            self.town.steps(&report, &[(chief, "county_signed")]);
            if *place == XIANTAO || day == CORRECTED || day.is_multiple_of(2) {
                self.town.steps(&report, &[(&city[0], "city_checked")]);
            }
            if *place == WUCHANG && (day == CORRECTED || day.is_multiple_of(2)) {
                self.town.steps(
                    &report,
                    &[
                        (&city[1], "submitted"),
                        (&keys.province[0], "accepted"),
                        (&keys.province[1], "locked"),
                    ],
                );
            }
        }
        let zone = self.seal(&keys.wuhan[0], &order(ZONE, day), day);
        self.town.steps(&zone, &[(&keys.zone, "county_signed")]);
        for (city, people) in [(WUHAN, &keys.wuhan), (HUANGSHI, &keys.huangshi)] {
            let report = self.seal(&people[0], &order(city, day), day);
            self.check_sources(day, &parts(city, day));
            self.town.steps(&report, &[(&people[1], "city_checked")]);
        }
        let report = self.seal(&keys.province[0], &order(PROVINCE, day), day);
        self.check_sources(day, &[WUHAN, HUANGSHI, XIANTAO]);
        self.town.steps(&report, &[(&keys.province[1], "accepted")]);
    }

    /// The report that was sealed last added up the reports of these areas and no others.
    fn check_sources(&self, day: usize, expected: &[&str]) {
        let Sealed { area, content, .. } = self.sealed.last().unwrap();
        let sources = content["sources"].as_array().unwrap();
        let found = sources.iter().map(|source| source["area"].as_str());
        let mut expected: Vec<_> = expected.iter().map(|area| Some(*area)).collect();
        expected.sort_unstable();
        assert_eq!(found.collect::<Vec<_>>(), expected, "day {day} {area}");
        assert_eq!(content["left_out"], json!([]), "day {day} {area}");
    }
}

/// The counties and the zone that report to a city on a day.
fn parts(city: &str, day: usize) -> Vec<&'static str> {
    let moved = day >= MOVE;
    match city {
        WUHAN if moved => vec![WUCHANG, ZONE],
        WUHAN => vec![WUCHANG, MOVING, ZONE],
        _ if moved => vec![PLACES[2], MOVING],
        _ => vec![PLACES[2]],
    }
}
