//! The classes of routes, by their callers.

use super::slots::Part;

/// The class of a route, by its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Class {
    /// Callers without a token: enrolment, session, the first run.
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

impl Class {
    /// What its requests count as for one caller; `None` for callers without a token.
    pub(super) const fn part(self) -> Option<Part> {
        match self {
            Self::Stranger => None,
            Self::SignIn => Some(Part::SignIn),
            Self::Device => Some(Part::Sync),
            Self::Upload => Some(Part::Photo),
            Self::Person | Self::Account => Some(Part::Ledger),
            Self::Waiting => Some(Part::Poll),
            Self::Export => Some(Part::Export),
        }
    }
}
