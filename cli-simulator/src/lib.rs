//! The simulator of Xuncha: devices operated by hand, fleets over a bad network, the demo, the torture and the
//! benchmarks.

pub mod bench;
pub mod chance;
pub mod demo;
pub mod fleet;
pub mod network;
pub mod phone;
pub mod postgres;
pub mod siege;
pub mod torture;
pub mod world;
