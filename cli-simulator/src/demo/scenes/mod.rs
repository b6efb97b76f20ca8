//! The actions of the county's people, day by day: nine hazards, with conflicts and transfers.
//!
//! Each day takes the stage and what the days before recorded, and returns what later days refer to. The folder has no
//! assertions and no output.

mod friday;
mod monday;
mod thursday;
mod tuesday;
mod wednesday;
mod words;

pub(super) use friday::friday;
pub(super) use monday::monday;
pub(super) use thursday::thursday;
pub(super) use tuesday::tuesday;
pub(super) use wednesday::wednesday;
