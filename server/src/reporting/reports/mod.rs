//! Sealed reports: figures at one time, immutable once sealed. Late arrivals are listed with them.
//!
//! A reviewer orders a report and gets its bytes with their digest and the server's signature. A correction is a new
//! version that lists the differences. The steps taken with a report are appended to a list. No statement changes a
//! report.

mod baseline;
mod difference;
mod document;
mod draft;
mod earlier;
mod envelope;
mod frozen;
mod late;
mod list;
mod order;
mod parts;
mod post;
mod recount;
mod seal;
mod standing;
mod steps;
mod stored;

pub use document::{
    Correction, Corrects, Difference, LateCount, LeftOut, Marked, SealedReport, Source,
};
pub use envelope::{BadEnvelope, Envelope, verify};
pub(crate) use late::{Late, late_of_area};
pub use late::{LateArrival, LateArrivals};
pub use list::{ReportPage, ReportView, Reports, StepView};
pub use order::{Kind, Order};
pub use parts::ChangedPart;
pub use recount::{Recounted, recount};
pub use steps::StepOrder;
