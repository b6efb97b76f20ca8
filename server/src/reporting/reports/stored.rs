//! Reads sealed reports. The digest is checked at each reading, and the caller must own the area on the last day of the period.

use sync_core::{identity::ReportSeal, record::DocId, wire::Code};

use super::document::SealedReport;
use crate::{
    access::Reach,
    refusal::Refusal,
    register,
    reporting::caller::is_reviewer,
    review::parameters::area,
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// The id of a report as text.
pub(super) fn uuid(bytes: &[u8]) -> String {
    DocId::from_slice(bytes).map_or_else(|_| String::new(), |id| id.to_string())
}

/// Parses the id of a report.
pub(super) fn id(text: &str) -> Result<Vec<u8>, Refusal> {
    let id = text.parse::<DocId>();
    id.map(|id| id.as_bytes().to_vec())
        .map_err(|_| Refusal::new(Code::NotFound, "no such report"))
}

/// The content of a report. Bytes that do not match the digest are an error, never a partial result.
pub(super) fn content(report: &Report) -> Result<SealedReport, Refusal> {
    let damaged = || {
        tracing::error!(report = report.number, "a sealed report was altered");
        Refusal::new(Code::ReportDamaged, report.number.clone())
    };
    ReportSeal::check_digest(&report.sha256, &report.bytes).map_err(|_| damaged())?;
    serde_json::from_slice(&report.bytes).map_err(|_| damaged())
}

/// A report that this caller may read, with its digest checked.
pub(super) fn find(
    tx: &mut dyn Tx,
    reach: &Reach,
    id: &[u8],
) -> Result<(Report, SealedReport), Refusal> {
    let missing = || Refusal::new(Code::NotFound, "no such report");
    let report = reports::find(tx, id)?.ok_or_else(missing)?;
    let parents = register::parents(tx, &report.period_to)?;
    let seen = area(&report.area).is_ok_and(|area| reach.owns(&parents, &area));
    if !seen || !is_reviewer(reach) {
        return Err(missing());
    }
    let sealed = content(&report)?;
    Ok((report, sealed))
}
