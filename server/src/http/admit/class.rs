//! The classes of routes, by their callers.

/// The class of a route, by its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Class {
    /// Callers without a token: enrolment, session.
    Stranger,
    /// Enrolled devices that sync.
    Device,
    /// Photos.
    Upload,
    /// People with a token.
    Person,
    /// Long polls.
    Waiting,
    /// Files for people. They are streamed, and a permit is held until the last byte was sent.
    Export,
}

impl std::hash::Hash for Class {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (*self as u8).hash(state);
    }
}
