//! The catalogue agrees with itself, and its editions judge what names them.

use super::{Bundle, BundleError, Catalogue, ProgramTables, StateCode};
use crate::record::{DeviceTime, Edition, Grade};

#[test]
fn the_built_in_catalogue_has_86_kinds_and_agrees_with_itself() {
    let catalogue = Catalogue::new(Bundle::embedded()).unwrap();
    assert_eq!(catalogue.kinds.kinds.len(), 86);
    assert_eq!(
        catalogue.kinds.find("EV-06").unwrap().grade,
        Grade::G3Suspected
    );
    assert!(catalogue.rules.rank(StateCode(90)) > catalogue.rules.rank(StateCode(80)));
}

#[test]
fn every_hazard_kind_is_opened_by_an_item_of_an_inspection() {
    let catalogue = Catalogue::new(Bundle::embedded()).unwrap();
    for kind in &catalogue.kinds.kinds {
        let mut items = catalogue.inspections.items.iter();
        assert!(
            items.any(|item| item.hazards.contains(&kind.code)),
            "{}: name it in `hazards` of an item of inspection.json",
            kind.code
        );
    }
}

#[test]
fn a_dangling_state_and_a_repeated_code_are_named() {
    let dangling = ProgramTables::EMBEDDED
        .rules
        .replace("\"to\": 60", "\"to\": 61");
    let program = ProgramTables {
        rules: &dangling,
        ..ProgramTables::EMBEDDED
    };
    let error = Catalogue::with(Bundle::embedded(), program);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("HS61"), "{error}");
    let mut repeated = Bundle::embedded();
    repeated.hazard_kinds[0].kinds[1].code = "EV-01".to_owned();
    let error = Catalogue::new(repeated).unwrap_err().to_string();
    assert!(error.contains("EV-01"), "{error}");
}

/// In May a second edition: EV-02 became a general hazard, EV-16 was retired, and D1 lasts two days.
fn with_may() -> Bundle {
    let mut bundle = Bundle::embedded();
    let mut kinds = bundle.hazard_kinds[0].clone();
    kinds.version = 2;
    kinds.kinds.retain(|kind| kind.code != "EV-16");
    for kind in kinds.kinds.iter_mut().filter(|kind| kind.code == "EV-02") {
        kind.grade = Grade::G1;
    }
    let mut calendar = bundle.calendar[0].clone();
    calendar.version = 2;
    for class in calendar
        .classes
        .iter_mut()
        .filter(|class| class.code == "D1")
    {
        class.amount = 2;
    }
    let mut edition = bundle.editions[0].clone();
    edition.number = Edition(edition.number.0 + 1);
    edition.valid_from = "2024-05-01".to_owned();
    (edition.hazard_kinds, edition.calendar) = (2, 2);
    bundle.hazard_kinds.insert(0, kinds);
    bundle.calendar.insert(0, calendar);
    bundle.editions.insert(0, edition);
    bundle
}

#[test]
fn a_record_is_judged_by_its_edition_and_a_retired_code_keeps_its_meaning() {
    let catalogue = Catalogue::new(with_may()).unwrap();
    let april = catalogue.edition_at(DeviceTime(1_713_000_000_000));
    let may = catalogue.edition_at(DeviceTime(1_716_000_000_000));
    assert_eq!(may, catalogue.newest());
    let grade = |code, edition| catalogue.kind(code, edition).map(|kind| kind.grade);
    assert_eq!(grade("EV-02", april), Some(Grade::G2));
    assert_eq!(grade("EV-02", may), Some(Grade::G1));
    assert_eq!(
        grade("EV-16", may),
        grade("EV-16", april),
        "retired, not forgotten"
    );
    assert_eq!(grade("EV-99", may), None);
    let days = |edition| {
        catalogue
            .calendar_of(edition)
            .class("D1")
            .map(|class| class.amount)
    };
    assert_eq!((days(april), days(may)), (Some(1), Some(2)));
}

#[test]
fn a_bundle_follows_another_only_if_it_keeps_every_earlier_version_as_it_was() {
    let (present, new) = (Bundle::embedded(), with_may());
    assert_eq!(new.succeeds(&present), Ok(()));
    assert!(matches!(
        present.succeeds(&new),
        Err(BundleError::NotNewer { .. })
    ));
    assert!(matches!(
        new.succeeds(&new),
        Err(BundleError::NotNewer { .. })
    ));
    let mut altered = with_may();
    altered.hazard_kinds[1].kinds.pop();
    let lost = BundleError::Altered {
        table: "hazard_kinds",
        version: 1,
    };
    assert_eq!(altered.succeeds(&present), Err(lost));
    let mut forgetful = with_may();
    forgetful.calendar.pop();
    let error = forgetful.succeeds(&present).unwrap_err().to_string();
    assert!(error.contains("calendar"), "{error}");
    let again = Bundle::from_json(&new.to_json()).unwrap();
    assert_eq!(again.to_json(), new.to_json());
    let twice = br#"{"editions": [], "editions": []}"#;
    assert!(Bundle::from_json(twice).is_err());
}

#[test]
fn an_edition_whose_tables_are_absent_or_contradict_each_other_is_refused() {
    let refused = |change: fn(&mut Bundle)| {
        let mut bundle = with_may();
        change(&mut bundle);
        Catalogue::new(bundle).unwrap_err().to_string()
    };
    let error = refused(|b| b.editions[0].activity_types = 7);
    assert!(error.contains("no version 7 of activity_types"), "{error}");
    let error = refused(|b| b.calendar[0].offset_minutes = 0);
    assert!(error.contains("time zone"), "{error}");
    let error = refused(|b| b.hazard_kinds.swap(0, 1));
    assert!(error.contains("newest comes first"), "{error}");
    let error = refused(|b| b.hazard_kinds[0].kinds[0].deadline = "D99".to_owned());
    assert!(error.contains("EV-01") && error.contains("D99"), "{error}");
}

#[test]
fn every_figure_that_an_indicator_sums_is_fed_by_somebody() {
    let by_hazards = [
        "dissuasions",
        "reports",
        "transfers",
        "transfers_fed_back",
        "orders",
        "escalations",
        "escalations_solved",
    ];
    let catalogue = Catalogue::new(Bundle::embedded()).unwrap();
    let types = catalogue.activity_types.types.iter();
    let mut fed: Vec<&str> = types
        .flat_map(|of| of.counts.iter().map(|figure| figure.name.as_str()))
        .collect();
    fed.extend(by_hazards);
    fed.push("inspection.team_size");
    let data: serde_json::Value = serde_json::from_str(ProgramTables::EMBEDDED.indicators).unwrap();
    let rows = data["indicators"].as_array().unwrap();
    let summed = rows
        .iter()
        .filter_map(|row| row["value"]["quantity"].as_str());
    let summed: Vec<&str> = summed.collect();
    assert!(summed.len() > 25);
    for figure in summed {
        assert!(fed.contains(&figure), "nothing feeds {figure}");
    }
}
