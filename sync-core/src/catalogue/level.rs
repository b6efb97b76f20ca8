//! Levels of administration, as far as an area path shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::AreaPath;

/// A level, the highest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FilingLevel {
    /// 省.
    Province,
    /// 市州.
    City,
    /// 县（市、区）.
    County,
    /// 街道、乡镇.
    Street,
    /// 社区、村.
    Community,
    /// 小区、网格.
    Compound,
}

impl FilingLevel {
    /// The highest level that a path can have. Regions down to the county have codes of 6 digits, streets of 9,
    /// communities of 12. The path shows which region contains which, so a county directly below the province counts
    /// as a city too. A code of another form is a compound's, where documents of the government alone are never filed.
    pub fn of(area: &AreaPath) -> Self {
        let count = area.codes().count();
        match area.codes().last().map_or(0, str::len) {
            6 if count == 1 => Self::Province,
            6 if count == 2 => Self::City,
            6 => Self::County,
            9 => Self::Street,
            12 => Self::Community,
            _ => Self::Compound,
        }
    }

    /// Whether a document with this lowest level may lie in an area: at the level or above it.
    pub fn allows(self, area: &AreaPath) -> bool {
        Self::of(area) <= self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> FilingLevel {
        FilingLevel::of(&path.parse().unwrap())
    }

    #[test]
    fn a_level_is_read_from_the_form_of_the_code_and_the_depth_of_its_parents() {
        assert_eq!(of("420000"), FilingLevel::Province);
        assert_eq!(of("420000/420100"), FilingLevel::City);
        assert_eq!(of("420000/420100/420106"), FilingLevel::County);
        assert_eq!(of("420000/420100/420106/420106001"), FilingLevel::Street);
        assert_eq!(of("429999/429998/429998001"), FilingLevel::Street);
        assert_eq!(
            of("429999/429998/429998001/429998001001"),
            FilingLevel::Community
        );
        assert_eq!(of("429999/429998/429998001/G01"), FilingLevel::Compound);
    }

    #[test]
    fn what_is_only_the_governments_never_lies_where_a_company_reads() {
        let allows = |level: FilingLevel, path: &str| level.allows(&path.parse().unwrap());
        assert!(allows(FilingLevel::County, "420000/420100/420106"));
        assert!(allows(FilingLevel::County, "420000/420100"));
        assert!(allows(FilingLevel::County, "429999/429998"));
        assert!(!allows(
            FilingLevel::County,
            "420000/420100/420106/420106001"
        ));
        assert!(!allows(FilingLevel::City, "420000/420100/420106"));
        assert!(!allows(FilingLevel::County, "429999/G01"));
        assert!(allows(FilingLevel::Compound, "429999/429998/429998001/G01"));
    }
}
