//! The rows of a document: its own row, its quantities, and the places that it visited.

use sync_core::record::{BlobHash, DocId};

use super::derived::Derived;
use crate::storage::{
    StorageError,
    activities::{Figure, Record, Visit},
    hazards::Hazard,
};

/// The rows of a document.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) row: Own,
    pub(super) figures: Vec<Figure>,
    pub(super) visits: Vec<Visit>,
    /// Photos that were redacted.
    pub(super) hidden: Vec<BlobHash>,
}

/// The document's own row: of the ledger, or of the table of activities and inspections.
#[derive(Debug)]
pub(super) enum Own {
    Hazard(Box<Hazard>, Derived),
    Record(Box<Record>),
}

impl Rows {
    /// Whether no valid event begins the hazard: then it is in no list, count, export or report. A document that cannot
    /// be read is listed with its problem. An activity or inspection without a valid beginning keeps its row, which no
    /// list shows: a request by its id shows why it counts nothing.
    pub(super) fn is_unfounded(&self) -> bool {
        match &self.row {
            Own::Hazard(hazard, _) => hazard.state == 0 && hazard.problem.is_empty(),
            Own::Record(_) => false,
        }
    }
    pub(super) fn number(&mut self, changed: i64) {
        match &mut self.row {
            Own::Hazard(hazard, _) => hazard.changed = changed,
            Own::Record(record) => record.changed = changed,
        }
    }

    /// The document, and the sequence number that it was folded up to.
    pub(super) fn which(&self) -> Result<(DocId, i64), StorageError> {
        let (doc, as_of_seq) = match &self.row {
            Own::Hazard(hazard, _) => (&hazard.doc, hazard.as_of_seq),
            Own::Record(record) => (&record.doc, record.as_of_seq),
        };
        Ok((DocId::from_slice(doc)?, as_of_seq))
    }
}
