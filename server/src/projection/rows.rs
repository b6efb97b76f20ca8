//! The rows of a document: its own row and its intervals.

use sync_core::record::{DocId, PhotoHash};

use super::{derived::Derived, intervals::Intervals};
use crate::storage::{activities::ActivityRow, hazards::HazardRow};

/// The rows of a document.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) row: OwnRow,
    pub(super) intervals: Intervals,
    /// Photos that were redacted.
    pub(super) hidden: Vec<PhotoHash>,
}

/// The document's own row: of the ledger, or of the table of activities and inspections.
#[derive(Debug)]
pub(super) enum OwnRow {
    Hazard(Box<HazardRow>, Derived),
    Activity(Box<ActivityRow>),
}

impl Rows {
    /// Whether no valid event begins the hazard: then it is in no list, count, export or report. A document that cannot
    /// be read is listed with its problem. An activity or inspection without a valid beginning keeps its row, which no
    /// list shows: a request by its id shows why it counts nothing.
    pub(super) fn is_unfounded(&self) -> bool {
        match &self.row {
            OwnRow::Hazard(hazard, _) => hazard.state.0 == 0 && hazard.problem.is_empty(),
            OwnRow::Activity(_) => false,
        }
    }

    /// Sets the intervals.
    pub(super) fn with(mut self, intervals: Intervals) -> Self {
        match &mut self.row {
            OwnRow::Hazard(hazard, _) => {
                (hazard.known_at, hazard.known_receipts) =
                    (intervals.known_at, intervals.known_receipts);
            }
            OwnRow::Activity(activity) => {
                (activity.known_at, activity.known_receipts) =
                    (intervals.known_at, intervals.known_receipts);
            }
        }
        self.intervals = intervals;
        self
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
