//! An event together with its id.

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::{Event, EventId};

/// An event with its id; a history consists of entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventEntry {
    /// SHA-256 of the event's bytes.
    pub id: EventId,
    /// The event.
    pub event: Event,
}
