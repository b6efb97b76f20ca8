//! The judged events of an activity or an inspection, by what they do.

use crate::history::Positions;

/// Sets of judged events, by position.
pub(crate) struct Sets {
    /// Accepted events that begin the document.
    pub(crate) beginnings: Positions,
    /// Accepted content, beginnings included.
    pub(crate) content: Positions,
    pub(crate) closings: Positions,
    /// The decisions to keep the document.
    pub(crate) keeps: Positions,
    pub(crate) withdrawals: Positions,
    /// Withdrawals that lack a second person.
    pub(crate) proposals: Positions,
    /// Events of a newer version.
    pub(crate) unknown: Positions,
    /// Accepted events that count: what receipts and revocations allow.
    pub(crate) live: Positions,
}

impl Sets {
    pub(super) fn new(size: usize) -> Self {
        let none = || Positions::new(size);
        Self {
            beginnings: none(),
            content: none(),
            closings: none(),
            keeps: none(),
            withdrawals: none(),
            proposals: none(),
            unknown: none(),
            live: none(),
        }
    }
}
