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
    /// People who sign in. Guesses are limited for each account, not for each address: an address may be that of a whole
    /// organisation.
    SignIn,
    /// People who have signed in, and administrators, in their own matters.
    Account,
}

impl std::hash::Hash for Class {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (*self as u8).hash(state);
    }
}
