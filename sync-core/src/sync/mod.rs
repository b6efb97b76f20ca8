//! The client's part of a sync, without any I/O: which call to make next, and what its answer means.
//!
//! [`Syncing::next`] returns a step: a call to make, a time to wait for, or the report at the end. The embedder makes
//! the call with any HTTP client (reqwest, fetch, a simulated bad network) and passes the outcome to
//! [`Syncing::answer`]. Everything that must survive is durable in the device store before a step is returned, so the
//! process may stop between any two lines. The module has no sockets, no sleep and no clock of its own.

mod answer;
mod asked;
mod backoff;
mod call;
mod editions;
mod enrol;
mod next;
mod photo;
mod photo_progress;
mod reconcile;
mod report;
mod resupply;
mod session;
mod step;
#[expect(
    clippy::module_inception,
    reason = "a file has the name of its exchange"
)]
mod sync;
mod syncing;
mod tus;

pub use call::{Call, Lost, Method, Reply};
pub use enrol::Enrolling;
pub use next::MAX_REQUESTS;
pub use report::Report;
pub use step::{Options, Step};
pub use syncing::Syncing;
