//! The settlements of one conflict, by their outcomes.

use super::taken::Outcome;
use crate::history::Positions;

/// The events that settle a conflict. Each has one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Settlements {
    /// Those by which the objection holds.
    pub(super) held: Positions,
    /// Those by which the decisions hold.
    pub(super) overruled: Positions,
}

impl Settlements {
    /// None; `size`: events of the document.
    pub(super) fn new(size: usize) -> Self {
        Self {
            held: Positions::new(size),
            overruled: Positions::new(size),
        }
    }

    /// Adds a settlement.
    pub(super) fn insert(&mut self, at: usize, outcome: Outcome) {
        match outcome {
            Outcome::Held => self.held.insert(at),
            Outcome::Overruled => self.overruled.insert(at),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Positions {
        let mut all = self.held.clone();
        all.extend(&self.overruled);
        all
    }

    /// Those of a set that satisfy `which`.
    pub(super) fn within(&self, set: &Positions, which: impl Fn(usize) -> bool) -> Self {
        let of = |settlements: &Positions| {
            if !settlements.meets(set) {
                return Positions::default();
            }
            let mut found = settlements.clone();
            found.keep(set);
            found.retain(&which);
            found
        };
        Self {
            held: of(&self.held),
            overruled: of(&self.overruled),
        }
    }

    /// Adds those of `other`.
    pub(super) fn extend(&mut self, other: &Self) {
        self.held.extend(&other.held);
        self.overruled.extend(&other.overruled);
    }

    /// Whether an event is one of them.
    pub(super) fn has(&self, at: usize) -> bool {
        self.held.has(at) || self.overruled.has(at)
    }

    /// Whether one of these events is one of them.
    pub(super) fn meets(&self, events: &Positions) -> bool {
        self.held.meets(events) || self.overruled.meets(events)
    }
}
