//! A member of a frontier: an event that no other event supersedes in some lanes.

use crate::{
    catalogue::{FieldName, StateCode},
    history::{self, History, Lanes},
    record::EventBody,
};

/// The lane of the state. Each field has a lane of its own ([`FieldName::bit`]).
pub(super) const STATE: Lanes = 1;

/// An event that is maximal in some lanes, and the step that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) at: usize,
    /// The state after it.
    pub(super) state: StateCode,
    /// The state before it.
    pub(super) from: StateCode,
    pub(super) cycle: u16,
    pub(super) sighting: bool,
    /// The lanes in which it is maximal.
    pub(super) lanes: Lanes,
}

impl Member {
    pub(super) fn is_state(&self) -> bool {
        self.lanes & STATE != 0
    }

    /// Whether it is a value of this field.
    pub(super) fn holds_field(&self, field: FieldName) -> bool {
        self.lanes & field.bit() != 0
    }
}

impl history::Member for Member {
    fn at(&self) -> usize {
        self.at
    }

    fn lanes(&self) -> Lanes {
        self.lanes
    }

    fn with_lanes(self, lanes: Lanes) -> Self {
        Self { lanes, ..self }
    }

    fn supersedes(&self, history: &History<'_>, lane: Lanes, earlier: &Self) -> bool {
        if !history.happened_before(earlier.at, self.at) {
            return false;
        }
        if let EventBody::Resolve(resolution) = history.body(self.at) {
            // A resolution supersedes the events that it names, what those superseded, and nothing else.
            let named = |id| {
                let at = history.order.position(id);
                at.is_some_and(|at| at == earlier.at || history.happened_before(earlier.at, at))
            };
            return earlier.sighting || resolution.resolves.iter().any(named);
        }
        if lane != STATE {
            return lane & history.rules.additive_fields() == 0;
        }
        // A sighting supersedes only sightings of its kind: otherwise it would hide an event that it agrees with.
        let same_kind = || history.body(self.at).number() == history.body(earlier.at).number();
        !self.sighting || (earlier.sighting && same_kind())
    }
}
