//! What a document is: decided by what it began with.

use crate::{
    lifecycle::{Stated, begins},
    record::EventBody,
};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A hazard; also what has no beginning.
    Hazard,
    /// An inspection.
    Inspection,
    /// A record of the campaign.
    Record,
}

impl Family {
    /// Decides by the events that begin something and whose author had seen none that does. There is one unless a
    /// client forged a second; then it is a hazard rather than anything else, so that nothing hides a hazard.
    pub fn of(events: &[Stated]) -> Self {
        let other =
            |s: &Stated| matches!(s.event.body, EventBody::Record(_) | EventBody::Inspect(_));
        if !events.iter().any(other) {
            return Self::Hazard;
        }
        let family = |body: &EventBody| match body {
            EventBody::Record(_) => Self::Record,
            EventBody::Inspect(_) => Self::Inspection,
            _ => Self::Hazard,
        };
        let first = begins(events).into_iter().map(|s| family(&s.event.body));
        first.min().unwrap_or(Self::Hazard)
    }
}
