//! A set of events under assessment: its live events and the disputes among them.

use std::{
    cell::{Ref, RefCell},
    rc::Rc,
};

use super::{
    dispute::{Fate, Fated},
    known::{Known, World},
    pairs::Pairs,
    related::Related,
    relations::Relations,
    rivals::Rivals,
};
use crate::history::Positions;

/// A set under assessment.
pub(super) struct Assessing<'s, 'h, 'a> {
    pub(super) known: &'s Known<'h, 'a>,
    pub(super) relations: &'s Relations,
    pub(super) pairs: &'s Pairs,
    pub(super) rivals: &'s Rivals<'a>,
    pub(super) world: World,
    /// The live events of the set.
    pub(super) live: Positions,
    /// Conflicts by objections and by persons.
    pub(super) disputes: Rc<Vec<Rc<Fated>>>,
    /// The objections that were overruled.
    overruled: Positions,
    /// The live merges that an unmerge has seen.
    unmerged: Positions,
    /// The last answer of [`Self::near`]: most objections of a set are about the same claims.
    near: RefCell<(Positions, Positions)>,
}

impl<'s, 'h, 'a> Assessing<'s, 'h, 'a> {
    /// A set without disputes.
    pub(super) fn new(
        known: &'s Known<'h, 'a>,
        related: &'s Related<'a>,
        set: &Positions,
        world: World,
    ) -> Self {
        let size = known.history.len();
        let relations = &related.relations;
        let mut live = set.clone();
        live.keep(match world {
            World::Effective => &relations.effective,
            World::Contested | World::Ordered => &relations.accepted,
        });
        let mut unmerged = Positions::new(size);
        if live.meets(&relations.unmerges) {
            for at in relations.unmerges.iter().filter(|at| live.has(*at)) {
                unmerged.extend(known.ancestors(at));
            }
            unmerged.keep(&relations.merges);
            unmerged.keep(&live);
        }
        Self {
            known,
            relations,
            pairs: &related.pairs,
            rivals: &related.rivals,
            world,
            live,
            disputes: Rc::default(),
            overruled: Positions::new(size),
            unmerged,
            near: RefCell::default(),
        }
    }

    /// These events, those that have one of them in their causal history, and those in the causal history of one of them.
    pub(super) fn near(&self, events: &Positions) -> Ref<'_, Positions> {
        if self.near.borrow().0 != *events {
            let mut near = self.relations.after(events);
            near.extend(events);
            for at in self.known.history.order.newest(events).iter() {
                near.extend(self.known.ancestors(at));
            }
            *self.near.borrow_mut() = (events.clone(), near);
        }
        Ref::map(self.near.borrow(), |(_, near)| near)
    }

    /// The set with its disputes.
    pub(super) fn with(mut self, disputes: Rc<Vec<Rc<Fated>>>) -> Self {
        for fated in disputes.iter().filter(|c| c.fate == Fate::Overruled) {
            for objection in &fated.conflict.objections {
                self.overruled.insert(*objection);
            }
        }
        self.disputes = disputes;
        self
    }

    /// The live events of a kind.
    pub(super) fn live(&self, of: &Positions) -> Positions {
        let mut found = self.live.clone();
        found.keep(of);
        found
    }

    /// Whether an event is an objection that was overruled.
    pub(super) fn is_overruled(&self, at: usize) -> bool {
        self.overruled.has(at)
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
        counted.subtract(&self.overruled);
        counted.subtract(&self.unmerged);
        counted
    }
}
