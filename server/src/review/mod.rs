//! What reviewers read: the ledger, one hazard with its history, what changed since a cursor; activities and coverage.
//!
//! Each function takes a [`Reach`] that was checked for this request, and a query. It returns views within that reach.
//! No document is written here: a decision of a reviewer is an event like any other.

mod activities;
mod coverage;
mod cursor;
mod detail;
mod duties;
mod enrichment;
mod filter;
mod imprint;
mod indicators;
mod reports;
mod statistics;
mod suggestions;
mod view;

use sync_core::record::{DocId, ServerTime};

use crate::{
    access::{Reach, Refusal},
    storage::{Storage, ledger, spaces},
};

pub use activities::{
    ActivityDetail, ActivityFilter, ActivityPage, ActivityView, AnsweredView, FigureView,
};
pub use coverage::{CoverageView, VisitedView};
pub use cursor::Cursor;
pub use detail::{BilingualText, ConflictGroup, ConflictView, EventView, HazardDetail, PhotoView};
pub use duties::{ChainView, DutyPage, DutyView, FindingView, LinkView, Owed};
pub use enrichment::{DueView, Enrichment, GroupView};
pub use filter::Filter;
pub use imprint::Imprint;
pub use indicators::{
    CheckView, Figures, IndicatorSheet, ManualValue, ManualView, Milli, Question, Row, Versions,
};
pub use reports::{
    BadEnvelope, Corrects, Difference, Envelope, Kind, LateCount, LatePage, LateView, Marked,
    Order, ReportPage, ReportView, Reports, Sealed, Source, StepOrder, StepView, verify,
};
pub use statistics::{Level, PlaceCount, Statistics};
pub use suggestions::{SuggestedPair, SuggestionPage, SuggestionView, Wanted};
pub use view::HazardView;

/// Queries of reviewers on the storage.
#[derive(Debug, Clone)]
pub struct Review {
    storage: Storage,
}

/// One page of the ledger.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct HazardPage {
    /// The rows.
    pub items: Vec<HazardView>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

impl Review {
    /// Queries on a storage.
    pub fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// A page of the ledger, newest found first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn list(&self, reach: &Reach, filter: Filter) -> Result<HazardPage, Refusal> {
        let query = filter.query(reach)?;
        self.storage
            .read(move |tx| {
                let rows = ledger::list(tx, &query)?;
                let full = rows.len() as i64 == query.limit;
                let next = rows
                    .last()
                    .filter(|_| full)
                    .map(|r| Cursor::Found(r.found_at, r.doc).to_string());
                let items = view::views(tx, &rows)?;
                Ok(HazardPage { items, next })
            })
            .await
    }

    /// The ledger counted by place; only hazards that the filter matches are counted.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn statistics(
        &self,
        reach: &Reach,
        filter: Filter,
        level: Level,
        now: i64,
    ) -> Result<Statistics, Refusal> {
        let query = filter.query(reach)?;
        self.storage
            .read(move |tx| statistics::count(tx, &query, level, now))
            .await
    }

    /// What changed in the ledger since a cursor, in the order of changes. Without a cursor: from the beginning.
    ///
    /// # Errors
    /// `bad-filter` for a damaged cursor.
    pub async fn changes(
        &self,
        reach: &Reach,
        since: Option<String>,
        limit: Option<i64>,
    ) -> Result<HazardPage, Refusal> {
        let position = match since {
            Some(text) => Cursor::changed(&text)?,
            None => std::collections::BTreeMap::new(),
        };
        let limit = filter::limit(limit)?;
        let within = reach.areas().to_vec();
        self.storage
            .read(move |tx| {
                let (mut position, mut items) = (position, Vec::new());
                for space in spaces::list(tx)? {
                    let areas: Vec<_> = within
                        .iter()
                        .filter(|a| a.covers(&space.id) || space.id.covers(a))
                        .map(|a| {
                            if a.covers(&space.id) {
                                space.id.clone()
                            } else {
                                a.clone()
                            }
                        })
                        .collect();
                    if areas.is_empty() {
                        continue;
                    }
                    let after = position.get(space.id.as_str()).copied().unwrap_or(0);
                    let query = ledger::Query {
                        within: areas,
                        space: Some(space.id.clone()),
                        changed_after: Some(after),
                        limit: limit - items.len() as i64,
                        ..ledger::Query::default()
                    };
                    if query.limit <= 0 {
                        break;
                    }
                    let rows = ledger::list(tx, &query)?;
                    if let Some(last) = rows.last() {
                        position.insert(space.id.to_string(), last.changed);
                    }
                    items.extend(view::views(tx, &rows)?);
                }
                Ok(HazardPage {
                    items,
                    next: Some(Cursor::Changed(position).to_string()),
                })
            })
            .await
    }

    /// One hazard with its history from the event number `from` on. A hazard out of reach is reported as not found.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn one(
        &self,
        reach: &Reach,
        doc: DocId,
        from: usize,
        now: ServerTime,
    ) -> Result<HazardDetail, Refusal> {
        let reach = reach.clone();
        self.storage
            .read(move |tx| detail::detail(tx, &reach, doc, from, now))
            .await
    }

    /// A page of suggestions about pairs of hazards, the most urgent first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn suggestions(
        &self,
        reach: &Reach,
        wanted: Wanted,
    ) -> Result<SuggestionPage, Refusal> {
        let asked = wanted.checked(reach)?;
        self.storage
            .read(move |tx| Ok(suggestions::page(tx, &asked)?))
            .await
    }

    /// A page of duties that companies missed or did late, the earliest due first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn duties(
        &self,
        reach: &Reach,
        owed: Owed,
        now: ServerTime,
    ) -> Result<DutyPage, Refusal> {
        let asked = owed.checked(reach)?;
        self.storage
            .read(move |tx| Ok(duties::page(tx, &asked, now.0)?))
            .await
    }
}
