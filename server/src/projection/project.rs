//! Folding documents into rows, and writing the rows with the mark.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sync_core::{
    campaign::Family,
    catalogue::Catalogue,
    crdt::Document,
    lifecycle::{self, HazardState, Stated},
    place_key,
    record::{AreaPath, Event, EventBody, Grant, GrantId, Observation},
};

use super::{
    Progress, campaign,
    gather::{Raw, Situation},
};
use crate::storage::{
    StorageError, Tx,
    campaign::{self as records, Figure, Record, Visit},
    docs::{self, Doc},
    hazards::{self, Hazard},
    marks::{self, Mark},
};

/// A document gets a snapshot when its tail has this many changes or bytes: below, whole changes are as cheap.
const FOLD_CHANGES: u64 = 4;
const FOLD_BYTES: u64 = 2 * 1024;

/// What to write for one document.
#[derive(Debug)]
pub(super) struct Action {
    rows: Rows,
    snapshot: Option<(Doc, Vec<u8>)>,
    damaged: bool,
}

/// What a document is in the tables.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) row: Own,
    pub(super) figures: Vec<Figure>,
    pub(super) visits: Vec<Visit>,
}

/// Its own row.
#[derive(Debug)]
pub(super) enum Own {
    Hazard(Box<Hazard>),
    Record(Box<Record>),
}

impl Rows {
    fn number(&mut self, changed: i64) {
        match &mut self.row {
            Own::Hazard(hazard) => hazard.changed = changed,
            Own::Record(record) => record.changed = changed,
        }
    }
}

/// Folds every document; one that cannot be read gets a row that says why and holds nobody up.
pub(super) fn plan(situation: Situation) -> Vec<Action> {
    let Situation { docs, grants, .. } = situation;
    docs.into_iter().map(|raw| project(raw, &grants)).collect()
}

fn project(raw: Raw, grants: &HashMap<GrantId, Grant>) -> Action {
    let folded = catch_unwind(AssertUnwindSafe(|| fold(&raw, grants)))
        .unwrap_or_else(|_| Err("the document cannot be read".to_owned()));
    let doc = raw.doc;
    match folded {
        Ok((rows, chunk)) => Action {
            rows,
            snapshot: chunk.map(|chunk| (doc, chunk)),
            damaged: false,
        },
        Err(problem) => Action {
            rows: Rows {
                row: Own::Hazard(Box::new(Hazard {
                    problem,
                    ..blank(&doc)
                })),
                figures: Vec::new(),
                visits: Vec::new(),
            },
            snapshot: None,
            damaged: true,
        },
    }
}

type Folded = (Rows, Option<Vec<u8>>);

fn fold(raw: &Raw, grants: &HashMap<GrantId, Grant>) -> Result<Folded, String> {
    let snapshot = (!raw.body.chunk.is_empty()).then_some(raw.body.chunk.as_slice());
    let mut document = Document::load(snapshot, raw.body.changes.iter().map(Vec::as_slice))
        .map_err(|e| e.to_string())?;
    let (events, _) = document.events();
    let read = |(id, bytes): (_, Vec<u8>)| {
        Event::from_bytes(&bytes)
            .ok()
            .map(|event| Stated { id, event })
    };
    let events: Vec<Stated> = events.into_iter().filter_map(read).collect();
    let rows = match Family::of(&events) {
        Family::Hazard => hazard(&raw.doc, &events, grants),
        Family::Record => campaign::record(&raw.doc, &events, grants),
        Family::Inspection => campaign::inspection(&raw.doc, &events, grants),
    };
    let long = raw.doc.tail_count >= FOLD_CHANGES || raw.doc.tail_bytes >= FOLD_BYTES;
    // A snapshot replaces nothing until it is proven to hold the same changes as the log counted.
    let whole = long && document.change_hashes().len() as u64 == raw.doc.changes;
    let chunk = if whole && document.digest() == raw.doc.digest {
        Some(document.snapshot())
    } else {
        None
    };
    Ok((rows, chunk))
}

fn hazard(doc: &Doc, events: &[Stated], grants: &HashMap<GrantId, Grant>) -> Rows {
    let state = lifecycle::fold(events, grants, Catalogue::embedded());
    Rows {
        row: Own::Hazard(Box::new(row(doc, &state, events))),
        figures: campaign::of_hazard(doc, &state, events),
        visits: Vec::new(),
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
    let first = first_observation(state, events);
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
        compound: first.map(|o| o.place.compound.as_bytes().to_vec()),
        place_key: first.map(|o| place_key::of(&o.place)).unwrap_or_default(),
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

fn first_observation<'e>(state: &HazardState, events: &'e [Stated]) -> Option<&'e Observation> {
    let in_order = state
        .history
        .iter()
        .filter_map(|j| events.iter().find(|s| s.id == j.id));
    in_order
        .filter_map(|s| {
            if let EventBody::Observe(o) = &s.event.body {
                Some(o)
            } else {
                None
            }
        })
        .next()
}

/// Writes rows, snapshots and the mark, unless another worker was faster.
pub(super) fn apply(
    tx: &mut dyn Tx,
    space: &AreaPath,
    from: u64,
    upto: u64,
    lease: (&[u8], i64),
    actions: &mut [Action],
) -> Result<Progress, StorageError> {
    // Numbered here, not when planned: a photo that came meanwhile has counted too.
    let mark = marks::lock(tx, space)?;
    if mark.seq != from {
        return Ok(Progress::default());
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
        if let Some((doc, chunk)) = &action.snapshot {
            progress.folded += usize::from(docs::put_snapshot(tx, doc, chunk)?);
        }
    }
    let rows: Vec<&Rows> = actions.iter().map(|action| &action.rows).collect();
    write(tx, space, &rows)?;
    Ok(progress)
}

/// Writes the rows of documents; what they had before is forgotten as a whole.
fn write(tx: &mut dyn Tx, space: &AreaPath, rows: &[&Rows]) -> Result<(), StorageError> {
    let (mut ledger, mut records) = (Vec::new(), Vec::new());
    for rows in rows {
        match &rows.row {
            Own::Hazard(hazard) => ledger.push(hazard.as_ref()),
            Own::Record(record) => records.push(record.as_ref()),
        }
    }
    let no_hazards: Vec<&[u8]> = records.iter().map(|r| r.doc.as_slice()).collect();
    let mut all: Vec<&[u8]> = ledger.iter().map(|h| h.doc.as_slice()).collect();
    all.extend(&no_hazards);
    records::forget(tx, space, &all, &no_hazards)?;
    hazards::put(tx, &ledger)?;
    let figures: Vec<&Figure> = rows.iter().flat_map(|r| &r.figures).collect();
    let visits: Vec<&Visit> = rows.iter().flat_map(|r| &r.visits).collect();
    records::put(tx, space, &records, &figures, &visits)
}
