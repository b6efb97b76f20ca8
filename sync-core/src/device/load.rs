//! Loads the documents of the store and folds them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rusqlite::Connection;

use super::{
    DeviceError, docs, enrolment, received, server_notices,
    states::{ALL, ChangeState, EFFECTIVE, Set},
};
use crate::{
    catalogue::Catalogue,
    crdt::Document,
    document::{Folded, OpenDocument},
    history::Revocations,
    record::{ChangeHash, DocId},
    wire::Received,
};

/// Loads a record as this device sees it: snapshot and every change after it, without what the server refused.
///
/// A record of which nothing is left then is only on this device: it is shown as it was stated, so that no word is lost
/// to its author.
pub(super) fn load(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
) -> Result<OpenDocument, DeviceError> {
    match load_accepted(c, catalogue, doc) {
        Ok(Some(loaded)) => Ok(loaded),
        Ok(None) | Err(DeviceError::Document { .. }) => load_with_refused(c, catalogue, doc),
        Err(error) => Err(error),
    }
}

/// Loads a document without what the server refused; `None` if nothing else is left of it.
pub(super) fn load_accepted(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
) -> Result<Option<OpenDocument>, DeviceError> {
    let snapshot = docs::snapshot(c, doc)?;
    let tail = tail(c, doc, EFFECTIVE)?;
    if snapshot.is_none() && tail.is_empty() {
        return Ok(None);
    }
    Ok(Some(assemble(
        c,
        catalogue,
        doc,
        snapshot.as_deref(),
        &tail,
    )?))
}

/// Loads a document with its refused changes, as far as their dependencies are present: a refused change may depend on
/// one that was rewritten since.
fn load_with_refused(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
) -> Result<OpenDocument, DeviceError> {
    let damaged = |source| DeviceError::Document { doc, source };
    let snapshot = docs::snapshot(c, doc)?;
    let mut present: BTreeSet<ChangeHash> = match &snapshot {
        Some(chunk) => {
            let mut whole = Document::load(Some(chunk), []).map_err(damaged)?;
            whole.change_hashes().into_iter().collect()
        }
        None => BTreeSet::new(),
    };
    let (mut fitting, mut left) = (Vec::new(), tail(c, doc, ALL)?);
    loop {
        let before = left.len();
        let mut later = Vec::new();
        for bytes in left {
            let facts = crate::crdt::inspect(&bytes).map_err(damaged)?;
            if facts.deps.iter().all(|hash| present.contains(hash)) {
                present.insert(facts.hash);
                fitting.push(bytes);
            } else {
                later.push(bytes);
            }
        }
        left = later;
        if left.len() == before {
            return assemble(c, catalogue, doc, snapshot.as_deref(), &fitting);
        }
    }
}

/// The changes of a document in these states that are in no snapshot, in the order in which this device stored them.
fn tail(c: &Connection, doc: DocId, states: Set<ChangeState>) -> Result<Vec<Vec<u8>>, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT bytes FROM chg WHERE doc = ?1 AND bytes IS NOT NULL AND state IN {states} ORDER BY n"
    ))?;
    let rows = statement.query_map([doc.as_bytes()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn assemble(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
    snapshot: Option<&[u8]>,
    tail: &[Vec<u8>],
) -> Result<OpenDocument, DeviceError> {
    let times = received::of_rows(c, doc)?;
    let kept = match snapshot {
        Some(_) => received::kept(c, doc)?,
        None => Received::default(),
    };
    let snapshot = snapshot.map(|chunk| (chunk, &kept));
    let tail = tail.iter().map(|bytes| (bytes.as_slice(), None));
    let mut open = OpenDocument::open(snapshot, tail, catalogue)
        .map_err(|source| DeviceError::Document { doc, source })?;
    // The time of a row is newer than the one stored with the snapshot.
    open.times.extend(times);
    Ok(open)
}

/// Folds a document with the grants and revocations that this device knows.
pub(super) fn fold(
    c: &Connection,
    open: &mut OpenDocument,
) -> Result<Folded<'static>, DeviceError> {
    open.fold_with(|used, authors| {
        let (mut grants, mut revoked) = (HashMap::new(), Revocations::default());
        for id in used {
            if let Some(mut grant) = enrolment::find_grant(c, id)? {
                server_notices::end(c, *id, &mut grant)?;
                grants.insert(*id, grant);
            }
        }
        for device in authors {
            let times = server_notices::revoked(c, *device)?;
            revoked.extend(times.into_iter().map(|at| (*device, at)));
        }
        revoked.accept(server_notices::accepted(c)?);
        Ok((grants, revoked))
    })
}
