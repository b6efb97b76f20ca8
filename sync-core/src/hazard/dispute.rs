//! A conflict of a set of events, with its fate.

use std::rc::Rc;

use smallvec::SmallVec;

use super::{settlements::Settlements, taken::Subject};
use crate::{
    catalogue::{Rows, StateCode},
    history::Positions,
};

/// A conflict of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dispute {
    pub(super) subject: Subject,
    /// The rows of its pairs.
    pub(super) rows: Rows,
    /// Of an objection: itself. Of a decision of the same person: the events of that person. Of a register: nothing.
    pub(super) objections: SmallVec<[usize; 1]>,
    /// The decisions; of a register: its conflicting values.
    pub(super) decisions: Positions,
    /// Of an objection: the state to which it leads until it is overruled.
    pub(super) lead: Option<StateCode>,
    /// Of a finding that objects to a closing: the round that it opens.
    pub(super) opens: Option<u16>,
    /// Whether a decision is suspended by it: a check, an ending or a withdrawal.
    pub(super) suspends: bool,
}

impl Dispute {
    /// Whether one of these events is an objection or a decision of the conflict.
    pub(super) fn has_part(&self, events: &Positions) -> bool {
        self.decisions.meets(events) || self.objections.iter().any(|at| events.has(*at))
    }
}

/// The fate of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// No settlement is in force, or settlements differ.
    Open,
    /// The objection holds.
    Held,
    /// The decisions hold.
    Overruled,
}

/// A conflict with its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fated {
    pub(super) conflict: Rc<Dispute>,
    pub(super) fate: Fate,
    /// Every settlement of it in the set.
    pub(super) settlements: Settlements,
}

impl Fated {
    /// The settlements whose outcome is the fate.
    pub(super) fn in_force(&self) -> Positions {
        match self.fate {
            Fate::Open => Positions::default(),
            Fate::Held => self.settlements.held.clone(),
            Fate::Overruled => self.settlements.overruled.clone(),
        }
    }

    /// The settlements whose outcome is not the fate.
    pub(super) fn out_of_force(&self) -> Positions {
        match self.fate {
            Fate::Open => self.settlements.all(),
            Fate::Held => self.settlements.overruled.clone(),
            Fate::Overruled => self.settlements.held.clone(),
        }
    }
}
