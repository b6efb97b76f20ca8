//! A bad network: an HTTP proxy that loses, truncates, duplicates, delays and refuses calls, by a seed.
//!
//! A reply arrives whole, late, truncated or not at all. Time is computed, not waited for: a reply states in
//! `x-sim-ms` how long it would have taken. The server behind the proxy is the real one and has no code for the
//! simulation.

mod profile;
mod proxy;

pub use profile::Profile;
pub use proxy::{Counters, Proxy};
