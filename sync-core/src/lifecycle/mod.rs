//! What a hazard's events mean together: one pure function, the same on the phone, the server and in tests.
//!
//! In come events in any order with the grants they were made under; out comes the state with flags, conflicts and
//! a verdict for every event. Nobody's event is removed: what is not allowed stays in the history and changes
//! nothing. No storage, no clock, no CRDT here; the tables are in `catalogue`.

pub mod across;
mod attested;
mod case;
pub mod count;
pub mod deadline;
pub mod duplicate;
mod duty;
pub mod explain;
mod fold;
mod guard;
mod hidden;
mod judge;
mod order;
pub mod parents;
pub mod quantity;
mod reason;
mod relation;
mod row;
mod state;
mod summary;
pub mod transfer;
mod trust;
mod values;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use case::Case;
pub(crate) use judge::authority;
pub(crate) use order::begins;

pub use attested::Attested;
pub use duty::{DutyChain, DutyFinding, Link, duty_chain};
pub use fold::fold;
pub use hidden::Hidden;
pub use order::newest;
pub use reason::VoidReason;
pub use row::{first_observation, place, row, shown_place};
pub use state::{Conflict, Flags, Grants, HazardState, Judged, Notice, Stated, Verdict};
pub use trust::{Interval, Trust};
pub use values::{Cleared, Penalty, PhotoUse, Redacted, Valued, Values};
