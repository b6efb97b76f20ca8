//! The events and photos that redactions withdraw from display.

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::{EventBody, EventId, PhotoHash};

/// The events and photos that no view displays. The bytes stay in the log; [`crate::document`] leaves them out of
/// everything it returns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Redacted {
    /// Events whose words and photos are hidden.
    pub events: Vec<EventId>,
    /// Photos that are hidden wherever they occur.
    pub photos: Vec<PhotoHash>,
}

impl Redacted {
    /// Collects the redactions among the events that have an effect.
    pub(crate) fn of<'e>(effective: impl Iterator<Item = &'e EventBody>) -> Self {
        let mut redacted = Self::default();
        for body in effective {
            if let EventBody::Redact(r) = body {
                redacted.events.extend(&r.events);
                redacted.photos.extend(&r.photos);
            }
        }
        redacted.events.sort_unstable();
        redacted.events.dedup();
        redacted.photos.sort_unstable();
        redacted.photos.dedup();
        redacted
    }
}
