//! An accepted event: the transition that it takes, its round, its effect, and the conflicts that it settles.

use super::effect::Effect;
use crate::{
    catalogue::{EventClass, Rows, StateCode, Transition},
    history::{Lanes, Positions},
};

/// What a conflict is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Subject {
    /// An objection, with all its pairs.
    Objection(usize),
    /// A decision of the same person as a concurrent event, with all such events.
    SamePerson(usize),
    /// The register of this lane.
    Register(Lanes),
    /// The cards of this row of the table.
    Card(usize),
}

/// The outcome of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// The objection holds: its decisions never count.
    Held,
    /// The decisions hold.
    Overruled,
}

/// An accepted event.
#[derive(Debug, Clone)]
pub(super) struct Taken<'t> {
    /// The transition; `None` for the event that begins the hazard.
    pub(super) row: Option<&'t Transition>,
    pub(super) class: EventClass,
    /// The state that it leads to, if it changes the state.
    pub(super) to: Option<StateCode>,
    /// Its own round by its causal history, with every pair contested: that of the causal history, or the one that it
    /// opens.
    pub(super) round: u16,
    /// Whether its transition opens a round.
    pub(super) opens: bool,
    /// The rows in which it may be the objection, and those in which it may be the decision.
    pub(super) rows: [Rows; 2],
    pub(super) effect: Effect,
    /// The lanes of the registers that it sets.
    pub(super) lanes: Lanes,
    /// Of these, the lanes in which it replaces values of other organisations.
    pub(super) replaces: Lanes,
    /// The conflicts that it settles.
    pub(super) settles: Vec<(Subject, Outcome)>,
    /// Of a resolution: the registers that it settles.
    pub(super) picks: Vec<Pick>,
    /// The ending events that it confirms.
    pub(super) confirms: Vec<usize>,
    /// Of a step of a transfer: the live transfers of the author's organisation.
    pub(super) transfers: Vec<usize>,
}

/// The choice of a resolution among the conflicting values of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) lane: Lanes,
    /// The conflicting values.
    pub(super) values: Positions,
    /// The one that holds.
    pub(super) chosen: usize,
}
