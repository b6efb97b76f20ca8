//! Activities and inspections, as reviewers read them.
//!
//! The functions take a filter or an id, and a [`Reach`](crate::access::Reach). They return rows, or one document with
//! its history. Nothing is written, and a document out of reach is reported as not found.

mod detail;
mod filter;
mod view;

use std::sync::Arc;

use sync_core::record::DocId;

use super::{ListCursor, Review};
use crate::{access::Reach, refusal::Refusal, storage::activity_queries};

pub use detail::{ActivityDetail, AnsweredView};
pub use filter::ActivityFilter;
pub use view::{ActivityView, FigureView};

/// One page of activities and inspections.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ActivityPage {
    /// The rows.
    pub items: Vec<ActivityView>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

impl Review {
    /// A page of activities and inspections, last held first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn activities(
        &self,
        reach: &Reach,
        filter: ActivityFilter,
    ) -> Result<ActivityPage, Refusal> {
        let query = filter.query(reach, &self.catalogue)?;
        let catalogue = Arc::clone(&self.catalogue);
        self.storage
            .read(move |tx| {
                let rows = activity_queries::list(tx, &query)?;
                let full = rows.len() as i64 == query.limit;
                let next = rows
                    .last()
                    .filter(|_| full)
                    .map(|r| ListCursor::Found(r.held_at, r.doc).to_string());
                let items = view::views(tx, &rows, &catalogue)?;
                Ok(ActivityPage { items, next })
            })
            .await
    }

    /// One activity or inspection with its whole history. One out of reach is reported as not found.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn activity(&self, reach: &Reach, doc: DocId) -> Result<ActivityDetail, Refusal> {
        let (reach, catalogue) = (reach.clone(), Arc::clone(&self.catalogue));
        self.storage
            .read(move |tx| detail::detail(tx, &reach, doc, &catalogue))
            .await
    }
}
