//! What a set of events amounts to, and what a larger set takes over from it.

use std::rc::Rc;

use super::{
    dispute::{Dispute, Fate, Fated},
    rounds::Opens,
    settlements::Settlements,
};
use crate::{
    catalogue::StateCode,
    history::{Lanes, Positions},
};

/// A maximal value: its register, and the event that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) lane: Lanes,
    pub(super) at: usize,
}

/// The values of one register in a set.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// Every value that was stated, replaced ones among them.
    pub(super) stated: Positions,
    /// The maximal values.
    pub(super) maximal: Positions,
}

/// Settled pairs of values of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettledValues {
    pub(super) lane: Lanes,
    /// The later value of each pair.
    pub(super) later: usize,
    /// The other values.
    pub(super) earlier: Positions,
}

/// The differing values of a set: conflicts that are open, and what they ask of endings.
#[derive(Debug, Default)]
pub(super) struct Disagreements {
    pub(super) open: Vec<Fated>,
    /// Pairs of class conflict that are settled: their endings must have been confirmed. They are listed as far as an
    /// ending needs it; one is always listed to show that there are any.
    pub(super) settled: Vec<SettledValues>,
    /// The live endings of the set.
    pub(super) endings: Positions,
    /// Of these, those that lack a confirmation for a settled pair.
    pub(super) unconfirmed: Positions,
}

/// The checks and endings that the disputes of a set are about: those that open ones suspend, and those that held ones
/// reject.
#[derive(Debug)]
pub(super) struct Contested {
    pub(super) suspended: Positions,
    pub(super) rejected: Positions,
}

/// What a set of events amounts to.
#[derive(Debug, Clone)]
pub(super) struct Assessment {
    /// The events of the set.
    pub(super) set: Positions,
    pub(super) state: StateCode,
    pub(super) round: u16,
    /// The findings that open a round, each with the round.
    pub(super) opens: Opens,
    /// The maximal events of the state that count, those that yield included.
    pub(super) maximal: Vec<usize>,
    /// Conflicts by objections and by persons, in the order of their subjects.
    pub(super) disputes: Rc<Vec<Rc<Fated>>>,
    pub(super) contested: Option<Rc<Contested>>,
    /// The first observation.
    pub(super) first: Option<usize>,
    /// The values of each register, in the order of the lanes.
    pub(super) held: Rc<Vec<Held>>,
    pub(super) differing: Rc<Disagreements>,
    /// The maximal values of the registers.
    pub(super) values: Vec<Value>,
    /// The transfers in force.
    pub(super) transfers: Vec<usize>,
    /// Does not count while a conflict is open.
    pub(super) suspended: Positions,
    /// Never counts.
    pub(super) rejected: Positions,
    /// The live events that count.
    pub(super) counted: Positions,
}

impl Assessment {
    /// That of no event; `size`: events of the document.
    pub(super) fn empty(size: usize) -> Self {
        Self {
            set: Positions::new(size),
            state: StateCode::NONE,
            round: 1,
            opens: Opens::default(),
            maximal: Vec::new(),
            disputes: Rc::default(),
            contested: None,
            first: None,
            held: Rc::default(),
            differing: Rc::default(),
            values: Vec::new(),
            transfers: Vec::new(),
            suspended: Positions::new(size),
            rejected: Positions::new(size),
            counted: Positions::new(size),
        }
    }

    /// The conflicts, open or settled, except settled ones of registers.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = &Fated> {
        let disputes = self.disputes.iter().map(Rc::as_ref);
        disputes.chain(&self.differing.open)
    }

    /// Whether there is a conflict, open or settled.
    pub(super) fn has_conflicts(&self) -> bool {
        !self.disputes.is_empty()
            || !self.differing.open.is_empty()
            || !self.differing.settled.is_empty()
    }

    /// Whether a conflict is open.
    pub(super) fn is_contested(&self) -> bool {
        !self.differing.open.is_empty() || self.disputes.iter().any(|c| c.fate == Fate::Open)
    }
}

/// The assessment of a part of a set, in the same world. The part contains the causal history of each of its events.
pub(super) struct Basis<'b> {
    pub(super) assessment: &'b Assessment,
    /// The events of the set that are not in the part.
    pub(super) new: &'b Positions,
    /// Whether none of these events is concurrent with another event of the set.
    pub(super) is_linear: bool,
}

/// An open conflict of a register.
pub(super) fn open(conflict: Dispute) -> Fated {
    Fated {
        conflict: Rc::new(conflict),
        fate: Fate::Open,
        settlements: Settlements::default(),
    }
}
