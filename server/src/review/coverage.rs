//! How far an area is inspected: by building and unit, each once however many visits.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::record::CompoundId;

use super::{Review, filter::area, view::instant};
use crate::{
    access::{Reach, Refusal},
    storage::{names, records},
};

/// Buildings and units of one answer at most.
const MOST: i64 = 5_000;

/// How far an area is inspected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CoverageView {
    /// Compounds that a finished inspection has looked at.
    pub compounds: i64,
    /// Buildings that a finished inspection has looked at, each once.
    pub buildings: i64,
    /// Every building and unit that was looked at; at most 5,000.
    pub items: Vec<VisitedView>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A building or a unit that inspections have looked at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VisitedView {
    /// The compound.
    pub compound: String,
    /// Its name, if it is known.
    pub compound_name: Option<String>,
    /// The building, in one spelling.
    pub building: String,
    /// The unit, in one spelling; empty: the building as a whole.
    pub unit: String,
    /// Inspections that looked at it.
    pub inspections: i64,
    /// Of these, finished.
    pub finished: i64,
    /// When the last finished one began, RFC 3339.
    pub last_at: Option<String>,
}

impl Review {
    /// How far an area is inspected.
    ///
    /// # Errors
    /// `bad-filter` for a path that is none.
    pub async fn coverage(
        &self,
        reach: &Reach,
        within: Option<String>,
    ) -> Result<CoverageView, Refusal> {
        let area = within.map(|text| area(&text)).transpose()?;
        let reach = reach.areas().to_vec();
        self.storage
            .read(move |tx| {
                let (compounds, buildings) = records::covered(tx, &reach, area.as_ref())?;
                let mut rows = records::visited(tx, &reach, area.as_ref(), MOST + 1)?;
                let more = rows.len() as i64 > MOST;
                rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
                let ids: BTreeSet<&[u8]> = rows.iter().map(|r| r.compound.as_slice()).collect();
                let names = names::compounds(tx, ids)?;
                let item = |row: records::Visited| -> Result<VisitedView, Refusal> {
                    Ok(VisitedView {
                        compound: CompoundId::from_slice(&row.compound)
                            .map_err(crate::storage::StorageError::from)?
                            .to_string(),
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
