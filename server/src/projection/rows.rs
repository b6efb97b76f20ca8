//! The rows of a document in the tables: its own row, its quantities, the buildings that it reached.

use sync_core::record::{BlobHash, DocId};

use super::derived::Derived;
use crate::storage::{
    activities::{ActivityRow, QuantityRow, VisitRow},
    hazards::HazardRow,
};

/// The rows of a document.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) row: OwnRow,
    pub(super) quantities: Vec<QuantityRow>,
    pub(super) visits: Vec<VisitRow>,
    /// Photos that were redacted.
    pub(super) hidden: Vec<BlobHash>,
}

/// The row of the document itself.
#[derive(Debug)]
pub(super) enum OwnRow {
    Hazard(Box<HazardRow>, Derived),
    Activity(Box<ActivityRow>),
}

impl Rows {
    /// Whether no valid event begins the hazard: it is in no list, count, export or report. A document that cannot be read is
    /// listed with its problem. An activity without a valid beginning keeps its row, which no list shows: a query by id
    /// explains why it counts nothing.
    pub(super) fn is_unfounded(&self) -> bool {
        match &self.row {
            OwnRow::Hazard(hazard, _) => hazard.state.0 == 0 && hazard.problem.is_empty(),
            OwnRow::Activity(_) => false,
        }
    }

    /// Sets the number of this change of the ledger.
    pub(super) fn number(&mut self, changed: i64) {
        match &mut self.row {
            OwnRow::Hazard(hazard, _) => hazard.changed = changed,
            OwnRow::Activity(activity) => activity.changed = changed,
        }
    }

    /// The document, and the sequence number that it was folded up to.
    pub(super) fn folded_up_to(&self) -> (DocId, u64) {
        match &self.row {
            OwnRow::Hazard(hazard, _) => (hazard.doc, hazard.as_of_seq),
            OwnRow::Activity(activity) => (activity.doc, activity.as_of_seq),
        }
    }
}
