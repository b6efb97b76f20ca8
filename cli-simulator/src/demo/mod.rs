//! The demo: one week of a small county, played with the real code.
//!
//! It starts a server in a folder, plays the week, and returns the running server and the table of the week. Nothing
//! is prepared: devices are real stores, photos are real JPEGs, and a seed decides which calls the network damages.
//! `stage` holds the people and the clock, `scenes` their actions, `week` the order of the days, `table` the output.

mod scenes;
mod stage;
mod table;
mod week;

pub use table::Ledger;
pub use week::{Played, play};
