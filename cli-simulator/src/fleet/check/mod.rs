//! Checks the promises against the events that the members recorded.
//!
//! Each check reads the fleet after its last sync and returns a promise with its violations. A check may sync once more;
//! it states no event.

mod documents;
mod every;
mod photos;
mod syncs;
mod verdicts;

pub(super) use every::check;
pub(super) use verdicts::{conflicts, hazards, void};
