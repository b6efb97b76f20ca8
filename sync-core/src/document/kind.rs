//! The kind of a document, decided by the event that begins it.

use crate::{
    catalogue::Catalogue,
    history::{EventEntry, first_beginnings},
    record::{EventBody, Role},
};

/// The kind of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A hazard; also a document without a beginning.
    Hazard,
    /// An inspection.
    Inspection,
    /// An activity.
    Activity,
}

/// Whether a role may begin a document with such an event, by any version of its type or template. A type or template
/// that is not in the catalogue is not judged here, and the function returns true.
pub fn may_begin(body: &EventBody, role: Role, catalogue: &Catalogue) -> bool {
    match body {
        EventBody::Observe(_) => catalogue.rules.first.roles.contains(role),
        EventBody::Activity(entry) => {
            let mut of = catalogue.type_versions(entry.r#type.as_str()).peekable();
            of.peek().is_none() || of.any(|of| of.may_state(role))
        }
        EventBody::Inspect(start) => {
            let mut of = catalogue
                .template_versions(start.template.as_str())
                .peekable();
            of.peek().is_none() || of.any(|of| of.roles.contains(role))
        }
        _ => false,
    }
}

impl DocumentKind {
    /// The kind of document that an event begins; `None` if it begins none.
    pub fn begun_by(body: &EventBody) -> Option<Self> {
        match body {
            EventBody::Observe(_) => Some(Self::Hazard),
            EventBody::Activity(_) => Some(Self::Activity),
            EventBody::Inspect(_) => Some(Self::Inspection),
            _ => None,
        }
    }

    /// The kind of a document, from its attested events.
    ///
    /// The first beginnings decide. There is one unless a client forged a second; then the document is a hazard rather
    /// than anything else, so that a forged beginning cannot hide a hazard.
    pub(super) fn of(attested: &[EventEntry]) -> Self {
        let other = |entry: &EventEntry| {
            matches!(
                entry.event.body,
                EventBody::Activity(_) | EventBody::Inspect(_)
            )
        };
        if !attested.iter().any(other) {
            return Self::Hazard;
        }
        let kinds = first_beginnings(attested)
            .into_iter()
            .filter_map(|entry| Self::begun_by(&entry.event.body));
        kinds.min().unwrap_or(Self::Hazard)
    }
}
