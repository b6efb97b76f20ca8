//! All tables of the catalogue, checked against each other.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use super::{
    activity_types::ActivityTypes,
    bundle::Bundle,
    calendar::Calendar,
    duplicates::Weights,
    duties::Duties,
    editions::{EditionTables, Editions},
    error::CatalogueError,
    indicators::Indicators,
    inspection::Inspections,
    kinds::HazardKinds,
    regions::Regions,
    rules::Rules,
};

/// All tables. The tables of a [`Bundle`] have editions; the others belong to the program and change with
/// `document::FOLD_VERSION`.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub(super) editions: Editions,
    /// The hazard kinds.
    pub kinds: HazardKinds,
    /// The lifecycle.
    pub rules: Rules,
    /// Working days and deadlines.
    pub calendar: Calendar,
    /// The weights of suggestions.
    pub weights: Weights,
    /// The duties of a property company after a violation.
    pub duties: Duties,
    /// The activity types.
    pub activity_types: ActivityTypes,
    /// Items and templates of inspections.
    pub inspections: Inspections,
    /// The province and its cities.
    pub regions: Regions,
    /// The indicators.
    pub indicators: Indicators,
    /// Earlier versions of the tables, newest first.
    pub(super) earlier: Earlier,
}

/// Earlier versions of the tables that have editions, newest first.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    kinds: Vec<HazardKinds>,
    pub(super) calendars: Vec<Calendar>,
    activity_types: Vec<ActivityTypes>,
    inspections: Vec<Inspections>,
}

/// The tables that belong to the program, as JSON.
#[derive(Debug, Clone, Copy)]
pub struct ProgramTables<'t> {
    /// `lifecycle.json`.
    pub rules: &'t str,
    /// `duplicates.json`.
    pub weights: &'t str,
    /// `duties.json`.
    pub duties: &'t str,
    /// `regions.json`.
    pub regions: &'t str,
    /// `indicators.json`.
    pub indicators: &'t str,
}

impl ProgramTables<'static> {
    /// The files that this program was built with.
    pub const EMBEDDED: Self = Self {
        rules: include_str!("../../../schemas/catalogue/lifecycle.json"),
        weights: include_str!("../../../schemas/catalogue/duplicates.json"),
        duties: include_str!("../../../schemas/catalogue/duties.json"),
        regions: include_str!("../../../schemas/catalogue/regions.json"),
        indicators: include_str!("../../../schemas/catalogue/indicators.json"),
    };
}

impl Catalogue {
    /// Builds a catalogue from its editions and the tables of this program, and checks them.
    ///
    /// # Errors
    /// [`CatalogueError`] with the entry at fault.
    pub fn new(bundle: Bundle) -> Result<Self, CatalogueError> {
        Self::with(bundle, ProgramTables::EMBEDDED)
    }

    /// As [`Self::new`], with other tables of the program.
    ///
    /// # Errors
    /// [`CatalogueError`] with the entry at fault.
    pub fn with(bundle: Bundle, program: ProgramTables<'_>) -> Result<Self, CatalogueError> {
        let wrong = CatalogueError::Contradiction;
        let (kinds, earlier_kinds) =
            newest("hazard_kinds", bundle.hazard_kinds, |t| t.version).map_err(wrong)?;
        let (calendar, calendars) =
            newest("calendar", bundle.calendar, |t| t.version).map_err(wrong)?;
        let (activity_types, earlier_types) =
            newest("activity_types", bundle.activity_types, |t| t.version).map_err(wrong)?;
        let (inspections, earlier_inspections) =
            newest("inspections", bundle.inspections, |t| t.version).map_err(wrong)?;
        let mut catalogue = Self {
            editions: Editions::read(bundle.editions).map_err(wrong)?,
            kinds,
            rules: serde_json::from_str(program.rules)?,
            calendar,
            weights: serde_json::from_str(program.weights)?,
            duties: serde_json::from_str(program.duties)?,
            activity_types,
            inspections,
            regions: serde_json::from_str(program.regions)?,
            indicators: serde_json::from_str(program.indicators)?,
            earlier: Earlier {
                kinds: earlier_kinds,
                calendars,
                activity_types: earlier_types,
                inspections: earlier_inspections,
            },
        };
        catalogue.prepare().map_err(wrong)?;
        Ok(catalogue)
    }

    fn prepare(&mut self) -> Result<(), String> {
        self.rules.prepare()?;
        let earlier = &mut self.earlier;
        for calendar in earlier.calendars.iter_mut().chain([&mut self.calendar]) {
            calendar.prepare()?;
        }
        for kinds in earlier.kinds.iter().chain([&self.kinds]) {
            kinds.check()?;
        }
        let types = earlier.activity_types.iter_mut();
        for types in types.chain([&mut self.activity_types]) {
            types.prepare()?;
        }
        let known = |code: &str| self.every_kinds().any(|kinds| kinds.find(code).is_some());
        for inspections in self.every_inspections() {
            inspections.prepare(known)?;
        }
        self.check_templates()?;
        for edition in self.editions.iter() {
            self.check_edition(edition)?;
        }
        self.regions.prepare()?;
        let all: Vec<&HazardKinds> = self.every_kinds().collect();
        self.indicators.prepare(&self.rules, &all)
    }

    pub(super) fn every_kinds(&self) -> impl Iterator<Item = &HazardKinds> + Clone {
        std::iter::once(&self.kinds).chain(&self.earlier.kinds)
    }

    pub(super) fn every_types(&self) -> impl Iterator<Item = &ActivityTypes> + Clone {
        std::iter::once(&self.activity_types).chain(&self.earlier.activity_types)
    }

    pub(super) fn every_inspections(&self) -> impl Iterator<Item = &Inspections> {
        std::iter::once(&self.inspections).chain(&self.earlier.inspections)
    }

    /// Checks that the versions of an edition are there, and that its calendar has every deadline class that is named.
    fn check_edition(&self, edition: &EditionTables) -> Result<(), String> {
        let number = edition.number;
        let absent = |table: &str, version: u32| {
            format!("edition {number}: no version {version} of {table}")
        };
        let has = |version| move |found: u32| found == version;
        if !self
            .every_kinds()
            .map(|t| t.version)
            .any(has(edition.hazard_kinds))
        {
            return Err(absent("hazard_kinds", edition.hazard_kinds));
        }
        if !self
            .every_types()
            .map(|t| t.version)
            .any(has(edition.activity_types))
        {
            return Err(absent("activity_types", edition.activity_types));
        }
        if !self
            .every_inspections()
            .map(|t| t.version)
            .any(has(edition.inspections))
        {
            return Err(absent("inspections", edition.inspections));
        }
        let mut calendars = std::iter::once(&self.calendar).chain(&self.earlier.calendars);
        let calendar = calendars
            .find(|t| t.version == edition.calendar)
            .ok_or_else(|| absent("calendar", edition.calendar))?;
        if calendar.offset_minutes != self.calendar.offset_minutes {
            return Err(format!(
                "edition {number}: its calendar has another time zone"
            ));
        }
        let duties = [&self.duties.dissuade_within, &self.duties.report_within];
        let duties = duties.map(|class| ("duties", class.as_str()));
        // Also those that this edition lacks: a retired code keeps its deadline.
        let codes = self.every_kinds().flat_map(|kinds| &kinds.kinds);
        let codes: BTreeSet<&str> = codes.map(|kind| kind.code.as_str()).collect();
        let kinds = codes.into_iter().filter_map(|code| self.kind(code, number));
        let named = kinds.map(|kind| (kind.code.as_str(), kind.deadline.as_str()));
        for (by, class) in named.chain(duties) {
            if calendar.class(class).is_none() {
                return Err(format!("edition {number}: {by}: no deadline class {class}"));
            }
        }
        Ok(())
    }

    /// Checks that a template, its items and their units are changed only with a new version of the template: inspections
    /// name the version that they were made under.
    fn check_templates(&self) -> Result<(), String> {
        let tables: Vec<&Inspections> = self.every_inspections().collect();
        for (newer, at) in tables.iter().zip(1..) {
            for template in &newer.templates {
                let (code, version) = (&template.code, template.version);
                let first = tables[at..].iter().rev();
                let mut first = first.filter_map(|of| Some((of, of.template(code)?)));
                if version == 0 || first.clone().any(|(_, earlier)| earlier.version > version) {
                    return Err(format!("{code}: its version falls to {version}"));
                }
                let same = first.find(|(_, earlier)| earlier.version == version);
                if same.is_some_and(|(of, _)| {
                    newer.asked(template) != of.asked(template)
                        || of.template(code) != Some(template)
                }) {
                    return Err(format!(
                        "{code}: version {version} has two contents (it, its items or their units); raise its version"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The catalogue that this program was built with.
    ///
    /// # Panics
    /// Never: a test parses the same files.
    pub fn embedded() -> &'static Arc<Self> {
        static EMBEDDED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            Arc::new(Self::new(Bundle::embedded()).expect("the built-in catalogue is tested"))
        })
    }
}

/// The newest version of a table and the others; the newest must come first.
fn newest<T>(table: &str, all: Vec<T>, version: impl Fn(&T) -> u32) -> Result<(T, Vec<T>), String> {
    let falls = all
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if version(a) > version(b)));
    let mut all = all.into_iter();
    match all.next().filter(|_| falls) {
        Some(newest) => Ok((newest, all.collect())),
        None => Err(format!(
            "{table}: there must be a version, and the newest comes first"
        )),
    }
}
