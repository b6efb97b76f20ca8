//! What the rules and the catalogue of this program would change in the ledger: each document is folded from the log and
//! compared with its row, and nothing is written.

use std::{collections::HashMap, sync::Arc};

use sync_core::{
    activity::State,
    catalogue::{Catalogue, StateCode},
    record::{AreaPath, DeviceTime, DocId, Edition},
};

use super::{
    Projection,
    apply::write_intervals,
    basis::{fold_version, ledger_edition},
    gather::{self, Situation},
    intervals::Intervals,
    project,
    rows::OwnRow,
};
use crate::storage::{
    StorageError, Tx,
    activities::{self, ActivityRow},
    hazards::{self, HazardRow},
    marks, spaces, spans,
};

/// The number of documents that are folded at a time.
const BATCH: usize = 200;

/// What a row of the ledger states, as far as reports and reviewers depend on it. The default: no row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    /// The state.
    pub state: StateCode,
    /// The round.
    pub round: u16,
    /// The grade; empty if it is unknown.
    pub grade: String,
    /// The earliest deadline in force.
    pub deadline: Option<DeviceTime>,
    /// The number of open conflicts.
    pub conflicts: u32,
    /// Of an activity or an inspection: its state, and whether it counts.
    pub activity: Option<(State, bool)>,
}

impl From<&ActivityRow> for Stated {
    fn from(row: &ActivityRow) -> Self {
        Self {
            activity: Some((row.state, row.counts)),
            ..Self::default()
        }
    }
}

impl From<&HazardRow> for Stated {
    fn from(row: &HazardRow) -> Self {
        Self {
            state: row.state,
            round: row.cycle,
            grade: row.grade.clone(),
            deadline: row.deadline,
            conflicts: row.conflict_count,
            activity: None,
        }
    }
}

/// A document whose row would change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The space.
    pub space: AreaPath,
    /// The document.
    pub doc: DocId,
    /// What the ledger states.
    pub before: Stated,
    /// What the rules of this program state.
    pub after: Stated,
}

impl Projection {
    /// The version of the rules by which the ledger was folded.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn ledger_rules(&self) -> Result<u16, StorageError> {
        self.storage.read(|tx| fold_version(tx)).await
    }

    /// The edition of the catalogue by which the ledger was folded.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn ledger_edition(&self) -> Result<Edition, StorageError> {
        self.storage.read(|tx| ledger_edition(tx)).await
    }

    /// Folds every document by the rules of this program and a catalogue, and compares it with its row. Documents whose newest changes are
    /// not in the ledger yet are left out. `seen` is called with the number of documents after each batch, `changed`
    /// with each difference. Returns the number of documents that were compared.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn compare_rules(
        &self,
        catalogue: &Arc<Catalogue>,
        mut seen: impl FnMut(usize) + Send,
        mut changed: impl FnMut(&Change) + Send,
    ) -> Result<usize, StorageError> {
        let mut compared = 0;
        for space in self.storage.read(|tx| spaces::list(tx)).await? {
            let mut from = 0;
            loop {
                let (id, after) = (space.id.clone(), from);
                let batch = self
                    .storage
                    .read(move |tx| -> Result<_, StorageError> {
                        let situation = gather::gather(tx, &id, after, BATCH)?;
                        let docs: Vec<DocId> = situation.docs.iter().map(|d| d.doc.id).collect();
                        let rows = Present {
                            hazards: hazards::of(tx, &id, &docs)?,
                            activities: activities::of(tx, &id, &docs)?,
                            projected: marks::mark(tx, &id)?.seq,
                        };
                        Ok((situation, rows))
                    })
                    .await?;
                let (situation, rows) = batch;
                let (more, upto) = (situation.more, situation.upto);
                seen(situation.docs.len());
                for change in differences(&space.id, situation, &rows, &mut compared, catalogue) {
                    changed(&change);
                }
                if !more {
                    break;
                }
                from = upto;
            }
        }
        Ok(compared)
    }
}

/// Replaces the intervals of all documents by those that the rules of this program make. For a transaction that is not
/// committed: the rows of the ledger stay as they are. Returns the number of documents.
///
/// # Errors
/// [`StorageError`].
pub fn renew_intervals(tx: &mut dyn Tx, catalogue: &Arc<Catalogue>) -> Result<usize, StorageError> {
    let mut documents = 0;
    spans::clear(tx)?;
    for space in spaces::list(tx)? {
        let (mut from, mut more) = (0, true);
        while more {
            let mut situation = gather::gather(tx, &space.id, from, BATCH)?;
            (from, more) = (situation.upto, situation.more);
            // Folded from the first receipt on, whatever the rules of the ledger had covered.
            for raw in &mut situation.docs {
                raw.intervals = Intervals::default();
            }
            let actions = project::plan(situation, catalogue);
            let rows: Vec<_> = actions.iter().map(|action| &action.rows).collect();
            write_intervals(tx, &rows)?;
            documents += rows.len();
        }
    }
    Ok(documents)
}

/// The rows of a batch as they are.
struct Present {
    hazards: Vec<HazardRow>,
    activities: Vec<ActivityRow>,
    /// The log is in the ledger up to this sequence number.
    projected: u64,
}

/// The changes of a batch.
fn differences(
    space: &AreaPath,
    situation: Situation,
    rows: &Present,
    compared: &mut usize,
    catalogue: &Arc<Catalogue>,
) -> Vec<Change> {
    let hazards = rows.hazards.iter();
    let hazards = hazards.map(|row| (row.doc, (row.as_of_seq, Stated::from(row))));
    let activities = rows.activities.iter();
    let activities = activities.map(|row| (row.doc, (row.as_of_seq, Stated::from(row))));
    let known: HashMap<DocId, (u64, Stated)> = hazards.chain(activities).collect();
    let mut found = Vec::new();
    for action in project::plan(situation, catalogue) {
        let (doc, as_of_seq, after) = match &action.rows.row {
            OwnRow::Hazard(new, _) => (new.doc, new.as_of_seq, Stated::from(&**new)),
            OwnRow::Activity(new) => (new.doc, new.as_of_seq, Stated::from(&**new)),
        };
        let before = match known.get(&doc) {
            Some((seq, stated)) if *seq == as_of_seq => stated.clone(),
            // By the rules of the ledger no valid event began it: it has no row.
            None if as_of_seq <= rows.projected => Stated::default(),
            // Its newest changes are not in the ledger yet.
            _ => continue,
        };
        *compared += 1;
        let after = if action.rows.is_unfounded() {
            Stated::default()
        } else {
            after
        };
        if before != after {
            found.push(Change {
                space: space.clone(),
                doc,
                before,
                after,
            });
        }
    }
    found
}
