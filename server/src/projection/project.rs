//! Plans a round: folds documents into rows and snapshots. Pure: everything that it needs is passed as a parameter.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    causes::with_causes,
    document::Snapshot,
    history::Revocations,
    record::{Grant, GrantId},
};

use super::{
    activity,
    derived::Derived,
    gather::{Raw, Situation},
    hazard,
    intervals::Intervals,
    one_person,
    open::open,
    rows::{OwnRow, Rows},
};
use crate::storage::{aliases::Aliases, docs::Doc, hazards::HazardRow};

/// The rows and the snapshot to write for one document.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) rows: Rows,
    pub(super) snapshot: Option<(Doc, Snapshot)>,
    pub(super) damaged: bool,
}

/// A document gets a snapshot when its tail has this many changes or bytes; below that, whole changes are as cheap.
const FOLD_CHANGES: u64 = 4;
const FOLD_BYTES: u64 = 2 * 1024;

/// Folds every document by a catalogue. A document that cannot be read gets a row with the problem and does not block the
/// others.
pub(super) fn plan(situation: Situation, catalogue: &Arc<Catalogue>) -> Vec<Action> {
    let Situation {
        docs,
        grants,
        revoked,
        aliases,
        ..
    } = situation;
    let with = With {
        catalogue,
        grants,
        revoked,
        aliases,
    };
    let project = |raw| project(raw, &with);
    docs.into_iter().map(project).collect()
}

/// What the documents of a round are folded with.
struct With<'c> {
    catalogue: &'c Arc<Catalogue>,
    grants: HashMap<GrantId, Grant>,
    revoked: Revocations,
    aliases: Aliases,
}

fn project(raw: Raw, with: &With<'_>) -> Action {
    // A panic is caught, so that one document cannot stop the projection of its space.
    let folded = catch_unwind(AssertUnwindSafe(|| fold(&raw, with)))
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
                        ..hazard::blank(&doc)
                    }),
                    Derived::default(),
                ),
                intervals: Intervals::default(),
                hidden: Vec::new(),
            },
            snapshot: None,
            damaged: true,
        },
    }
}

type Projected = (Rows, Option<Snapshot>);

fn fold(raw: &Raw, with: &With<'_>) -> Result<Projected, String> {
    let With {
        grants,
        revoked,
        aliases,
        ..
    } = with;
    let mut document = open(&raw.body, with.catalogue).map_err(|e| with_causes(&e))?;
    let folded = document.fold(grants, revoked);
    let as_one = one_person::as_one(&mut document, &folded, grants, revoked, aliases);
    let mut intervals = raw.intervals.clone();
    intervals.extend(&raw.doc, &mut document, &folded, grants, revoked);
    let mut rows = match folded.hazard() {
        Some(of) => hazard::rows(&raw.doc, &folded, of),
        None => activity::rows(&raw.doc, &folded).ok_or("the document is of no known kind")?,
    };
    if let OwnRow::Hazard(row, _) = &mut rows.row {
        row.one_person = as_one.is_some();
    }
    let long = raw.doc.tail_count >= FOLD_CHANGES || raw.doc.tail_bytes >= FOLD_BYTES;
    let snapshot = long.then(|| document.snapshot()).flatten();
    // A snapshot that does not hold what the log counted replaces nothing.
    let whole = |s: &Snapshot| s.sum.changes == raw.doc.changes && s.sum.digest == raw.doc.digest;
    Ok((rows.with(intervals), snapshot.filter(whole)))
}
