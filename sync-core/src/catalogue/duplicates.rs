//! What makes two records look like one, as configuration of a province.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Weights in percent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Version of the table.
    pub version: u32,
    /// What the numbers mean.
    pub note: String,
    /// Same compound, building, unit, floor and kind of spot.
    pub same_place: u32,
    /// The same, with a floor missing.
    pub same_place_without_floor: u32,
    /// Same hazard kind.
    pub same_kind: u32,
    /// Same category only.
    pub same_category: u32,
    /// Found within a day of each other.
    pub within_24_hours: u32,
    /// Within a week.
    pub within_7_days: u32,
    /// Within the campaign.
    pub within_campaign: u32,
    /// The same photo.
    pub same_photo: u32,
    /// Photos that look the same.
    pub near_photo: u32,
    /// Bits of 64 in which such photos may differ.
    pub near_photo_bits: u32,
    /// Positions close to each other, outdoors.
    pub near_position: u32,
    /// How close.
    pub near_position_metres: u32,
    /// Days of the campaign.
    pub campaign_days: u32,
    /// From here on a duplicate is probable.
    pub probable: u32,
    /// From here on it is possible.
    pub possible: u32,
}
