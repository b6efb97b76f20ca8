//! Which side of an inspection an author is on.

use crate::{activity::engine::Judging, record::Role};

/// The side of an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It states what it found.
    Inspecting,
    /// It adds remarks.
    Inspected,
}

impl Side {
    /// The side of the author of an event, in a role. A property company that inspects its own compound is the
    /// inspecting side.
    pub(super) fn of(j: &Judging<'_>, at: usize, role: Role) -> Self {
        let begun = j.beginning(at).and_then(|begun| j.history.grants[begun]);
        let is_own_inspection = begun.is_some_and(|grant| is_managed(grant.role));
        if is_managed(role) && !is_own_inspection {
            Self::Inspected
        } else {
            Self::Inspecting
        }
    }
}

/// Whether a role works for the compound that is inspected.
fn is_managed(role: Role) -> bool {
    matches!(
        role,
        Role::PropertyManager | Role::PropertyPatrol | Role::OwnersCommittee
    )
}
