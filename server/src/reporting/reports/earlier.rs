//! The earlier reports that a draft is compared with: the version that it corrects, and the newest of its kind.

use sync_core::wire::Code;

use super::{
    baseline::Baseline,
    difference::{differences, falls},
    document::{Corrects, LateCount, SealedReport},
    order::Checked,
    stored,
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// Earlier sealed reports: the version that is corrected, and the newest report of this kind.
pub(super) struct Before {
    pub(super) version: i64,
    pub(super) corrected: Option<(Report, SealedReport)>,
    pub(super) last: Option<(Report, SealedReport)>,
}

/// Reads the earlier reports, and refuses an order that does not follow the newest version.
pub(super) fn before(tx: &mut dyn Tx, checked: &Checked) -> Result<Before, Refusal> {
    let (order, area) = (&checked.order, checked.area.as_str());
    let kind = order.kind.name();
    let versions = reports::versions(tx, area, kind, (&order.from, &order.to))?;
    let newest = versions.first();
    let version = newest.map_or(0, |report| report.version);
    match (newest, &checked.corrects) {
        (Some(newest), Some(corrects)) if newest.id == *corrects => {}
        (None, None) => {}
        (None, Some(_)) => return Err(Refusal::new(Code::NotFound, "corrects: no such report")),
        (Some(newest), _) => return Err(Refusal::new(Code::ReportExists, newest.number.clone())),
    }
    let corrected = match newest {
        Some(newest) => whole(tx, &newest.id)?,
        None => None,
    };
    let last = match (&corrected, reports::newest(tx, area, Some(kind))?) {
        (Some(corrected), _) => Some(corrected.clone()),
        (None, Some(last)) => whole(tx, &last.id)?,
        (None, None) => None,
    };
    Ok(Before {
        version,
        corrected,
        last,
    })
}

/// A report with its content, whose digest is checked.
fn whole(tx: &mut dyn Tx, id: &[u8]) -> Result<Option<(Report, SealedReport)>, Refusal> {
    let found = reports::find(tx, id)?;
    let read = |report: Report| stored::content(&report).map(|sealed| (report, sealed));
    found.map(read).transpose()
}

/// Adds the late arrivals for, and the differences from, the earlier reports.
pub(super) fn compare(
    tx: &mut dyn Tx,
    before: &Before,
    checked: &Checked,
    sealed: &mut SealedReport,
) -> Result<(), Refusal> {
    if let Some((report, last)) = &before.last {
        let late = Baseline::of(tx, last, report.cut_off)?.count(tx)?;
        sealed.late_arrivals = LateCount {
            after: Some(last.number.clone()),
            count: late.count,
            more: late.more,
        };
        if last.from <= sealed.from {
            sealed.falls = falls(last, sealed);
        }
    }
    if let Some((report, old)) = &before.corrected {
        sealed.corrects = Some(Corrects {
            report: old.number.clone(),
            sha256: hex::encode(&report.sha256),
            reason: checked.reason.clone(),
            differences: differences(old, sealed),
        });
    }
    Ok(())
}
