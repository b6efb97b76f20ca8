//! Folds documents into rows, and writes the rows with the mark.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sync_core::{
    catalogue::Catalogue,
    document::{Folded, FoldedHazard, Snapshot},
    record::{AreaPath, DeviceId, Grant, GrantId, ServerTime},
};

use super::{
    Progress,
    activity,
    derived::{self, Derived},
    gather::{Raw, Situation},
    open::open,
    rows::{Own, Rows},
};
use crate::storage::{
    StorageError, Tx, bodies,
    activities::{self as records, Figure, Visit},
    docs::Doc,
    hazards::{self, Hazard},
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
                row: Own::Hazard(
                    Box::new(Hazard {
                        problem,
                        ..blank(&doc)
                    }),
                    Derived::default(),
                ),
                figures: Vec::new(),
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
    // A snapshot whose count or digest differs from that of the log is not stored.
    let whole =
        |s: &Snapshot| s.sum.changes == raw.doc.changes && s.sum.digest == raw.doc.digest;
    Ok((rows, snapshot.filter(whole)))
}

fn hazard(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> Rows {
    let mut row = row(doc, folded, of);
    let derived = derived::of(doc, of, &mut row);
    Rows {
        row: Own::Hazard(Box::new(row), derived),
        figures: activity::figures(doc, folded),
        visits: Vec::new(),
        hidden: folded.hidden_photos(),
    }
}

fn blank(doc: &Doc) -> Hazard {
    Hazard {
        doc: doc.id.as_bytes().to_vec(),
        space: doc.space.to_string(),
        path: doc.path.to_string(),
        as_of_seq: doc.last_seq.cast_signed(),
        is_open: true,
        ..Hazard::default()
    }
}

fn row(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> Hazard {
    let (catalogue, state) = (Catalogue::embedded(), of.state());
    let list = folded.list_row();
    let kind = catalogue.kinds.find(&list.code);
    let open_conflicts = state
        .conflicts
        .iter()
        .filter(|c| c.resolved_by.is_none())
        .count();
    let position = of.position();
    let words = [
        list.place.as_str(),
        &list.description,
        &list.code,
        kind.map_or("", |k| &k.zh),
    ];
    Hazard {
        state: i64::from(list.state),
        is_open: catalogue.rules.is_open(state.state),
        cycle: i64::from(state.cycle),
        grade: state.grade.map(|g| g.name().to_owned()).unwrap_or_default(),
        category: kind.map(|k| k.category.clone()).unwrap_or_default(),
        flags: i64::from(list.flags),
        compound: list.compound.map(|id| id.as_bytes().to_vec()),
        place_key: list.place_key.unwrap_or_default(),
        search: words.join(" ").to_lowercase(),
        item_count: of.item_count().map(i64::from),
        found_at: list.found,
        updated_at: list.updated,
        deadline: state.deadline.map(|d| d.0),
        event_count: i64::from(list.events),
        observation_count: i64::from(state.observation_count),
        conflict_count: i64::try_from(open_conflicts).unwrap_or(i64::MAX),
        photo_count: i64::from(list.photos),
        latitude_e7: position.map(|p| i64::from(p.latitude_e7)),
        longitude_e7: position.map(|p| i64::from(p.longitude_e7)),
        crs: position.map(|p| p.crs.name().to_owned()),
        accuracy_cm: position.and_then(|p| p.accuracy_cm).map(i64::from),
        code: list.code,
        place: list.place,
        description: list.description,
        ..blank(doc)
    }
}

/// Writes rows, snapshots and the mark. `None`: another worker has moved the mark, and no row was written.
pub(super) fn apply(
    tx: &mut dyn Tx,
    space: &AreaPath,
    from: u64,
    upto: u64,
    lease: (&[u8], i64),
    actions: &mut [Action],
) -> Result<Option<Progress>, StorageError> {
    // Change numbers are assigned under the lock and not when planned, because stored photos advance the counter too.
    let mark = marks::lock(tx, space)?;
    if mark.seq != from {
        return Ok(None);
    }
    let count = i64::try_from(actions.len()).unwrap_or(i64::MAX);
    let moved = Mark {
        seq: upto,
        changed: mark.changed + count,
        worker: Some(lease.0.to_vec()),
        lease_until: lease.1,
    };
    marks::advance(tx, space, &moved)?;
    let changed = mark.changed;
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
        let (doc, as_of_seq) = action.rows.which()?;
        done.push(doc);
        let there = match action.rows.row {
            Own::Hazard(..) => hazards::find(tx, space, doc)?.map(|row| row.as_of_seq),
            Own::Record(_) => records::find(tx, space, doc)?.map(|row| row.as_of_seq),
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
    marks::advance(tx, space, &mark)?;
    write(tx, space, &rows)?;
    revocations::done(tx, space, &done)?;
    Ok(progress)
}

/// Writes the rows of documents and replaces all rows that they had before.
fn write(tx: &mut dyn Tx, space: &AreaPath, rows: &[&Rows]) -> Result<(), StorageError> {
    let (mut ledger, mut records, mut unfounded) = (Vec::new(), Vec::new(), Vec::new());
    let mut all: Vec<&[u8]> = Vec::with_capacity(rows.len());
    let mut no_hazards: Vec<&[u8]> = Vec::new();
    for rows in rows {
        match &rows.row {
            Own::Hazard(hazard, derived) => {
                all.push(&hazard.doc);
                ledger.push((hazard.as_ref(), derived));
                unfounded.extend(rows.is_unfounded().then_some(hazard.doc.as_slice()));
            }
            Own::Record(record) => {
                all.push(&record.doc);
                no_hazards.push(&record.doc);
                records.push(record.as_ref());
            }
        }
    }
    records::forget(tx, space, &all, &no_hazards)?;
    put(tx, space, &ledger)?;
    // Deleted only after links, duties and groups were updated; those count no row that is absent.
    hazards::forget(tx, space, &unfounded)?;
    let founded = || rows.iter().filter(|rows| !rows.is_unfounded());
    let figures: Vec<&Figure> = founded().flat_map(|r| &r.figures).collect();
    let visits: Vec<&Visit> = founded().flat_map(|r| &r.visits).collect();
    records::put(tx, space, &records, &figures, &visits)?;
    for rows in rows.iter().filter(|rows| !rows.hidden.is_empty()) {
        opened::hide(tx, space, rows.which()?.0, &rows.hidden)?;
    }
    Ok(())
}

/// Writes rows of the ledger and their derived rows.
fn put(tx: &mut dyn Tx, space: &AreaPath, rows: &[(&Hazard, &Derived)]) -> Result<(), StorageError> {
    let new = derived::changed_comparisons(tx, space, rows)?;
    let plain: Vec<&Hazard> = rows.iter().map(|(row, _)| *row).collect();
    hazards::put(tx, &plain)?;
    derived::put(tx, space, rows, &new)
}
