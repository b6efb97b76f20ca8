//! Three versions of each table, and catalogues of them.

use sync_core::catalogue::{Bundle, Catalogue, Grade};

use super::oracle::{Day, Edition};

/// Versions of each table.
pub(super) const VERSIONS: usize = 3;
/// The grade of EV-01 in each version of the hazard kinds.
pub(super) const GRADES: [Grade; VERSIONS] = [Grade::G2, Grade::G1, Grade::G3Suspected];
/// The deadline class of EV-01 in each version.
pub(super) const CLASSES: [&str; VERSIONS] = ["H24", "IMM", "H24"];
/// The hours of each class in each version of the calendar.
pub(super) const HOURS: [[u32; 2]; VERSIONS] = [[24, 4], [48, 4], [72, 8]];
/// The greatest number of attendees of a training in each version of the activity types.
pub(super) const ATTENDEES: [i64; VERSIONS] = [100_000, 100, 1_000];
/// The day 2024-03-01.
pub(super) const MARCH: Day = 19_783;

/// Whether a version of the hazard kinds has a kind: EV-02 is retired in the second, EV-50 is new in the third.
pub(super) fn has_kind(code: &str, version: usize) -> bool {
    match code {
        "EV-01" => true,
        "EV-02" => version != 1,
        "EV-50" => version == 2,
        _ => false,
    }
}

/// Whether a version of the activity types has a type: publicity is retired in the third, night patrols are new in the
/// second.
pub(super) fn has_type(code: &str, version: usize) -> bool {
    match code {
        "training" => true,
        "publicity" => version != 2,
        "night_patrol" => version >= 1,
        _ => false,
    }
}

/// The built-in tables in as many versions as the editions name, newest first, and these editions.
pub(super) fn catalogue(editions: &[Edition]) -> Catalogue {
    let mut bundle = Bundle::embedded();
    let (kinds, calendar) = (bundle.hazard_kinds.remove(0), bundle.calendar.remove(0));
    let types = bundle.activity_types.remove(0);
    let first = bundle.editions.remove(0);
    let number = |version: usize| u32::try_from(version + 1).unwrap_or(0);
    let newest = |of: fn(&Edition) -> usize| editions.iter().map(of).max().unwrap_or(0);
    let newest = [
        newest(|e| e.kinds),
        newest(|e| e.calendar),
        newest(|e| e.types),
    ];
    for version in (0..VERSIONS).rev() {
        let mut kinds = kinds.clone();
        kinds.version = number(version);
        let mut new = kinds.find("EV-02").cloned().expect("EV-02");
        new.code = "EV-50".to_owned();
        kinds.kinds.push(new);
        kinds.kinds.retain(|kind| {
            !["EV-02", "EV-50"].contains(&kind.code.as_str()) || has_kind(&kind.code, version)
        });
        for kind in kinds.kinds.iter_mut().filter(|kind| kind.category == "EV") {
            kind.grade = GRADES[version];
            kind.deadline = CLASSES[version].to_owned();
        }
        bundle
            .hazard_kinds
            .extend((version <= newest[0]).then_some(kinds));
        let mut calendar = calendar.clone();
        calendar.version = number(version);
        for (code, hours) in ["H24", "IMM"].into_iter().zip(HOURS[version]) {
            let class = calendar.classes.iter_mut().find(|class| class.code == code);
            class.expect("a class").amount = hours;
        }
        bundle
            .calendar
            .extend((version <= newest[1]).then_some(calendar));
        let mut types = types.clone();
        types.version = number(version);
        let mut patrol = types.find("publicity").cloned().expect("publicity");
        patrol.code = "night_patrol".to_owned();
        patrol.counts.clear();
        types.types.push(patrol);
        types.types.retain(|of| {
            !["publicity", "night_patrol"].contains(&of.code.as_str())
                || has_type(&of.code, version)
        });
        let training = types.types.iter_mut().find(|of| of.code == "training");
        let fields = &mut training.expect("training").schema.properties;
        fields.get_mut("attendees").expect("attendees").maximum = Some(ATTENDEES[version]);
        bundle
            .activity_types
            .extend((version <= newest[2]).then_some(types));
    }
    for of in editions.iter().rev() {
        let mut edition = first.clone();
        edition.number = sync_core::record::Edition(of.number);
        edition.valid_from = date(of.first_day);
        edition.hazard_kinds = number(of.kinds);
        edition.calendar = number(of.calendar);
        edition.activity_types = number(of.types);
        bundle.editions.push(edition);
    }
    Catalogue::new(bundle).expect("a catalogue")
}

/// A day of March to June 2024.
fn date(day: Day) -> String {
    let (mut left, mut month) = (day - MARCH, 3);
    for length in [31, 30, 31] {
        if left < length {
            break;
        }
        (left, month) = (left - length, month + 1);
    }
    format!("2024-{month:02}-{:02}", left + 1)
}
