//! The other records of the campaign and inspections, as reviewers read them.
//!
//! In come a filter or a number and a [`Reach`](crate::access::Reach); out come rows, or one record with its history.
//! Nothing is written, and what lies outside the reach is as if it were not there.

mod filter;
mod one;
mod view;

use sync_core::record::DocId;

use super::{Cursor, Review};
use crate::{
    access::{Reach, Refusal},
    storage::records,
};

pub use filter::RecordFilter;
pub use one::{AnsweredView, RecordDetail};
pub use view::{FigureView, RecordView};

/// One page of records.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RecordPage {
    /// The rows.
    pub items: Vec<RecordView>,
    /// Give this as `after` for the next page; absent at the end.
    pub next: Option<String>,
}

impl Review {
    /// A page of records, last held first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn records(
        &self,
        reach: &Reach,
        filter: RecordFilter,
    ) -> Result<RecordPage, Refusal> {
        let query = filter.query(reach)?;
        self.storage
            .read(move |tx| {
                let rows = records::list(tx, &query)?;
                let full = rows.len() as i64 == query.limit;
                let next = rows
                    .last()
                    .filter(|_| full)
                    .map(|r| Cursor::Found(r.held_at, r.doc.clone()).to_string());
                let items = view::views(tx, &rows)?;
                Ok(RecordPage { items, next })
            })
            .await
    }

    /// One record or inspection with its whole history. Out of reach is the same as not there.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn record(&self, reach: &Reach, doc: DocId) -> Result<RecordDetail, Refusal> {
        let reach = reach.clone();
        self.storage.read(move |tx| one::one(tx, &reach, doc)).await
    }
}
