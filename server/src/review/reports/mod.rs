//! Sealed reports: figures as they were at one instant, never changed again; what came late is listed beside them.
//!
//! In comes a reviewer's order, out go bytes with their digest and the server's signature. A correction is a new
//! version with the differences; who has done what with a report is a list of steps. No statement changes a report.

mod difference;
mod document;
mod draft;
mod envelope;
mod frozen;
mod kept;
mod late;
mod order;
mod seal;
mod steps;

pub use document::{Corrects, Difference, LateCount, Marked, Sealed, Source};
pub use envelope::{BadEnvelope, Envelope, verify};
pub use kept::{ReportPage, ReportView, Reports, StepView};
pub(crate) use late::{Late, late_of_area};
pub use late::{LatePage, LateView};
pub use order::{Kind, Order};
pub use steps::StepOrder;
