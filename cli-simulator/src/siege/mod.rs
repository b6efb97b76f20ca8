//! A siege: a real server process is attacked in all the ways of strangers and rogue devices at the same time. The
//! siege measures what an honest device and an operator notice.
//!
//! The result is a table: the promise, the measured value, and whether the promise holds. Needs Linux: memory is read
//! from `/proc`.

mod attack;
mod devices;
mod greed;
mod honest;
mod outcome;
mod plan;
mod run;
mod server;

pub use outcome::{Outcome, Row};
pub use plan::Plan;
pub use run::run;
