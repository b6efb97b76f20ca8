//! Where a hazard is: compound, building, entrance, floor, spot; and, as support, a position.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    codes::{Crs, LocationKind, PositionSource},
    ids::CompoundId,
    text::Label,
};

/// A place as a person names it on the spot. Labels stay as written; `place_key` compares them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(map)]
pub struct Place {
    /// The compound.
    #[n(0)]
    pub compound: CompoundId,
    /// Building label, such as `3栋` or `3号楼`; empty outdoors.
    #[n(1)]
    #[cbor(default)]
    #[serde(default)]
    pub building: Label,
    /// Entrance label; may be empty.
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub unit: Label,
    /// Floor label as painted on the wall; may be empty.
    #[n(3)]
    #[cbor(default)]
    #[serde(default)]
    pub floor: Label,
    /// What kind of spot it is.
    #[n(4)]
    pub location: LocationKind,
    /// The spot in words; may be empty.
    #[n(5)]
    #[cbor(default)]
    #[serde(default)]
    pub spot: Label,
    /// For an open ground storey: what it is connected with (at most 8).
    #[n(6)]
    #[cbor(default)]
    #[serde(default)]
    pub connected_to: Vec<LocationKind>,
}

/// A position as the device measured it; never converted in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(map)]
pub struct Position {
    /// Latitude in units of 1e-7 degree, −900,000,000 to 900,000,000.
    #[n(0)]
    pub latitude_e7: i32,
    /// Longitude in units of 1e-7 degree, −1,800,000,000 to 1,800,000,000.
    #[n(1)]
    pub longitude_e7: i32,
    /// The reference system of the provider.
    #[n(2)]
    pub crs: Crs,
    /// Radius of 68 % confidence in centimetres, if the provider gave one.
    #[n(3)]
    pub accuracy_cm: Option<u32>,
    /// The source of the position.
    #[n(4)]
    pub source: PositionSource,
    /// Whether the device reported the position as simulated.
    #[n(5)]
    #[cbor(default)]
    #[serde(default)]
    pub mock: bool,
}

impl Position {
    /// Whether latitude and longitude are in their ranges.
    pub fn is_on_globe(&self) -> bool {
        self.latitude_e7.unsigned_abs() <= 900_000_000
            && self.longitude_e7.unsigned_abs() <= 1_800_000_000
    }
}
