//! The fold of a hazard: one pure function from events to a state, the same on the device, on the server and in tests.
//!
//! No event is removed: an event without effect stays in the history with the reason. The module has no storage, no
//! clock and no CRDT. The tables (transitions, guards, concurrent-pair rules, fields) are data of [`crate::catalogue`];
//! order and authority come from [`crate::history`].

pub mod deadline;
mod effective;
pub mod explain;
mod fold;
mod frontier;
mod guard;
mod judge;
mod member;
mod place;
pub mod quantity;
mod relation;
mod state;
mod summary;
pub mod transfer;
mod values;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use fold::fold_hazard;
pub(crate) use place::{first_observation, placed};

pub use state::{Conflict, Flags, HazardState, Notice};
pub use values::{Cleared, Penalty, PhotoUse, Register, Valued, Values};
