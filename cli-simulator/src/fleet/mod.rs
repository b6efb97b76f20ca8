//! Fleets: many real device stores with a real server through a bad network, for simulated days.
//!
//! A plan names the number of devices and days, a network and a seed. The outcome is a report with every promise
//! checked. The seed decides what people do and which calls the network damages. The server is the real one.

mod actions;
mod check;
mod cluster;
mod moving;
mod outcome;
mod plan;
mod play;
mod restore;
mod run;
mod running;
mod staff;
mod trouble;

pub use cluster::Cluster;
pub use moving::Moving;
pub use outcome::{Outcome, Promise};
pub use plan::Plan;
pub use run::run;
pub use trouble::Trouble;
