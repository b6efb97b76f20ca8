//! An event under judgement, with what its author knew.

use crate::{
    catalogue::{EventClass, Grade},
    hazard::{known::Known, values, view::View},
    record::{EventBody, Grant},
};

/// An event under judgement and everything that a guard may read.
pub(in crate::hazard) struct Situation<'s, 'h, 'a> {
    pub(in crate::hazard) at: usize,
    pub(in crate::hazard) known: &'s Known<'h, 'a>,
    pub(in crate::hazard) grant: &'s Grant,
    pub(in crate::hazard) view: &'s View,
    /// What its author knew with every pair contested: it decides what the event settles.
    pub(in crate::hazard) contested: &'s View,
}

impl<'a> Situation<'_, '_, 'a> {
    pub(in crate::hazard) fn body(&self) -> &'a EventBody {
        self.known.history.body(self.at)
    }

    /// Positions of the accepted events in the author's causal history that satisfy `which`, of every round.
    pub(super) fn seen(&self, which: impl Fn(&EventBody) -> bool) -> impl Iterator<Item = usize> {
        self.known.ancestors(self.at).iter().filter(move |at| {
            self.known.taken[*at].is_some() && which(self.known.history.body(*at))
        })
    }

    /// The accepted events of the current round in the author's causal history, by class.
    pub(super) fn of_round<'v>(
        &'v self,
        which: impl Fn(EventClass, &EventBody) -> bool + 'v,
    ) -> impl Iterator<Item = usize> + 'v {
        self.view.of_round(self.known, self.at, move |taken, body| {
            which(taken.class, body)
        })
    }

    /// Whether the author of this event made another event.
    pub(super) fn is_own(&self, at: usize) -> bool {
        self.known.history.is_by(at, self.grant)
    }

    /// The grade in the author's causal history: as set, or else the default of the present kind.
    pub(super) fn grade(&self) -> Option<Grade> {
        values::grade(self.known, self.view, self.known.ancestors(self.at))
    }
}
