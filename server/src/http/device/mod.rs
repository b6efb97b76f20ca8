//! Routes for devices: one file for each exchange.
//!
//! A handler decodes a frame, calls one component, and encodes its answer. Nothing is decided here.

pub(super) mod editions;
pub(super) mod enrol;
pub(super) mod hints;
pub(super) mod pull;
pub(super) mod push;
pub(super) mod reconcile;
pub(super) mod resupply;
pub(super) mod session;
pub(super) mod sync;
