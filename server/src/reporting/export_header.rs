//! What every exported list states about itself: its time, the versions of the tables, and what is missing in it.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::record::AreaPath;

use super::{Late, Reporting, Versions, late_of_area};
use crate::{
    access::Reach,
    refusal::Refusal,
    review::{parameters::areas, time::instant},
    storage::{Tx, marks, spaces},
};

/// The head of an exported list.
#[derive(Debug, Clone, Serialize)]
pub struct ExportHeader {
    /// When it was read, RFC 3339.
    pub as_of: String,
    /// Nothing that was received at or after this time is in the list, RFC 3339. For a list of the ledger: when it was
    /// read.
    pub cut_off: String,
    /// Versions of the tables that it was computed with.
    pub catalogue: Versions,
    /// Late arrivals: events that the area's newest sealed report does not count and that were claimed, or took place,
    /// before its cut-off.
    pub late_arrival_count: u64,
    /// Whether there are more late arrivals than were counted.
    pub late_arrivals_more: bool,
    /// Changes that are in the log but not yet in the ledger.
    pub ledger_lag: u64,
}

impl Reporting {
    /// The header of a list of what the caller may read, or of one area of it.
    ///
    /// # Errors
    /// `bad-filter` naming the area.
    pub async fn export_header(
        &self,
        reach: &Reach,
        area: Option<&str>,
        now: i64,
    ) -> Result<ExportHeader, Refusal> {
        let within: BTreeSet<AreaPath> = areas(reach, area)?.into_iter().collect();
        self.storage.read(move |tx| of(tx, &within, now)).await
    }
}

fn of(tx: &mut dyn Tx, areas: &BTreeSet<AreaPath>, now: i64) -> Result<ExportHeader, Refusal> {
    let mut late = Late::default();
    for area in areas {
        late.add(late_of_area(tx, area)?);
    }
    let touched = spaces::touching(tx, areas)?;
    let marks = marks::marks(tx, &touched)?;
    let spaces = spaces::list(tx)?.into_iter();
    let lag = spaces
        .filter(|space| touched.contains(&space.id))
        .map(|space| {
            let seq = marks.get(&space.id).map_or(0, |mark| mark.seq);
            space.head.saturating_sub(seq)
        })
        .sum();
    Ok(ExportHeader {
        as_of: instant(now),
        cut_off: instant(now),
        catalogue: Versions::of(tx)?,
        late_arrival_count: late.count,
        late_arrivals_more: late.more,
        ledger_lag: lag,
    })
}
