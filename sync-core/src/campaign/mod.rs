//! What people state beside hazards, as its events make it: the records of a campaign and inspections.
//!
//! In come events in any order with the grants they were made under; out come a state, the figures that count and a
//! verdict for every event, the same on phone, server and in tests. Nobody's event is removed: what is not allowed
//! stays in the history and counts nothing. Types, items and templates are data of `catalogue`. No storage, no clock,
//! no CRDT here, and nothing about hazards but their numbers.

mod answers;
mod conclude;
mod coverage;
mod family;
mod inspection;
mod record;
mod row;
mod state;
mod view;

#[cfg(test)]
mod tests;

pub use answers::{AnswerValue, Answered};
pub use coverage::{Coverage, Place, coverage, inspected};
pub use family::{Family, may_begin};
pub use inspection::{InspectionState, Signed, fold_inspection};
pub use record::{CampaignRecord, Receipt, Version, counts, fold_record};
pub use row::{inspection_row, record_row};
pub use state::{Judged, State, Verdict};
