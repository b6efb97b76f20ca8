//! A bad network: a proxy on real HTTP that loses, cuts, doubles, delays and refuses, by a seed.
//!
//! In come the calls of phones, out come whole, late, broken or missing replies. Time is counted, not waited for:
//! a reply says in `x-sim-ms` what it would have taken. The server behind it is real and knows nothing of this.

mod profile;
mod proxy;

pub use profile::Profile;
pub use proxy::{Counters, Proxy};
