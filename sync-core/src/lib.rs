//! The shared core of Xuncha: records, their CRDT, the on-device store and the sync state machine.

pub mod catalogue;
pub mod crdt;
pub mod device;
pub mod host;
pub mod identity;
pub mod lifecycle;
pub mod picture;
pub mod place_key;
pub mod record;
pub mod sync;
pub mod wire;
