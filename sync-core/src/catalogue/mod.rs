//! The rules of the field as versioned data: hazard kinds, states, transitions, concurrent pairs.
//!
//! In come the JSON files of `schemas/catalogue`, out comes one validated [`Catalogue`]. Whether a person may do
//! something is judged in `lifecycle`; here are only the tables.

mod calendar;
mod index;
mod kinds;
mod pairs;
mod rules;

use std::sync::OnceLock;

pub use crate::record::Grade;
pub use calendar::{Calendar, CountedIn, DeadlineClass, Due, Timer, Year};
pub use kinds::{Category, HazardKind, HazardKinds, Nature};
pub use pairs::{Class, Concern, Pair, PairResult, Provisional, Scope, When};
pub use rules::{
    Bounds, Field, FieldName, First, From, Guard, Keep, Outcome, Roles, Rules, State, StateCode,
    Transition,
};

/// All rule data of one version.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The hazard kinds.
    pub kinds: HazardKinds,
    /// The lifecycle.
    pub rules: Rules,
    /// Working days and deadlines.
    pub calendar: Calendar,
}

/// Rule data that contradict themselves.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that was expected.
    #[error("the catalogue cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A reference to something that is not there, or a code given twice.
    #[error("the catalogue contradicts itself: {0}")]
    Contradiction(String),
}

const KINDS: &str = include_str!("../../../schemas/catalogue/hazard_kinds.json");
const RULES: &str = include_str!("../../../schemas/catalogue/lifecycle.json");
const CALENDAR: &str = include_str!("../../../schemas/catalogue/calendar.json");

impl Catalogue {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// [`CatalogueError`] with the entry at fault.
    pub fn parse(kinds: &str, rules: &str, calendar: &str) -> Result<Self, CatalogueError> {
        let (kinds, mut rules): (HazardKinds, Rules) =
            (serde_json::from_str(kinds)?, serde_json::from_str(rules)?);
        let mut calendar: Calendar = serde_json::from_str(calendar)?;
        kinds
            .check()
            .and_then(|()| rules.prepare())
            .and_then(|()| calendar.prepare())
            .and_then(|()| known_classes(&kinds, &calendar))
            .map_err(CatalogueError::Contradiction)?;
        Ok(Self {
            kinds,
            rules,
            calendar,
        })
    }

    /// The catalogue this program was built with.
    ///
    /// # Panics
    /// Never: a test parses the same files.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Catalogue> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            Self::parse(KINDS, RULES, CALENDAR).expect("the built-in catalogue is tested")
        })
    }
}

/// Every kind names a deadline class that the calendar has.
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

    #[test]
    fn the_built_in_catalogue_has_86_kinds_and_agrees_with_itself() {
        let catalogue = Catalogue::parse(KINDS, RULES, CALENDAR).unwrap();
        assert_eq!(catalogue.kinds.kinds.len(), 86);
        assert_eq!(
            catalogue.kinds.find("EV-06").unwrap().grade,
            Grade::G3Suspected
        );
        assert!(catalogue.rules.rank(StateCode(90)) > catalogue.rules.rank(StateCode(80)));
    }

    #[test]
    fn a_dangling_state_and_a_repeated_code_are_named() {
        let dangling = RULES.replace("\"to\": 60", "\"to\": 61");
        let error = Catalogue::parse(KINDS, &dangling, CALENDAR)
            .unwrap_err()
            .to_string();
        assert!(error.contains("HS61"), "{error}");
        let repeated = KINDS.replacen("\"EV-02\"", "\"EV-01\"", 1);
        let error = Catalogue::parse(&repeated, RULES, CALENDAR)
            .unwrap_err()
            .to_string();
        assert!(error.contains("EV-01"), "{error}");
    }
}
