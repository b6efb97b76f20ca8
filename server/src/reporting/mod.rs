//! Figures for those who report: the indicators of an area, sealed reports, late arrivals.
//!
//! Input is a query or an order with a [`Reach`](crate::access::Reach). Indicators are computed from intervals of the
//! ledger as of a cut-off; a sealed report is computed from one snapshot and never changes. No document is written here.

mod caller;
mod export_header;
mod indicators;
mod reports;
mod versions;

use crate::storage::Storage;

pub use export_header::ExportHeader;
pub use indicators::{
    CheckView, Figures, IndicatorSheet, ManualValue, ManualView, Milli, Question, Row,
};
pub use reports::{
    BadEnvelope, ChangedPart, Correction, Corrects, Difference, Envelope, Kind, LateArrival,
    LateArrivals, LateCount, LeftOut, Marked, Order, Recounted, ReportPage, ReportView, Reports,
    SealedReport, Source, StepOrder, StepView, recount, verify,
};
pub(crate) use reports::{Late, late_of_area};
pub use versions::Versions;

/// Queries and orders of reports on the storage.
#[derive(Debug, Clone)]
pub struct Reporting {
    storage: Storage,
}

impl Reporting {
    /// Reports on a storage.
    pub fn new(storage: Storage) -> Self {
        Self { storage }
    }
}
