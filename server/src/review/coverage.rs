//! Coverage of an area by inspections: each building and entrance is counted once, however often it was visited.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::record::CompoundId;

use super::{Review, parameters::area, time::instant};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{activity_queries, names},
};

/// Buildings and entrances in one response at most.
const MOST: i64 = 5_000;

/// The coverage of an area by inspections.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CoverageView {
    /// Compounds that finished inspections have reached.
    pub compounds: i64,
    /// Buildings that finished inspections have reached, each counted once.
    pub buildings: i64,
    /// Every building and entrance that an inspection has reached; at most 5,000.
    pub items: Vec<VisitedView>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A building or an entrance that inspections have reached.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VisitedView {
    /// The compound.
    pub compound: String,
    /// Its name, if it is known.
    pub compound_name: Option<String>,
    /// The building, normalised as in place keys.
    pub building: String,
    /// The entrance, normalised as in place keys; empty: the building as a whole.
    pub unit: String,
    /// Inspections that reached it.
    pub inspections: i64,
    /// The number of these that are finished.
    pub finished: i64,
    /// When the last finished one began, RFC 3339.
    pub last_at: Option<String>,
}

impl Review {
    /// The coverage of an area by inspections.
    ///
    /// # Errors
    /// `bad-filter` if `within` is not an administrative path.
    pub async fn coverage(
        &self,
        reach: &Reach,
        within: Option<String>,
    ) -> Result<CoverageView, Refusal> {
        let area = within.map(|text| area(&text)).transpose()?;
        let reach = reach.readable();
        self.storage
            .read(move |tx| {
                let (compounds, buildings) = activity_queries::covered(tx, &reach, area.as_ref())?;
                let mut rows = activity_queries::visited(tx, &reach, area.as_ref(), MOST + 1)?;
                let more = rows.len() as i64 > MOST;
                rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
                let ids: BTreeSet<&CompoundId> = rows.iter().map(|r| &r.compound).collect();
                let names = names::compounds(tx, ids)?;
                let item = |row: activity_queries::Visited| -> Result<VisitedView, Refusal> {
                    Ok(VisitedView {
                        compound: row.compound.to_string(),
                        compound_name: names.get(&row.compound).cloned(),
                        building: row.building,
                        unit: row.unit,
                        inspections: row.inspections,
                        finished: row.finished,
                        last_at: row.last.map(instant),
                    })
                };
                Ok(CoverageView {
                    compounds,
                    buildings,
                    items: rows.into_iter().map(item).collect::<Result<_, _>>()?,
                    more,
                })
            })
            .await
    }
}
