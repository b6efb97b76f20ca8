//! For phones: one file for each exchange, each a call of one room.
//!
//! In come frames from a device, out go frames. Nothing is decided here.

pub(super) mod enrol;
pub(super) mod hints;
pub(super) mod pull;
pub(super) mod push;
pub(super) mod reconcile;
pub(super) mod session;
pub(super) mod sync;
