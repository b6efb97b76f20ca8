//! The weights by which two hazards are suggested as one, as configuration of a province.

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
    /// Same compound, building, entrance, floor and kind of spot.
    pub same_place: u32,
    /// The same, but one floor is missing.
    pub same_place_without_floor: u32,
    /// Same hazard kind.
    pub same_kind: u32,
    /// Same category, another kind.
    pub same_category: u32,
    /// Found within 24 hours of each other.
    pub within_24_hours: u32,
    /// Found within 7 days of each other.
    pub within_7_days: u32,
    /// Found within the days of the campaign.
    pub within_campaign: u32,
    /// The same photo.
    pub same_photo: u32,
    /// Photos with near perceptual hashes.
    pub near_photo: u32,
    /// Bits of 64 in which near perceptual hashes may differ.
    pub near_photo_bits: u32,
    /// Near positions outdoors.
    pub near_position: u32,
    /// The distance that counts as near, in metres.
    pub near_position_metres: u32,
    /// Length of the campaign in days.
    pub campaign_days: u32,
    /// From this weight on, a duplicate is probable.
    pub probable: u32,
    /// From this weight on, a duplicate is possible.
    pub possible: u32,
}
