//! What reviewers read of the ledger: rows, one hazard with its history, statistics, suggestions, duties, coverage,
//! activities.
//!
//! Each function takes a [`Reach`](crate::access::Reach) that was checked for this request, and a query. It returns views
//! within that reach. No document is written here: a decision of a reviewer is an event like any other.

mod activities;
mod conflicts;
mod coverage;
mod detail;
mod duties;
mod duty_chain;
mod enrichment;
mod filter;
mod history;
mod level;
mod list;
mod list_cursor;
mod lookups;
pub(crate) mod parameters;
mod photos;
mod statistics;
mod suggestions;
pub(crate) mod time;
mod view;

use std::sync::Arc;

use sync_core::catalogue::Catalogue;

use crate::storage::Storage;

pub use activities::{
    ActivityDetail, ActivityFilter, ActivityPage, ActivityView, AnsweredView, FigureView,
};
pub use conflicts::{ConflictGroup, ConflictView};
pub use coverage::{CoverageView, VisitedView};
pub use detail::{BilingualText, HazardDetail};
pub use duties::{DutyPage, DutyView, Owed};
pub use duty_chain::{ChainView, FindingView, LinkView};
pub use enrichment::{DueView, Enrichment, GroupView};
pub use filter::Filter;
pub use history::EventView;
pub use level::Level;
pub use list::HazardPage;
pub use list_cursor::ListCursor;
pub use photos::PhotoView;
pub use statistics::{PlaceCount, Statistics};
pub use suggestions::{SuggestedPair, SuggestionPage, SuggestionView, Wanted};
pub(crate) use time::instant;
pub use view::HazardView;

/// Queries of reviewers on the storage.
#[derive(Debug, Clone)]
pub struct Review {
    storage: Storage,
    catalogue: Arc<Catalogue>,
}

impl Review {
    /// Queries on a storage whose ledger was folded by a catalogue.
    pub fn new(storage: Storage, catalogue: Arc<Catalogue>) -> Self {
        Self { storage, catalogue }
    }
}
