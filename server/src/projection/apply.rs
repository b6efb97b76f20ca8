//! Writes planned rows, snapshots and the mark in one transaction.

use sync_core::record::{AreaPath, DocId, ServerTime};

use super::{
    basis::Basis,
    derived::{self, Derived},
    progress::Progress,
    project::Action,
    rows::{OwnRow, Rows},
};
use crate::storage::{
    StorageError, Tx,
    activities::{self, QuantityRow, VisitRow},
    bodies,
    hazards::{self, HazardRow},
    marks::{self, Mark},
    opened, server_notices,
    spans::{self, HazardSpan},
};

/// Writes rows, snapshots and the mark. `None`: another worker has moved the mark, or folds by newer rules or a newer
/// catalogue, and no row was written.
pub(super) fn apply(
    tx: &mut dyn Tx,
    space: &AreaPath,
    basis: Basis,
    from: u64,
    upto: u64,
    lease: ([u8; 16], ServerTime),
    actions: &mut [Action],
) -> Result<Option<Progress>, StorageError> {
    // Change numbers are assigned under the lock and not when planned, because stored photos advance the counter too.
    let mark = marks::lock(tx, space)?;
    // Read under the lock: a process that begins to fold the ledger again sets the basis, then the marks.
    if mark.seq != from || !basis.may_write(tx)? {
        return Ok(None);
    }
    let count = i64::try_from(actions.len()).unwrap_or(i64::MAX);
    let changed = mark.changed;
    let moved = Mark {
        seq: upto,
        changed: changed + count,
        worker: Some(lease.0),
        lease_until: lease.1,
        ..mark
    };
    marks::advance(tx, &moved)?;
    let mut progress = Progress::default();
    for (changed, action) in (changed + 1..).zip(actions.iter_mut()) {
        action.rows.number(changed);
        progress.documents += 1;
        progress.damaged += usize::from(action.damaged);
        if let Some((doc, snapshot)) = &action.snapshot {
            let folded = bodies::fold(tx, doc, &snapshot.chunk, &snapshot.received)?;
            progress.folded += usize::from(folded);
        }
    }
    let rows: Vec<&Rows> = actions.iter().map(|action| &action.rows).collect();
    write(tx, space, &rows)?;
    Ok(Some(progress))
}

/// Writes documents that were folded again, and removes them from the queue. Rows folded from newer changes stay.
pub(super) fn apply_again(
    tx: &mut dyn Tx,
    space: &AreaPath,
    basis: Basis,
    actions: &mut [Action],
) -> Result<Progress, StorageError> {
    let mut mark = marks::lock(tx, space)?;
    if !basis.may_write(tx)? {
        return Ok(Progress::default());
    }
    let (mut progress, mut rows, mut done) = (Progress::default(), Vec::new(), Vec::new());
    for action in actions {
        let (doc, as_of_seq) = action.rows.folded_up_to();
        done.push(doc);
        let there = match action.rows.row {
            OwnRow::Hazard(..) => hazards::find(tx, space, doc)?.map(|row| row.as_of_seq),
            OwnRow::Activity(_) => activities::find(tx, space, doc)?.map(|row| row.as_of_seq),
        };
        // The newer row was gathered later, so it was folded with the same revocations.
        if there.is_some_and(|there| there > as_of_seq) {
            continue;
        }
        mark.changed += 1;
        action.rows.number(mark.changed);
        progress.documents += 1;
        rows.push(&action.rows);
    }
    marks::advance(tx, &mark)?;
    write(tx, space, &rows)?;
    server_notices::done(tx, space, &done)?;
    Ok(progress)
}

/// Writes the rows of documents and replaces all rows that they had before.
fn write(tx: &mut dyn Tx, space: &AreaPath, rows: &[&Rows]) -> Result<(), StorageError> {
    let (mut ledger, mut others, mut unfounded) = (Vec::new(), Vec::new(), Vec::new());
    let mut all: Vec<DocId> = Vec::with_capacity(rows.len());
    let mut no_hazards: Vec<DocId> = Vec::new();
    for rows in rows {
        match &rows.row {
            OwnRow::Hazard(hazard, derived) => {
                all.push(hazard.doc);
                ledger.push((hazard.as_ref(), derived));
                unfounded.extend(rows.is_unfounded().then_some(hazard.doc));
            }
            OwnRow::Activity(activity) => {
                all.push(activity.doc);
                no_hazards.push(activity.doc);
                others.push(activity.as_ref());
            }
        }
    }
    activities::forget(tx, space, &all, &no_hazards)?;
    put(tx, space, &ledger)?;
    // Deleted only after links, duties and groups were updated; those count no row that is absent.
    hazards::forget(tx, space, &unfounded)?;
    activities::put(tx, &others)?;
    spans::forget(tx, space, &all)?;
    write_intervals(tx, rows)?;
    for rows in rows.iter().filter(|rows| !rows.hidden.is_empty()) {
        opened::hide(tx, space, rows.folded_up_to().0, &rows.hidden)?;
    }
    Ok(())
}

/// Writes the intervals of documents that have none. A hazard that is in the ledger no more keeps them: they are what was
/// known before.
pub(super) fn write_intervals(tx: &mut dyn Tx, rows: &[&Rows]) -> Result<(), StorageError> {
    let intervals = || rows.iter().map(|rows| &rows.intervals);
    let known: Vec<&HazardSpan> = intervals().flat_map(|i| &i.spans).collect();
    let quantities: Vec<&QuantityRow> = intervals().flat_map(|i| &i.quantities).collect();
    let visits: Vec<&VisitRow> = intervals().flat_map(|i| &i.visits).collect();
    spans::put(tx, &known)?;
    activities::put_intervals(tx, &quantities, &visits)
}

/// Writes rows of the ledger and their derived rows.
fn put(
    tx: &mut dyn Tx,
    space: &AreaPath,
    rows: &[(&HazardRow, &Derived)],
) -> Result<(), StorageError> {
    let new = derived::changed_comparisons(tx, space, rows)?;
    let plain: Vec<&HazardRow> = rows.iter().map(|(row, _)| *row).collect();
    hazards::put(tx, &plain)?;
    derived::put(tx, space, rows, &new)
}
