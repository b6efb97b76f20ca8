//! The fold of a hazard: one pure function from events to a state, the same on the device, on the server and in tests.
//!
//! No event is removed: an event without effect stays in the history with the reason. The module has no storage, no
//! clock and no CRDT. The tables (transitions, guards, concurrent-pair rules, fields) are data of [`crate::catalogue`];
//! order and authority come from [`crate::history`].

mod assess;
mod assessing;
mod assessment;
mod cards;
mod confirmed;
mod conflict;
mod content;
pub mod deadline;
mod disagreements;
mod dispute;
mod effect;
pub mod explain;
mod fate;
mod fold;
mod guard;
mod in_force;
mod judge;
mod known;
mod notices;
mod pairs;
mod place;
pub mod quantity;
mod registers;
mod related;
mod relations;
mod rivals;
mod rounds;
mod settle;
mod settlements;
mod standing;
mod state;
mod steps;
mod summary;
mod suspend;
mod taken;
pub mod transfer;
mod values;
mod view;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use fold::fold_hazard;
pub(crate) use place::{first_observation, placed};

pub use state::{Conflict, ConflictFate, Flags, HazardState, Notice};
pub use values::{Cleared, Penalty, PhotoUse, Register, Valued, Values};
