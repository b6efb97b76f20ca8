//! A set of events under assessment: its live events and the disputes among them.

use super::{
    fate::{Fate, Fated},
    known::{Known, World},
    relations::Relations,
};
use crate::history::Positions;

/// A set under assessment.
pub(super) struct Assessing<'s, 'h, 'a> {
    pub(super) known: &'s Known<'h, 'a>,
    pub(super) relations: &'s Relations,
    pub(super) world: World,
    /// The live events of the set.
    pub(super) live: Positions,
    /// Conflicts by objections and by persons.
    pub(super) disputes: Vec<Fated>,
}

impl Assessing<'_, '_, '_> {
    /// The live events of a kind.
    pub(super) fn live(&self, of: &Positions) -> Positions {
        let mut found = self.live.clone();
        found.keep(of);
        found
    }

    /// Whether an event is an objection that was overruled.
    pub(super) fn is_overruled(&self, at: usize) -> bool {
        self.disputes
            .iter()
            .any(|fated| fated.fate == Fate::Overruled && fated.conflict.objections.contains(&at))
    }

    /// Whether an event is a live merge that an unmerge has seen.
    pub(super) fn is_unmerged(&self, at: usize) -> bool {
        let unmerges = self.live(&self.relations.unmerges);
        unmerges
            .iter()
            .any(|unmerge| self.known.history.happened_before(at, unmerge))
    }

    /// Whether a withdrawal does not count, because the transfer was accepted concurrently (C-16).
    pub(super) fn is_held_back(&self, at: usize) -> bool {
        self.disputes
            .iter()
            .any(|c| c.fate != Fate::Overruled && c.conflict.decisions.has(at))
    }

    /// The live events that count.
    pub(super) fn counted(&self, out: &Positions) -> Positions {
        let mut counted = self.live.clone();
        counted.subtract(out);
        for fated in self.disputes.iter().filter(|c| c.fate == Fate::Overruled) {
            for objection in &fated.conflict.objections {
                counted.remove(*objection);
            }
        }
        if self.live.meets(&self.relations.unmerges) {
            let merges: Vec<usize> = self
                .live(&self.relations.merges)
                .iter()
                .filter(|at| self.is_unmerged(*at))
                .collect();
            for merge in merges {
                counted.remove(merge);
            }
        }
        counted
    }
}
