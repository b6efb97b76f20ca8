//! The list row: what a list shows of a document.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::CompoundId;

/// The list row of a hazard, an activity or an inspection, folded from its events.
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
    /// Place as text.
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
    /// The compound; absent if the server does not send it.
    #[n(9)]
    pub compound: Option<CompoundId>,
    /// The place key: for finding hazards of the same place.
    #[n(10)]
    pub place_key: Option<String>,
    /// Activity type, such as `publicity`, or `inspection`; absent for a hazard. `state` is then a `campaign::State`,
    /// and `description` is the title.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
}
