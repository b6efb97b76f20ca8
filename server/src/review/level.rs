//! The levels that hazards and indicators are counted by.

use serde::Deserialize;
use sync_core::catalogue::Level as Of;

/// The level that hazards are counted by. A county directly below the province also counts as a city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 市 / city.
    City,
    /// 县 / county.
    County,
    /// 街道 / street or town.
    Street,
    /// 社区 / community.
    Community,
    /// 网格 / grid.
    Grid,
}

impl Level {
    /// Whether the level is below the counties: its places are read from the paths of the documents.
    pub(super) fn by_path(self) -> bool {
        !matches!(self, Self::City | Self::County)
    }
}

impl From<Level> for Of {
    fn from(level: Level) -> Self {
        match level {
            Level::City => Self::City,
            Level::County => Self::County,
            Level::Street => Self::Street,
            Level::Community => Self::Community,
            Level::Grid => Self::Grid,
        }
    }
}
