//! What a hazard's events mean together: one pure function, the same on the phone, the server and in tests.
//!
//! In come events in any order with the grants they were made under; out comes the state with flags, conflicts and
//! a verdict for every event. Nobody's event is removed: what is not allowed stays in the history and changes
//! nothing. No storage, no clock, no CRDT here; the tables are in `catalogue`.

mod fold;
mod guard;
mod judge;
mod order;
mod row;
mod state;
mod view;

#[cfg(test)]
mod tests;

pub use fold::fold;
pub use order::newest;
pub use row::row;
pub use state::{Conflict, Flags, Grants, HazardState, Judged, Stated, Verdict, VoidReason};
