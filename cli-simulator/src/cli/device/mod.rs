//! `xuncha-sim device …`: a real device store in a folder, operated by hand.
//!
//! The commands parse arguments, call the device's store or its sync, and print the result.

mod activities;
mod activity;
mod capture;
mod command;
mod event;
mod find;
mod hazards;
mod inspection;
mod photos;
mod print;
mod status;
mod sync;

pub(crate) use command::Device;
