//! Folding documents into rows, and writing the rows with the mark.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sync_core::{
    campaign::Family,
    catalogue::Catalogue,
    crdt::Document,
    lifecycle::{self, Attested, HazardState, Hidden, Stated},
    place_key,
    record::{AreaPath, ChangeHash, DeviceId, Event, Grant, GrantId, ServerTime},
    wire::Received,
};

use super::{
    Progress,
    beside::{self, Beside},
    campaign,
    gather::{Raw, Situation},
    rows::{Own, Rows},
    whole::{self, Whole},
};
use crate::storage::{
    StorageError, Tx, bodies,
    campaign::{self as records, Figure, Visit},
    docs::Doc,
    hazards::{self, Hazard},
    marks::{self, Mark},
    opened, revocations,
};

/// A document gets a snapshot when its tail has this many changes or bytes: below, whole changes are as cheap.
const FOLD_CHANGES: u64 = 4;
const FOLD_BYTES: u64 = 2 * 1024;

/// What to write for one document.
#[derive(Debug)]
pub(super) struct Action {
    rows: Rows,
    snapshot: Option<(Doc, Vec<u8>, Received)>,
    damaged: bool,
}

/// Folds every document; one that cannot be read gets a row that says why and holds nobody up.
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
    let folded = catch_unwind(AssertUnwindSafe(|| fold(&raw, grants, revoked)))
        .unwrap_or_else(|_| Err("the document cannot be read".to_owned()));
    let doc = raw.doc;
    match folded {
        Ok((rows, chunk)) => Action {
            rows,
            snapshot: chunk.map(|(chunk, received)| (doc, chunk, received)),
            damaged: false,
        },
        Err(problem) => Action {
            rows: Rows {
                row: Own::Hazard(
                    Box::new(Hazard {
                        problem,
                        ..blank(&doc)
                    }),
                    Beside::default(),
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

type Folded = (Rows, Option<(Vec<u8>, Received)>);
type GrantsOf = HashMap<GrantId, Grant>;
type RevokedAt = HashMap<DeviceId, ServerTime>;

fn fold(raw: &Raw, grants: &GrantsOf, revoked: &RevokedAt) -> Result<Folded, String> {
    let Whole {
        mut document,
        received,
    } = whole::load(&raw.body).map_err(|e| e.to_string())?;
    let (events, _) = document.events();
    let read = |(id, bytes): (_, Vec<u8>)| {
        Event::from_bytes(&bytes)
            .ok()
            .map(|event| Stated { id, event })
    };
    let events: Vec<Stated> = events.into_iter().filter_map(read).collect();
    let attested = Attested::new(grants, revoked, &document.held(), &received);
    let rows = match Family::of(&attested.of_their_authors(&events)) {
        Family::Hazard => hazard(&raw.doc, &events, &attested),
        Family::Record => campaign::record(&raw.doc, &events, &attested),
        Family::Inspection => campaign::inspection(&raw.doc, &events, &attested),
    };
    let long = raw.doc.tail_count >= FOLD_CHANGES || raw.doc.tail_bytes >= FOLD_BYTES;
    let chunk = long
        .then(|| proven(&raw.doc, document.snapshot(), &received))
        .flatten();
    Ok((rows, chunk))
}

/// A snapshot, if what is read back from it holds the same changes as the log counted: until then it replaces nothing.
fn proven(
    doc: &Doc,
    snapshot: Vec<u8>,
    received: &HashMap<ChangeHash, ServerTime>,
) -> Option<(Vec<u8>, Received)> {
    let mut again = Document::load(Some(&snapshot), []).ok()?;
    let hashes = again.change_hashes();
    let same = hashes.len() as u64 == doc.changes && again.digest() == doc.digest;
    same.then(|| (snapshot, whole::in_order(hashes, received)))
}

fn hazard(doc: &Doc, events: &[Stated], attested: &Attested<'_>) -> Rows {
    let state = lifecycle::fold(events, attested, Catalogue::embedded());
    let mut row = row(doc, &state, events);
    let beside = beside::of(doc, &state, events, attested, &mut row);
    Rows {
        row: Own::Hazard(Box::new(row), beside),
        figures: campaign::of_hazard(doc, &state, events),
        visits: Vec::new(),
        hidden: Hidden::of(&state, events).photos().collect(),
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

fn row(doc: &Doc, state: &HazardState, events: &[Stated]) -> Hazard {
    let catalogue = Catalogue::embedded();
    let list = lifecycle::row(state, events);
    let kind = catalogue.kinds.find(&list.code);
    let first = lifecycle::first_observation(state, events).map(|(_, o)| o);
    let place = lifecycle::place(state, events);
    let open_conflicts = state
        .conflicts
        .iter()
        .filter(|c| c.resolved_by.is_none())
        .count();
    let position = first.and_then(|o| o.position);
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
        compound: place.map(|p| p.compound.as_bytes().to_vec()),
        place_key: lifecycle::shown_place(state, events)
            .map(|place| place_key::of(&place))
            .unwrap_or_default(),
        search: words.join(" ").to_lowercase(),
        item_count: first.and_then(|o| o.count).map(i64::from),
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

/// Writes rows, snapshots and the mark; `None`, and nothing is written, if another worker was faster.
pub(super) fn apply(
    tx: &mut dyn Tx,
    space: &AreaPath,
    from: u64,
    upto: u64,
    lease: (&[u8], i64),
    actions: &mut [Action],
) -> Result<Option<Progress>, StorageError> {
    // Numbered here, not when planned: a photo that came meanwhile has counted too.
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
        if let Some((doc, chunk, received)) = &action.snapshot {
            progress.folded += usize::from(bodies::fold(tx, doc, chunk, received)?);
        }
    }
    let rows: Vec<&Rows> = actions.iter().map(|action| &action.rows).collect();
    write(tx, space, &rows)?;
    Ok(Some(progress))
}

/// Writes what was folded anew, and takes it off the list. Rows that are newer than it stay.
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

/// Writes the rows of documents; what they had before is forgotten as a whole.
fn write(tx: &mut dyn Tx, space: &AreaPath, rows: &[&Rows]) -> Result<(), StorageError> {
    let (mut ledger, mut records, mut unfounded) = (Vec::new(), Vec::new(), Vec::new());
    let mut all: Vec<&[u8]> = Vec::with_capacity(rows.len());
    let mut no_hazards: Vec<&[u8]> = Vec::new();
    for rows in rows {
        match &rows.row {
            Own::Hazard(hazard, beside) => {
                all.push(&hazard.doc);
                ledger.push((hazard.as_ref(), beside));
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
    // After what hangs on them is settled: links, duties and groups count no row that is not there.
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

/// Writes rows of the ledger and what stands beside them.
fn put(tx: &mut dyn Tx, space: &AreaPath, rows: &[(&Hazard, &Beside)]) -> Result<(), StorageError> {
    let new = beside::new_looks(tx, space, rows)?;
    let plain: Vec<&Hazard> = rows.iter().map(|(row, _)| *row).collect();
    hazards::put(tx, &plain)?;
    beside::put(tx, space, rows, &new)
}
