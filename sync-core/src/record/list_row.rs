//! The list row: what a person sees of a document before opening it.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::CompoundId;

/// A document in one row, as folded from its events: a convenience, never an input of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct ListRow {
    /// State number, for example 10 for HS10.
    #[n(0)]
    pub state: u16,
    /// Flags, as `hazard::Flags::bits`.
    #[n(1)]
    pub flags: u16,
    /// Hazard kind.
    #[n(2)]
    pub code: String,
    /// Place in words.
    #[n(3)]
    pub place: String,
    /// What was seen.
    #[n(4)]
    pub description: String,
    /// First found, by the finder's clock, in milliseconds.
    #[n(5)]
    pub found: i64,
    /// Last event, by its author's clock, in milliseconds.
    #[n(6)]
    pub updated: i64,
    /// Number of events.
    #[n(7)]
    pub events: u32,
    /// Number of photos.
    #[n(8)]
    pub photos: u32,
    /// The compound; absent from a server that does not say.
    #[n(9)]
    pub compound: Option<CompoundId>,
    /// Where in the compound, as `place_key` spells it: for finding records of the same place.
    #[n(10)]
    pub place_key: Option<String>,
    /// The type of an activity, such as `publicity`, or `inspection`; absent for a hazard. `state` is then an
    /// `activity::State`, `description` the title.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
}
