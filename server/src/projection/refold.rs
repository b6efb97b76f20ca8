//! What the rules of this program would change in the ledger: each hazard is folded from the log and compared with its
//! row, and nothing is written.

use std::collections::HashMap;

use sync_core::{
    catalogue::{Catalogue, StateCode},
    record::{AreaPath, DeviceTime, DocId},
};

use super::{
    Projection,
    completeness::fold_version,
    gather::{self, Situation},
    project,
    rows::OwnRow,
};
use crate::storage::{
    StorageError,
    hazards::{self, HazardRow},
    spaces,
};

/// The number of documents that are folded at a time.
const BATCH: usize = 200;

/// What a row of the ledger states, as far as reports and reviewers depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl From<&HazardRow> for Stated {
    fn from(row: &HazardRow) -> Self {
        Self {
            state: row.state,
            round: row.cycle,
            grade: row.grade.clone(),
            deadline: row.deadline,
            conflicts: row.conflict_count,
        }
    }
}

/// A hazard whose row would change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The space.
    pub space: AreaPath,
    /// The hazard.
    pub doc: DocId,
    /// What the ledger states.
    pub before: Stated,
    /// What the rules of this program state.
    pub after: Stated,
}

impl Change {
    /// The change for an operator, on one line: area, id, and what differs.
    pub fn words(&self) -> String {
        let Self {
            space,
            doc,
            before,
            after,
        } = self;
        let mut parts = Vec::new();
        let mut part = |what: &str, old: String, new: String| {
            if old != new {
                parts.push(format!("{what} {old} → {new}"));
            }
        };
        let day = |at: Option<DeviceTime>| at.map_or_else(|| "–".to_owned(), |at| at.0.to_string());
        part(
            "状态 / state",
            state_words(before.state),
            state_words(after.state),
        );
        part(
            "轮次 / round",
            before.round.to_string(),
            after.round.to_string(),
        );
        part("等级 / grade", before.grade.clone(), after.grade.clone());
        part("期限 / deadline", day(before.deadline), day(after.deadline));
        part(
            "未决冲突 / open conflicts",
            before.conflicts.to_string(),
            after.conflicts.to_string(),
        );
        format!("{space}  {doc}  {}", parts.join("; "))
    }

    /// The states before and after, for totals.
    pub fn states(&self) -> (String, String) {
        (
            state_words(self.before.state),
            state_words(self.after.state),
        )
    }
}

/// The number and the Chinese name of a state.
fn state_words(state: StateCode) -> String {
    let row = Catalogue::embedded().rules.state(state);
    row.map_or_else(|| state.to_string(), |row| format!("{state} {}", row.zh))
}

impl Projection {
    /// The version of the rules by which the ledger was folded.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn ledger_rules(&self) -> Result<u16, StorageError> {
        self.storage.read(|tx| fold_version(tx)).await
    }

    /// Folds every hazard by the rules of this program and compares it with its row. Hazards whose newest changes are
    /// not in the ledger yet are left out. `seen` is called with the number of documents after each batch, `changed`
    /// with each difference. Returns the number of hazards that were compared.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn compare_rules(
        &self,
        mut seen: impl FnMut(usize) + Send,
        mut changed: impl FnMut(&Change) + Send,
    ) -> Result<usize, StorageError> {
        let mut compared = 0;
        for space in self.storage.read(|tx| spaces::list(tx)).await? {
            let mut from = 0;
            loop {
                let (id, after) = (space.id.clone(), from);
                let (situation, rows) = self
                    .storage
                    .read(move |tx| -> Result<_, StorageError> {
                        let situation = gather::gather(tx, &id, after, BATCH)?;
                        let mut rows = HashMap::new();
                        for raw in &situation.docs {
                            if let Some(row) = hazards::find(tx, &id, raw.doc.id)? {
                                rows.insert(raw.doc.id, row);
                            }
                        }
                        Ok((situation, rows))
                    })
                    .await?;
                let (more, upto) = (situation.more, situation.upto);
                seen(situation.docs.len());
                for change in differences(&space.id, situation, &rows, &mut compared) {
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

fn differences(
    space: &AreaPath,
    situation: Situation,
    rows: &HashMap<DocId, HazardRow>,
    compared: &mut usize,
) -> Vec<Change> {
    let mut found = Vec::new();
    for action in project::plan(situation) {
        let OwnRow::Hazard(new, _) = &action.rows.row else {
            continue;
        };
        // A document without a row, or with newer changes than its row, has nothing to compare.
        let Some(old) = rows
            .get(&new.doc)
            .filter(|old| old.as_of_seq == new.as_of_seq)
        else {
            continue;
        };
        *compared += 1;
        let (before, after) = (Stated::from(old), Stated::from(&**new));
        if before != after {
            found.push(Change {
                space: space.clone(),
                doc: new.doc,
                before,
                after,
            });
        }
    }
    found
}
