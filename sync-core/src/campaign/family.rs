//! What a document is: decided by what it began with.

use crate::{
    catalogue::Catalogue,
    lifecycle::{Stated, begins},
    record::{EventBody, Role},
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

/// Whether people in a role may begin a document with such an event. A type or template that this catalogue does not
/// know is not judged here.
pub fn may_begin(body: &EventBody, role: Role, catalogue: &Catalogue) -> bool {
    match body {
        EventBody::Observe(_) => catalogue.rules.first.roles.contains(role),
        EventBody::Record(entry) => {
            let of = catalogue.record_types.find(entry.r#type.as_str());
            of.is_none_or(|of| of.may_state(role))
        }
        EventBody::Inspect(start) => {
            let of = catalogue.inspections.template(start.template.as_str());
            of.is_none_or(|of| of.roles.contains(role))
        }
        _ => false,
    }
}

impl Family {
    /// The kind of document that an event begins, if it begins one.
    pub fn begun_by(body: &EventBody) -> Option<Self> {
        match body {
            EventBody::Observe(_) => Some(Self::Hazard),
            EventBody::Record(_) => Some(Self::Record),
            EventBody::Inspect(_) => Some(Self::Inspection),
            _ => None,
        }
    }

    /// Decides by the events that begin something and whose author had seen none that does. There is one unless a
    /// client forged a second; then it is a hazard rather than anything else, so that nothing hides a hazard.
    ///
    /// Give it only events that their authors' devices have brought ([`Attested::of_their_authors`]).
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
