//! The catalogue agrees with itself, and its editions judge what names them.

use super::{
    Bundle, BundleError, Catalogue, CatalogueError, Inspections, ProgramTables, StateCode,
};
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
fn a_template_changes_only_with_its_version_and_keeps_the_items_that_it_had_first() {
    let with_inspections = |change: fn(&mut Inspections)| {
        let mut bundle = with_may();
        let mut inspections = bundle.inspections[0].clone();
        inspections.version = 2;
        change(&mut inspections);
        bundle.inspections.insert(0, inspections);
        bundle.editions[0].inspections = 2;
        Catalogue::new(bundle)
    };
    let refused = |change| with_inspections(change).unwrap_err().to_string();
    let two = "has two contents";
    assert!(refused(|t| t.templates[0].inspectors = 9).contains(two));
    assert!(refused(|t| t.templates[0].photo_when_all_ok ^= true).contains(two));
    assert!(refused(|t| t.items[0].hazards.clear()).contains(two));
    assert!(refused(|t| t.units.iter_mut().for_each(|unit| unit.maximum = 1)).contains(two));
    assert!(refused(|t| t.templates[0].version = 0).contains("falls"));
    let raised = with_inspections(|t| {
        for template in &mut t.templates {
            template.version += 1;
            template.inspectors = 9;
        }
    })
    .unwrap();
    let code = &Catalogue::embedded().inspections.templates[0].code;
    let of = |version| raised.inspections_of(code, version).map(|t| t.version);
    assert_eq!((of(1), of(2), of(3)), (Some(1), Some(2), None));
}

#[test]
fn later_versions_change_nothing_of_a_code_that_an_edition_lacks() {
    let mut bundle = with_may();
    let mut kinds = bundle.hazard_kinds[1].clone();
    kinds.version = 3;
    for kind in kinds.kinds.iter_mut().filter(|kind| kind.code == "EV-16") {
        kind.grade = Grade::G3Suspected;
    }
    let mut edition = bundle.editions[0].clone();
    (edition.number, edition.hazard_kinds) = (Edition(3), 3);
    edition.valid_from = "2024-06-01".to_owned();
    bundle.hazard_kinds.insert(0, kinds);
    bundle.editions.insert(0, edition);
    let catalogue = Catalogue::new(bundle).unwrap();
    let grade = |edition| catalogue.kind("EV-16", Edition(edition)).unwrap().grade;
    assert_eq!(grade(2), grade(1), "retired, and back in the third edition");
    assert_eq!(grade(3), Grade::G3Suspected);
}

#[test]
fn amounts_codes_and_names_that_cannot_be_are_refused_by_name() {
    let refused = |change: fn(&mut Bundle)| {
        let mut bundle = with_may();
        change(&mut bundle);
        Catalogue::new(bundle).unwrap_err().to_string()
    };
    let endless = |b: &mut Bundle| {
        b.calendar[0]
            .classes
            .iter_mut()
            .for_each(|c| c.amount = u32::MAX)
    };
    assert!(refused(endless).contains("the amount is not from"));
    let retired = |b: &mut Bundle| {
        b.hazard_kinds[0].kinds.retain(|kind| kind.code != "FL-06");
        b.hazard_kinds[0]
            .kinds
            .iter_mut()
            .filter(|k| k.deadline == "D30")
            .for_each(|k| k.deadline = "D15".to_owned());
        b.calendar[0].classes.retain(|class| class.code != "D30");
    };
    assert!(
        refused(retired).contains("no deadline class D30"),
        "a retired code keeps its deadline"
    );
    assert!(refused(|b| b.calendar[0].timers.clear()).contains("one timer of transfer sign"));
    assert!(
        refused(|b| b.hazard_kinds[0].kinds[0].code = "EV-0123456789".to_owned())
            .contains("1 to 12 characters")
    );
    assert!(refused(|b| b.hazard_kinds[0].kinds[0].zh = " ".to_owned()).contains("is no name"));
    assert!(refused(|b| b.editions[0].number = Edition(4)).contains("should be edition 2"));
    let mut between = with_may();
    let first = between.editions[1].clone();
    between.editions[0].number = Edition(3);
    between.editions[0].valid_from = "2024-06-01".to_owned();
    let mut middle = first;
    (middle.number, middle.valid_from) = (Edition(2), "2024-04-01".to_owned());
    between.editions.insert(1, middle);
    assert!(matches!(
        between.succeeds(&with_may()),
        Err(BundleError::Altered { .. })
    ));
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

fn with_indicators(from: &str, to: &str) -> Result<Catalogue, CatalogueError> {
    let text = ProgramTables::EMBEDDED.indicators.replacen(from, to, 1);
    assert_ne!(text, ProgramTables::EMBEDDED.indicators, "{from}");
    let program = ProgramTables {
        indicators: &text,
        ..ProgramTables::EMBEDDED
    };
    Catalogue::with(Bundle::embedded(), program)
}

#[test]
fn every_figure_from_st_01_to_st_39_is_there() {
    let table = &Catalogue::embedded().indicators;
    for number in 1..=39 {
        let code = format!("ST-{number:02}");
        let mut all = table.indicators.iter();
        assert!(all.any(|i| i.code.starts_with(&code)), "{code}");
    }
}

#[test]
fn a_table_that_contradicts_itself_names_the_entry() {
    for (from, to, named) in [
        ("\"code\": \"ST-02\"", "\"code\": \"ST-01\"", "ST-01"),
        ("\"states\": [70, 80]", "\"states\": [71]", "HS71"),
        ("\"EV-06\"", "\"EV-66\"", "EV-66"),
        ("[\"EV\"]", "[\"XX\"]", "XX"),
        ("[\"ST-02\", \"ST-01\"]", "[\"ST-02\", \"ST-99\"]", "ST-99"),
        ("[\"ST-24b\"]", "[\"ST-24c\"]", "ST-24c"),
        (
            "\"from\": [\"county_signed\"]",
            "\"from\": [\"drafted\"]",
            "drafted",
        ),
        (
            "\"levels\": [\"functional_area\"]",
            "\"levels\": [\"county\"]",
            "functional_area",
        ),
    ] {
        let error = with_indicators(from, to).unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
