//! What happens on one day of the month only.

use serde_json::json;

use super::{
    Month, catalogues, date,
    people::{HUANGSHI, MOVING, PROVINCE, WUHAN},
    reports::{correction, cut_off},
};
use crate::support::{database::is_postgres, province::WUCHANG, sealing::id};

/// Before the first work of a day, or after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Morning,
    Night,
}

/// The day on which the county begins to report to another city.
pub(super) const MOVE: usize = 14;
/// The day whose reports are corrected on the next one.
pub(super) const CORRECTED: usize = 8;
const BACKUP: usize = 19;
const RESTORE: usize = 20;

type Event = (usize, When, fn(&mut Month, usize));

/// The table of events: a day, a time, and what happens.
const EVENTS: &[Event] = &[
    (4, When::Night, catalogues::second),
    (CORRECTED + 1, When::Morning, correct),
    (MOVE, When::Morning, move_county),
    (16, When::Night, catalogues::third),
    (BACKUP, When::Night, back_up),
    (RESTORE, When::Night, restore),
];

impl Month {
    pub(super) fn events(&mut self, day: usize, when: When) {
        for (of, at, happens) in EVENTS {
            if (*of, *at) == (day, when) {
                happens(self, day);
            }
        }
    }
}

fn move_county(month: &mut Month, day: usize) {
    let text = format!(
        "path,name,level,parent,valid_from\n{MOVING},江岸区,county,{HUANGSHI},{}\n",
        date(day)
    );
    let import = month.town.import_regions(&text);
    assert!(import.written, "{import:?}");
}

/// The reports of the day before are corrected with a later cut-off: the county's was locked, the city's checked, the
/// province's accepted.
fn correct(month: &mut Month, day: usize) {
    let of = day - 1;
    let (county, city) = (month.standing(WUCHANG, of), month.standing(WUHAN, of));
    let province = month.standing(PROVINCE, of);
    let keys = month.keys.clone();
    let town = &month.town;
    let order = correction(&county, of);
    let (status, told) = town.post("/v1/reports", &keys.county[0][0], &order);
    assert_eq!((status, &told["code"]), (409, &json!("report-step")));
    town.steps(&county, &[(&keys.province[2], "unlocked")]);
    let first = month.seal(&keys.county[0][0], &order, of);
    month.town.steps(
        &first,
        &[
            (&keys.county[0][1], "county_signed"),
            (&keys.wuhan[0], "city_checked"),
            (&keys.wuhan[1], "submitted"),
            (&keys.province[0], "accepted"),
            (&keys.province[1], "locked"),
        ],
    );
    let path = format!("/v1/reports/{}/late", id(&city));
    let late = month.town.json(&path, &keys.wuhan[0]);
    let changed = late["changed_parts"].as_array().unwrap();
    assert!(
        changed.len() == 1 && changed[0]["corrected_by"] == first["number"],
        "day {of} {WUHAN}: {late}"
    );
    let town = &month.town;
    town.steps(&city, &[(&keys.wuhan[2], "returned")]);
    let second = month.seal(&keys.wuhan[0], &correction(&city, of), of);
    let town = &month.town;
    town.steps(&second, &[(&keys.wuhan[1], "city_checked")]);
    town.steps(&province, &[(&keys.province[2], "returned")]);
    let third = month.seal(&keys.province[0], &correction(&province, of), of);
    let town = &month.town;
    town.steps(&third, &[(&keys.province[1], "accepted")]);
    let sealed = month.sealed.last().unwrap();
    let sources = sealed.content["sources"].as_array().unwrap();
    let of_city = sources.iter().find(|source| source["area"] == WUHAN);
    assert_eq!(of_city.unwrap()["report"], second["number"], "day {of}");
    assert!(cut_off(&third) > cut_off(&province), "{third}");
}

fn back_up(month: &mut Month, _: usize) {
    // PostgreSQL is backed up with its own tools.
    if !is_postgres() {
        month.town.backup_to("backup");
    }
}

/// The server loses a day with its reports; the devices bring back what was recorded, and the day is sealed again.
fn restore(month: &mut Month, day: usize) {
    if is_postgres() {
        return;
    }
    month.sync(day);
    month.sync(day);
    let stored = |month: &Month| (month.town.changes_stored(), month.town.photos_listed());
    let everything = stored(month);
    month.town.restore_from("backup", "restored");
    month.town.restart_on("restored");
    month.restored = Some(day);
    let left = stored(month);
    assert!(left.0 < everything.0 && left.1 < everything.1, "{left:?}");
    for sealed in &mut month.sealed {
        sealed.lost = sealed.day == day;
    }
    month.sync(day);
    month.sync(day);
    assert_eq!(stored(month), everything, "day {day}");
    month.town.project();
    month.check_sums(day);
    month.seal_all(day);
    let stood = month.sealed.iter().filter(|sealed| sealed.day == day);
    let (lost, again): (Vec<_>, Vec<_>) = stood.partition(|sealed| sealed.lost);
    assert_eq!(lost.len(), again.len());
    for sealed in again {
        let said = &sealed.content["late_arrivals"]["not_comparable"];
        let area = &sealed.content["area"];
        assert!(!said.as_array().unwrap().is_empty(), "day {day} {area}");
    }
}
