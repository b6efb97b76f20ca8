//! The causal engine: the events of a document in causal order, the causal history of each, and the authority under which
//! they were made.
//!
//! The engine is the same for hazards, activities and inspections. It has no state machine: [`crate::hazard`],
//! [`crate::activity`] and [`crate::inspection`] hold the rules.

mod after_each;
mod authority;
mod causal;
mod context;
mod entry;
mod limit;
mod order;
mod persons;
mod reason;
mod redacted;
mod revocations;
mod time;
mod verdict;

pub(crate) use after_each::AfterEach;
pub(crate) use authority::{entitled, is_late};
pub(crate) use causal::{History, edition_of};
pub(crate) use limit::{Limit, limit};
pub(crate) use order::{Lanes, Positions, first_beginnings};

pub use context::FoldContext;
pub use entry::EventEntry;
pub use order::heads;
pub use reason::VoidReason;
pub use redacted::Redacted;
pub use revocations::Revocations;
pub use time::{TimeBounds, Trust};
pub use verdict::{JudgedEvent, Step, Validity, Verdict};
