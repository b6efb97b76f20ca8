//! The tables of a catalogue that change without a new program: all editions with all versions of their tables, as one
//! JSON text. A server gives it to devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    activity_types::ActivityTypes, calendar::Calendar, editions::EditionTables,
    error::CatalogueError, inspection::Inspections, kinds::HazardKinds, unique_json::Unique,
};
use crate::record::Edition;

/// Editions of the catalogue and the versions of their tables, each newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The editions.
    pub editions: Vec<EditionTables>,
    /// The hazard kinds.
    pub hazard_kinds: Vec<HazardKinds>,
    /// Working days and deadlines.
    pub calendar: Vec<Calendar>,
    /// The activity types.
    pub activity_types: Vec<ActivityTypes>,
    /// Items and templates of inspections.
    pub inspections: Vec<Inspections>,
}

/// Why a bundle cannot replace another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Its newest edition is not newer.
    #[error(
        "目录第{new}版不新于现有的第{present}版 / edition {new} is not newer than edition {present}"
    )]
    NotNewer {
        /// Its newest edition.
        new: Edition,
        /// The newest edition of the present one.
        present: Edition,
    },
    /// It changes or omits what the present one has. What was recorded under an edition stays judged by
    /// that edition.
    #[error(
        "{table}第{version}版缺失或有改动，旧版不得更改 / {table} version {version} is absent or changed; earlier versions stay as they are"
    )]
    Altered {
        /// The table, such as `hazard_kinds`.
        table: &'static str,
        /// The version.
        version: u32,
    },
}

impl Bundle {
    /// The editions that this program was built with.
    ///
    /// # Panics
    /// Never: a test reads the same files.
    pub fn embedded() -> Self {
        Self::from_files().expect("the built-in catalogue is tested")
    }

    fn from_files() -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct File {
            editions: Vec<EditionTables>,
        }
        let editions: File =
            serde_json::from_str(include_str!("../../../schemas/catalogue/editions.json"))?;
        let kinds = include_str!("../../../schemas/catalogue/hazard_kinds.json");
        let types = include_str!("../../../schemas/catalogue/activity_types.json");
        let inspections = include_str!("../../../schemas/catalogue/inspection.json");
        let calendar = include_str!("../../../schemas/catalogue/calendar.json");
        // A new version comes first; the version before moves to `schemas/catalogue/earlier` and follows it.
        Ok(Self {
            editions: editions.editions,
            hazard_kinds: vec![serde_json::from_str(kinds)?],
            calendar: vec![serde_json::from_str(calendar)?],
            activity_types: vec![serde_json::from_str(types)?],
            inspections: vec![serde_json::from_str(inspections)?],
        })
    }

    /// Reads a bundle from JSON in which no key is given twice.
    ///
    /// # Errors
    /// [`CatalogueError::Malformed`].
    pub fn from_json(text: &[u8]) -> Result<Self, CatalogueError> {
        let Unique(value) = serde_json::from_slice(text)?;
        Ok(serde_json::from_value(value)?)
    }

    /// The bundle as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Numbers and texts under fixed names are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The number of the newest edition; 0 if there is none.
    pub fn newest(&self) -> Edition {
        self.editions
            .first()
            .map(|edition| edition.number)
            .unwrap_or_default()
    }

    /// Checks that this bundle has a newer edition than `present`, and every edition and version of `present` unchanged.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn succeeds(&self, present: &Self) -> Result<(), BundleError> {
        if self.newest() <= present.newest() {
            return Err(BundleError::NotNewer {
                new: self.newest(),
                present: present.newest(),
            });
        }
        kept("editions", "number", &self.editions, &present.editions)?;
        let new = self
            .editions
            .iter()
            .take_while(|e| e.number > present.newest());
        if new.count() + present.editions.len() != self.editions.len() {
            return Err(BundleError::Altered {
                table: "editions",
                version: present.newest().0,
            });
        }
        kept(
            "hazard_kinds",
            "version",
            &self.hazard_kinds,
            &present.hazard_kinds,
        )?;
        kept("calendar", "version", &self.calendar, &present.calendar)?;
        kept(
            "activity_types",
            "version",
            &self.activity_types,
            &present.activity_types,
        )?;
        kept(
            "inspections",
            "version",
            &self.inspections,
            &present.inspections,
        )
    }
}

/// Checks that every version of a table is still there, unchanged. `number`: the key of its number.
fn kept<T: Serialize>(
    table: &'static str,
    number: &str,
    new: &[T],
    present: &[T],
) -> Result<(), BundleError> {
    let as_json = |all: &[T]| -> Vec<Value> {
        let each = all.iter().map(serde_json::to_value);
        each.map(Result::unwrap_or_default).collect()
    };
    let new = as_json(new);
    let lost = as_json(present)
        .into_iter()
        .find(|version| !new.contains(version));
    match lost {
        None => Ok(()),
        Some(lost) => Err(BundleError::Altered {
            table,
            version: lost[number]
                .as_u64()
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
        }),
    }
}
