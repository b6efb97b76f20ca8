//! The earlier reports that a draft is compared with: the version that it corrects, and the newest of its kind.

use super::{
    baseline::Baseline,
    difference::{corrections, differences, falls},
    document::{Corrects, LateCount, SealedReport},
    order::Checked,
    standing::Standing,
    stored,
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// Earlier sealed reports.
pub(super) struct Before {
    /// The highest version number; 0 if there is none.
    pub(super) version: i64,
    /// The version that is corrected.
    corrected: Option<(Report, SealedReport)>,
    /// The report of the period before, of this kind.
    previous: Option<(Report, SealedReport)>,
}

/// Reads the earlier reports, and refuses an order that does not follow the newest version.
pub(super) fn before(tx: &mut dyn Tx, checked: &Checked) -> Result<Before, Refusal> {
    let subject = checked.subject();
    let standing = Standing::read(tx, &subject)?;
    let corrected = match standing.corrects(checked.corrects.as_deref())? {
        Some(newest) => whole(tx, &newest.id)?,
        None => None,
    };
    let previous = match reports::previous(tx, &subject, checked.counting.cut_off)? {
        Some(previous) => whole(tx, &previous.id)?,
        None => None,
    };
    Ok(Before {
        version: standing.highest(),
        corrected,
        previous,
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
    if let Some((report, last)) = before.corrected.as_ref().or(before.previous.as_ref()) {
        let baseline = Baseline::of(tx, last, report.cut_off)?;
        let late = baseline.count(tx)?;
        sealed.late_arrivals = LateCount {
            after: Some(last.number.clone()),
            count: late.count,
            more: late.more,
            not_comparable: baseline.comparable(tx)?.1,
        };
        if last.from <= sealed.from {
            sealed.falls = falls(last, sealed);
        }
    }
    if let Some((_, last)) = &before.previous
        && last.to < sealed.from
    {
        sealed.corrections = corrections(last, sealed);
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
