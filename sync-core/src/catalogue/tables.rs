//! All tables of one version, read from their files and checked against each other.

use std::sync::OnceLock;

use super::{
    activity_types::{ActivityType, ActivityTypes},
    calendar::Calendar,
    duplicates::Weights,
    duties::Duties,
    indicators::Indicators,
    inspection::{Inspections, Item, Template},
    kinds::{HazardKind, HazardKinds},
    regions::Regions,
    rules::Rules,
    valid_days::entry_on,
};
use crate::record::DeviceTime;

/// All tables of one version.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The hazard kinds.
    pub kinds: HazardKinds,
    /// The lifecycle.
    pub rules: Rules,
    /// Earlier versions of the hazard kinds, newest first.
    pub earlier: Vec<HazardKinds>,
    /// Working days and deadlines.
    pub calendar: Calendar,
    /// The weights of suggestions.
    pub weights: Weights,
    /// The duties of a property company after a violation.
    pub duties: Duties,
    /// The activity types.
    pub activity_types: ActivityTypes,
    /// Earlier versions of the activity types, newest first.
    pub earlier_types: Vec<ActivityTypes>,
    /// Items and templates of inspections.
    pub inspections: Inspections,
    /// Earlier versions of items and templates, newest first.
    pub earlier_inspections: Vec<Inspections>,
    /// The province and its cities.
    pub regions: Regions,
    /// The indicators.
    pub indicators: Indicators,
}

/// The files of a catalogue, as text.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'t> {
    /// `hazard_kinds.json`.
    pub kinds: &'t str,
    /// Earlier versions of it, newest first.
    pub earlier: &'t [&'t str],
    /// `lifecycle.json`.
    pub rules: &'t str,
    /// `calendar.json`.
    pub calendar: &'t str,
    /// `duplicates.json`.
    pub weights: &'t str,
    /// `duties.json`.
    pub duties: &'t str,
    /// `activity_types.json`.
    pub activity_types: &'t str,
    /// Earlier versions of it, newest first.
    pub earlier_types: &'t [&'t str],
    /// `inspection.json`.
    pub inspections: &'t str,
    /// Earlier versions of it, newest first.
    pub earlier_inspections: &'t [&'t str],
    /// `regions.json`.
    pub regions: &'t str,
    /// `indicators.json`.
    pub indicators: &'t str,
}

/// Tables that are malformed or contradict themselves.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that was expected.
    #[error("the catalogue cannot be read")]
    Malformed(#[from] serde_json::Error),
    /// A dangling reference or a duplicate code.
    #[error("the catalogue contradicts itself: {0}")]
    Contradiction(String),
}

impl Sources<'static> {
    /// The files that this program was built with.
    pub const EMBEDDED: Self = Self {
        kinds: include_str!("../../../schemas/catalogue/hazard_kinds.json"),
        earlier: &[],
        rules: include_str!("../../../schemas/catalogue/lifecycle.json"),
        calendar: include_str!("../../../schemas/catalogue/calendar.json"),
        weights: include_str!("../../../schemas/catalogue/duplicates.json"),
        duties: include_str!("../../../schemas/catalogue/duties.json"),
        activity_types: include_str!("../../../schemas/catalogue/activity_types.json"),
        earlier_types: &[],
        inspections: include_str!("../../../schemas/catalogue/inspection.json"),
        earlier_inspections: &[],
        regions: include_str!("../../../schemas/catalogue/regions.json"),
        indicators: include_str!("../../../schemas/catalogue/indicators.json"),
    };
}

impl Catalogue {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// [`CatalogueError`] with the entry at fault.
    pub fn parse(sources: Sources<'_>) -> Result<Self, CatalogueError> {
        let mut catalogue = Self {
            kinds: serde_json::from_str(sources.kinds)?,
            earlier: each(sources.earlier)?,
            rules: serde_json::from_str(sources.rules)?,
            calendar: serde_json::from_str(sources.calendar)?,
            weights: serde_json::from_str(sources.weights)?,
            duties: serde_json::from_str(sources.duties)?,
            activity_types: serde_json::from_str(sources.activity_types)?,
            earlier_types: each(sources.earlier_types)?,
            inspections: serde_json::from_str(sources.inspections)?,
            earlier_inspections: each(sources.earlier_inspections)?,
            regions: serde_json::from_str(sources.regions)?,
            indicators: serde_json::from_str(sources.indicators)?,
        };
        catalogue.prepare().map_err(CatalogueError::Contradiction)?;
        Ok(catalogue)
    }

    fn prepare(&mut self) -> Result<(), String> {
        self.rules.prepare()?;
        self.calendar.prepare()?;
        for kinds in self.earlier.iter_mut().chain([&mut self.kinds]) {
            kinds.prepare()?;
            known_classes(kinds, &self.calendar)?;
        }
        for types in self
            .earlier_types
            .iter_mut()
            .chain([&mut self.activity_types])
        {
            types.prepare()?;
        }
        let versions = || [&self.kinds].into_iter().chain(&self.earlier);
        let known = |code: &str| versions().any(|kinds| kinds.find(code).is_some());
        for inspections in self.earlier_inspections.iter().chain([&self.inspections]) {
            inspections.prepare(known)?;
        }
        self.check_templates()?;
        for class in [&self.duties.dissuade_within, &self.duties.report_within] {
            if self.calendar.class(class).is_none() {
                return Err(format!("duties: no deadline class {class}"));
            }
        }
        self.regions.prepare()?;
        self.indicators.prepare(&self.rules, &self.kinds)
    }

    /// Checks that a template is changed only with a new version of it: inspections name the version that they were made
    /// under.
    fn check_templates(&self) -> Result<(), String> {
        let mut newer = vec![&self.inspections];
        for earlier in &self.earlier_inspections {
            for template in &earlier.templates {
                let again = newer
                    .iter()
                    .filter_map(|n| n.template_of(&template.code, template.version));
                for again in again {
                    if again.items != template.items {
                        let (code, version) = (&template.code, template.version);
                        return Err(format!("{code}: version {version} has two lists of items"));
                    }
                }
            }
            newer.push(earlier);
        }
        Ok(())
    }

    /// The number of this catalogue: it rises whenever the version of one of its tables does.
    pub fn edition(&self) -> u32 {
        [
            self.kinds.version,
            self.rules.version,
            self.calendar.version,
            self.duties.version,
            self.activity_types.version,
            self.inspections.version,
        ]
        .iter()
        .sum()
    }

    /// The hazard kind as it was when a hazard was found: of the version valid on that day, otherwise of the newest
    /// version with this code, so that a retired code keeps its meaning.
    pub fn kind(&self, code: &str, found: DeviceTime) -> Option<&HazardKind> {
        if self.earlier.is_empty() {
            return self.kinds.find(code);
        }
        let day = self.calendar.day(found);
        entry_on(&self.kinds, &self.earlier, day, |kinds| kinds.find(code))
    }

    /// The activity type as it was when an activity was stated: of the version valid on that day, otherwise of the newest
    /// version with this code.
    pub fn activity_type(&self, code: &str, stated: DeviceTime) -> Option<&ActivityType> {
        if self.earlier_types.is_empty() {
            return self.activity_types.find(code);
        }
        let day = self.calendar.day(stated);
        entry_on(&self.activity_types, &self.earlier_types, day, |types| {
            types.find(code)
        })
    }

    /// The items and templates among which a version of a template is; `None` for a version that is not known here.
    pub fn inspections_of(&self, template: &str, version: u32) -> Option<&Inspections> {
        let mut versions = std::iter::once(&self.inspections).chain(&self.earlier_inspections);
        versions.find(|of| of.template_of(template, version).is_some())
    }

    /// The versions of an activity type, newest first.
    pub fn type_versions(&self, code: &str) -> impl Iterator<Item = &ActivityType> {
        let versions = std::iter::once(&self.activity_types).chain(&self.earlier_types);
        versions.filter_map(move |types| types.find(code))
    }

    /// The versions of a template, newest first.
    pub fn template_versions(&self, code: &str) -> impl Iterator<Item = &Template> {
        let versions = std::iter::once(&self.inspections).chain(&self.earlier_inspections);
        let all = versions.flat_map(|of| &of.templates);
        all.filter(move |template| template.code == code)
    }

    /// The item with this code in the newest version that has it.
    pub fn item(&self, code: &str) -> Option<&Item> {
        let mut versions = std::iter::once(&self.inspections).chain(&self.earlier_inspections);
        versions.find_map(|of| of.item(code))
    }

    /// The catalogue that this program was built with.
    ///
    /// # Panics
    /// Never: a test parses the same files.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Catalogue> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            Self::parse(Sources::EMBEDDED).expect("the built-in catalogue is tested")
        })
    }
}

/// The versions of a table.
fn each<T: serde::de::DeserializeOwned>(sources: &[&str]) -> Result<Vec<T>, serde_json::Error> {
    sources
        .iter()
        .map(|text| serde_json::from_str(text))
        .collect()
}

/// Checks that every kind names a deadline class of the calendar.
fn known_classes(kinds: &HazardKinds, calendar: &Calendar) -> Result<(), String> {
    let unknown = |kind: &&HazardKind| calendar.class(&kind.deadline).is_none();
    match kinds.kinds.iter().find(unknown) {
        Some(kind) => Err(format!(
            "{}: no deadline class {}",
            kind.code, kind.deadline
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::StateCode, record::Grade};

    const SOURCES: Sources<'static> = Sources::EMBEDDED;

    #[test]
    fn the_built_in_catalogue_has_86_kinds_and_agrees_with_itself() {
        let catalogue = Catalogue::parse(SOURCES).unwrap();
        assert_eq!(catalogue.kinds.kinds.len(), 86);
        assert_eq!(
            catalogue.kinds.find("EV-06").unwrap().grade,
            Grade::G3Suspected
        );
        assert!(catalogue.rules.rank(StateCode(90)) > catalogue.rules.rank(StateCode(80)));
    }

    #[test]
    fn every_hazard_kind_is_opened_by_an_item_of_an_inspection() {
        let catalogue = Catalogue::parse(SOURCES).unwrap();
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
        let dangling = SOURCES.rules.replace("\"to\": 60", "\"to\": 61");
        let error = Catalogue::parse(Sources {
            rules: &dangling,
            ..SOURCES
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("HS61"), "{error}");
        let repeated = SOURCES.kinds.replacen("\"EV-02\"", "\"EV-01\"", 1);
        let error = Catalogue::parse(Sources {
            kinds: &repeated,
            ..SOURCES
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("EV-01"), "{error}");
    }

    #[test]
    fn a_record_is_judged_by_the_version_of_its_day_and_a_retired_code_keeps_its_meaning() {
        // In May a new version became valid: EV-02 became a general hazard and EV-16 was retired.
        let old = SOURCES
            .kinds
            .replace("\"valid_to\": null", "\"valid_to\": \"2024-04-30\"");
        let mut new: serde_json::Value = serde_json::from_str(SOURCES.kinds).unwrap();
        new["version"] = 2.into();
        new["valid_from"] = "2024-05-01".into();
        let kinds = new["kinds"].as_array_mut().unwrap();
        kinds.retain(|kind| kind["code"] != "EV-16");
        for kind in kinds.iter_mut().filter(|kind| kind["code"] == "EV-02") {
            kind["grade"] = "G1".into();
        }
        let catalogue = Catalogue::parse(Sources {
            kinds: &new.to_string(),
            earlier: &[&old],
            ..SOURCES
        })
        .unwrap();
        let (april, may) = (DeviceTime(1_713_000_000_000), DeviceTime(1_716_000_000_000));
        let grade = |code, at| catalogue.kind(code, at).map(|kind| kind.grade);
        assert_eq!(grade("EV-02", april), Some(Grade::G2));
        assert_eq!(grade("EV-02", may), Some(Grade::G1));
        assert_eq!(
            grade("EV-16", may),
            grade("EV-16", april),
            "retired, not forgotten"
        );
        assert_eq!(grade("EV-99", may), None);
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
        let catalogue = Catalogue::parse(SOURCES).unwrap();
        let types = catalogue.activity_types.types.iter();
        let mut fed: Vec<&str> = types
            .flat_map(|of| of.counts.iter().map(|figure| figure.name.as_str()))
            .collect();
        fed.extend(by_hazards);
        fed.push("inspection.team_size");
        let data: serde_json::Value = serde_json::from_str(SOURCES.indicators).unwrap();
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
}
