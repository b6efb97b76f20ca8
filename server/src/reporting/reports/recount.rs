//! Sealed reports counted again from the intervals of a transaction: what a change of rules would change in them. The
//! stored reports keep their bytes.

use sync_core::catalogue::Level;

use super::{
    difference::differences,
    document::{Difference, SealedReport},
    draft::{Figured, figures},
    frozen::Frozen,
    stored,
};
use crate::{
    refusal::Refusal,
    reporting::indicators::{Counting, Ground, Period},
    storage::{
        Tx,
        reports::{self, Report},
        spaces,
    },
};

/// A sealed report whose figures would be others now.
#[derive(Debug)]
pub struct Recounted {
    /// Its number.
    pub number: String,
    /// Administrative path.
    pub area: String,
    /// First day of the period.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Every figure that differs.
    pub differences: Vec<Difference>,
}

/// Counts every sealed report that stands again. Returns the number of reports, and those that differ. A part
/// whose figures came from another sealed report is taken from that report again.
///
/// # Errors
/// `report-damaged`, or of the storage.
pub fn recount(tx: &mut dyn Tx) -> Result<(usize, Vec<Recounted>), Refusal> {
    let (mut count, mut found) = (0, Vec::new());
    for id in reports::standing(tx)? {
        let Some(report) = reports::find(tx, &id)? else {
            continue;
        };
        count += 1;
        let sealed = stored::content(&report)?;
        let Figured { total, rows, .. } = again(tx, &report, &sealed)?;
        let now = SealedReport {
            total,
            rows,
            ..sealed.clone()
        };
        let differences = differences(&sealed, &now);
        if !differences.is_empty() {
            found.push(Recounted {
                number: sealed.number,
                area: sealed.area,
                from: sealed.from,
                to: sealed.to,
                differences,
            });
        }
    }
    Ok((count, found))
}

/// The figures of a report as of its cut-off.
fn again(tx: &mut dyn Tx, report: &Report, sealed: &SealedReport) -> Result<Figured, Refusal> {
    let area = spaces::area(&sealed.area)?;
    let levels = Level::ALL.into_iter();
    let shown = |level: &Level| {
        let rows = sealed.rows.iter().filter_map(|row| row.level.as_deref());
        rows.clone().any(|name| name == level.name())
    };
    let levels: Vec<Level> = levels.filter(shown).collect();
    let counting = Counting {
        period: Period::read(Some(&sealed.from), Some(&sealed.to), report.cut_off)?,
        cut_off: report.cut_off,
        as_of: report.sealed_at,
        without_duties: sealed.without_duties,
    };
    let mut ground = Ground::of_area(tx, &area, &levels, &counting.period.to)?;
    let frozen = Frozen::named(tx, levels.first().copied(), &sealed.sources)?;
    ground.leave(|ground, space| frozen.holds(ground, space));
    figures(tx, &ground, &frozen, &levels, &counting)
}
