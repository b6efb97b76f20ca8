//! Folds documents into rows, and writes the rows with the mark.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sync_core::{
    catalogue::Catalogue,
    document::{Folded, FoldedHazard, Snapshot},
    record::{AreaPath, DeviceId, DocId, EncodedListRow, Grant, GrantId, ServerTime},
};

use super::{
    Progress, activity,
    derived::{self, Derived},
    gather::{Raw, Situation},
    open::open,
    rows::{OwnRow, Rows},
};
use crate::storage::{
    StorageError, Tx,
    activities::{self, QuantityRow, VisitRow},
    bodies,
    docs::Doc,
    hazards::{self, HazardRow},
    marks::{self, Mark},
    opened, revocations,
};

/// A document gets a snapshot when its tail has this many changes or bytes; below that, whole changes are as cheap.
const FOLD_CHANGES: u64 = 4;
const FOLD_BYTES: u64 = 2 * 1024;

/// The rows and the snapshot to write for one document.
#[derive(Debug)]
pub(super) struct Action {
    rows: Rows,
    snapshot: Option<(Doc, Snapshot)>,
    damaged: bool,
}

/// Folds every document. A document that cannot be read gets a row with the problem and does not block the others.
pub(super) fn plan(situation: Situation) -> Vec<Action> {
    let Situation {
        docs,
        grants,
        revoked,
        ..
    } = situation;
    let project = |raw| project(raw, &grants, &revoked);
    docs.into_iter().map(project).collect()
}

fn project(raw: Raw, grants: &GrantsOf, revoked: &RevokedAt) -> Action {
    // A panic is caught, so that one document cannot stop the projection of its space.
    let folded = catch_unwind(AssertUnwindSafe(|| fold(&raw, grants, revoked)))
        .unwrap_or_else(|_| Err("the document cannot be read".to_owned()));
    let doc = raw.doc;
    match folded {
        Ok((rows, snapshot)) => Action {
            rows,
            snapshot: snapshot.map(|snapshot| (doc, snapshot)),
            damaged: false,
        },
        Err(problem) => Action {
            rows: Rows {
                row: OwnRow::Hazard(
                    Box::new(HazardRow {
                        problem,
                        ..blank(&doc)
                    }),
                    Derived::default(),
                ),
                quantities: Vec::new(),
                visits: Vec::new(),
                hidden: Vec::new(),
            },
            snapshot: None,
            damaged: true,
        },
    }
}

type Projected = (Rows, Option<Snapshot>);
type GrantsOf = HashMap<GrantId, Grant>;
type RevokedAt = HashMap<DeviceId, ServerTime>;

fn fold(raw: &Raw, grants: &GrantsOf, revoked: &RevokedAt) -> Result<Projected, String> {
    let mut document = open(&raw.body).map_err(|e| e.to_string())?;
    let folded = document.fold(grants, revoked);
    let rows = match folded.hazard() {
        Some(of) => hazard(&raw.doc, &folded, of),
        None => activity::rows(&raw.doc, &folded).ok_or("the document is of no known kind")?,
    };
    let long = raw.doc.tail_count >= FOLD_CHANGES || raw.doc.tail_bytes >= FOLD_BYTES;
    let snapshot = long.then(|| document.snapshot()).flatten();
    // A snapshot that does not hold what the log counted replaces nothing.
    let whole = |s: &Snapshot| s.sum.changes == raw.doc.changes && s.sum.digest == raw.doc.digest;
    Ok((rows, snapshot.filter(whole)))
}

fn hazard(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> Rows {
    let mut row = row(doc, folded, of);
    let derived = derived::of(doc, of, &mut row);
    Rows {
        row: OwnRow::Hazard(Box::new(row), derived),
        quantities: activity::quantities(doc, folded),
        visits: Vec::new(),
        hidden: folded.hidden_photos(),
    }
}

fn blank(doc: &Doc) -> HazardRow {
    HazardRow::blank(doc.space.clone(), doc.path.clone(), doc.id, doc.last_seq)
}

fn row(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> HazardRow {
    let (catalogue, state) = (Catalogue::embedded(), of.state());
    let list = folded.list_row();
    let encoded = EncodedListRow::from(&list);
    let kind = catalogue.kinds.find(&list.code);
    let open_conflicts = state.conflicts.iter().filter(|c| c.resolved_by.is_none());
    let position = of.position();
    let words = [
        list.place.as_str(),
        &list.description,
        &list.code,
        kind.map_or("", |k| &k.zh),
    ];
    HazardRow {
        state: state.state,
        is_open: catalogue.rules.is_open(state.state),
        cycle: state.cycle,
        grade: state.grade.map(|g| g.name().to_owned()).unwrap_or_default(),
        category: kind.map(|k| k.category.clone()).unwrap_or_default(),
        flags: list.flags,
        compound: list.compound,
        place_key: list.place_key.unwrap_or_default(),
        search: words.join(" ").to_lowercase(),
        item_count: of.item_count(),
        found_at: state.found_at,
        updated_at: state.updated_at,
        deadline: state.deadline,
        event_count: list.events,
        observation_count: state.observation_count,
        conflict_count: u32::try_from(open_conflicts.count()).unwrap_or(u32::MAX),
        photo_count: list.photos,
        latitude_e7: position.map(|p| p.latitude_e7),
        longitude_e7: position.map(|p| p.longitude_e7),
        crs: position.map(|p| p.crs.name().to_owned()),
        accuracy_cm: position.and_then(|p| p.accuracy_cm),
        code: list.code,
        place: list.place,
        description: list.description,
        list_row: Some(encoded),
        ..blank(doc)
    }
}

/// Writes rows, snapshots and the mark. `None`: another worker has moved the mark, and no row was written.
pub(super) fn apply(
    tx: &mut dyn Tx,
    space: &AreaPath,
    from: u64,
    upto: u64,
    lease: ([u8; 16], ServerTime),
    actions: &mut [Action],
) -> Result<Option<Progress>, StorageError> {
    // Change numbers are assigned under the lock and not when planned, because stored photos advance the counter too.
    let mark = marks::lock(tx, space)?;
    if mark.seq != from {
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
    actions: &mut [Action],
) -> Result<Progress, StorageError> {
    let mut mark = marks::lock(tx, space)?;
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
    revocations::done(tx, space, &done)?;
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
    let founded = || rows.iter().filter(|rows| !rows.is_unfounded());
    let quantities: Vec<&QuantityRow> = founded().flat_map(|r| &r.quantities).collect();
    let visits: Vec<&VisitRow> = founded().flat_map(|r| &r.visits).collect();
    activities::put(tx, &others, &quantities, &visits)?;
    for rows in rows.iter().filter(|rows| !rows.hidden.is_empty()) {
        opened::hide(tx, space, rows.folded_up_to().0, &rows.hidden)?;
    }
    Ok(())
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
