//! The shared core of Xuncha.
pub mod crdt;
pub mod host;
pub mod identity;
pub mod record;
pub mod wire;
