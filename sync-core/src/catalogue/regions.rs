//! The province and its cities as reports name them, and the levels of administration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::day_of;
use crate::record::AreaPath;

/// A level of administration, from the top. The depth of a level varies: a county may lie directly below the province.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 省.
    Province,
    /// 市州, and also a county directly below the province.
    City,
    /// 县（市、区）.
    County,
    /// 功能区: listed with the counties in reports, without a code of its own.
    FunctionalArea,
    /// 街道、镇、乡.
    Street,
    /// 社区、村.
    Community,
    /// 网格.
    Grid,
}

impl Level {
    /// Every level, from the top.
    pub const ALL: [Self; 7] = [
        Self::Province,
        Self::City,
        Self::County,
        Self::FunctionalArea,
        Self::Street,
        Self::Community,
        Self::Grid,
    ];

    /// The name in data files and queries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::County => "county",
            Self::FunctionalArea => "functional_area",
            Self::Street => "street",
            Self::Community => "community",
            Self::Grid => "grid",
        }
    }

    /// The level with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The level of the rows in a report of this level.
    pub const fn below(self) -> Option<Self> {
        match self {
            Self::Province => Some(Self::City),
            Self::City => Some(Self::County),
            Self::County | Self::FunctionalArea => Some(Self::Street),
            Self::Street => Some(Self::Community),
            Self::Community => Some(Self::Grid),
            Self::Grid => None,
        }
    }

    /// Whether a region of level `self` is listed among the regions of level `asked`.
    pub fn shows_as(self, asked: Self) -> bool {
        self == asked || (self == Self::FunctionalArea && asked == Self::County)
    }
}

/// The regions of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// Version of the table.
    pub version: u32,
    /// What the table contains and what it does not.
    pub note: String,
    /// The regions, parents first.
    pub regions: Vec<Region>,
}

/// A region.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Code, GB/T 2260.
    pub code: String,
    /// Area path.
    pub path: AreaPath,
    /// Chinese name.
    pub zh: String,
    /// Name in Latin letters.
    pub en: String,
    /// The levels that it counts as: two for a county that is listed with the cities.
    pub levels: Vec<Level>,
    /// Code of its parent; none for the province.
    pub parent: Option<String>,
    /// Number of its counties, for checking an import.
    pub counties: u32,
    /// First valid day, `yyyy-mm-dd`.
    pub valid_from: String,
    /// The source of the row.
    pub source: String,
}

impl Regions {
    pub(super) fn prepare(&self) -> Result<(), String> {
        for (index, region) in self.regions.iter().enumerate() {
            let earlier = &self.regions[..index];
            let at = |problem: &str| Err(format!("region {}: {problem}", region.code));
            if earlier.iter().any(|r| r.code == region.code) {
                return at("is given twice");
            }
            if region.levels.is_empty() {
                return at("has no level");
            }
            day_of(&region.valid_from)?;
            let Some(parent) = &region.parent else {
                continue;
            };
            let Some(parent) = earlier.iter().find(|r| r.code == *parent) else {
                return at("its parent does not stand before it");
            };
            if region.path.parent().as_ref() != Some(&parent.path) {
                return at("its path does not lie below its parent");
            }
        }
        Ok(())
    }

    /// The regions that count as this level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &Region> {
        let shown = move |region: &&Region| region.levels.contains(&level);
        self.regions.iter().filter(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn seventeen_cities_with_103_counties_and_four_of_them_hang_on_the_province() {
        let regions = &Catalogue::embedded().regions;
        assert_eq!(regions.of(Level::City).count(), 17);
        let counties: u32 = regions.of(Level::City).map(|r| r.counties).sum();
        assert_eq!(counties, 103);
        let direct: Vec<_> = regions.of(Level::County).map(|r| r.code.as_str()).collect();
        assert_eq!(direct, ["429004", "429005", "429006", "429021"]);
        assert!(regions.regions.iter().all(|r| r.code != "420400"));
    }
}
