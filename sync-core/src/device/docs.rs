//! Loads and saves whole documents; keeps the sums by which device and server compare them.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::{DeviceError, enrolment, received, scope};
use crate::{
    crdt::Document,
    document::{Folded, OpenDocument},
    record::{AreaPath, ChangeHash, Digest, DocId},
    wire::{Received, page::Sum},
};

/// What the store knows of a document without loading it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) path: AreaPath,
    /// The space whose log holds it; empty if not known yet.
    pub(super) space: String,
    pub(super) sum: Sum,
    pub(super) tail: i64,
    pub(super) pending: i64,
}

pub(super) fn find(c: &Connection, doc: DocId) -> Result<Option<Known>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT path, change_count, digest, tail_count, pending_count, space FROM doc WHERE id = ?1",
    )?;
    let row = statement.query_row([doc.as_bytes()], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
        ))
    });
    let Some((path, changes, digest, tail, pending, space)) = row.optional()? else {
        return Ok(None);
    };
    let path = path
        .parse()
        .map_err(|_| DeviceError::Damaged(format!("path of {doc}")))?;
    let sum = Sum {
        changes: changes.unsigned_abs(),
        digest: Digest::from_slice(&digest),
    };
    Ok(Some(Known {
        path,
        space,
        sum,
        tail,
        pending,
    }))
}

/// Loads a record as this device sees it: snapshot and every change after it, without what the server refused.
///
/// A record of which nothing is left then is only on this device: it is shown as it was stated, so that no word is lost
/// to its author.
pub(super) fn load(c: &Connection, doc: DocId) -> Result<OpenDocument, DeviceError> {
    match load_accepted(c, doc) {
        Ok(Some(loaded)) => Ok(loaded),
        Ok(None) | Err(DeviceError::Document { .. }) => load_with_refused(c, doc),
        Err(error) => Err(error),
    }
}

/// Loads a document without what the server refused; `None` if nothing else is left of it.
pub(super) fn load_accepted(
    c: &Connection,
    doc: DocId,
) -> Result<Option<OpenDocument>, DeviceError> {
    let snapshot = snapshot(c, doc)?;
    let tail = tail(c, doc, WAITING_OR_ACCEPTED)?;
    if snapshot.is_none() && tail.is_empty() {
        return Ok(None);
    }
    Ok(Some(assemble(c, doc, snapshot.as_deref(), &tail)?))
}

/// Loads a document with its refused changes, as far as their dependencies are present: a refused change may depend on
/// one that was rewritten since.
fn load_with_refused(c: &Connection, doc: DocId) -> Result<OpenDocument, DeviceError> {
    let damaged = |source| DeviceError::Document { doc, source };
    let snapshot = snapshot(c, doc)?;
    let mut present: BTreeSet<ChangeHash> = match &snapshot {
        Some(chunk) => {
            let mut whole = Document::load(Some(chunk), []).map_err(damaged)?;
            whole.change_hashes().into_iter().collect()
        }
        None => BTreeSet::new(),
    };
    let (mut fitting, mut left) = (Vec::new(), tail(c, doc, ANY)?);
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
            return assemble(c, doc, snapshot.as_deref(), &fitting);
        }
    }
}

/// A document's snapshot, if it has one.
pub(super) fn snapshot(c: &Connection, doc: DocId) -> Result<Option<Vec<u8>>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT snapshot FROM doc WHERE id = ?1")?;
    let snapshot = statement.query_row([doc.as_bytes()], |row| row.get(0));
    snapshot
        .optional()?
        .ok_or(DeviceError::UnknownDocument(doc))
}

/// Highest state of a change to include: acknowledged or from the server (3), refused or quarantined (5).
const WAITING_OR_ACCEPTED: u8 = 3;
const ANY: u8 = 5;

/// The changes of a document that are in no snapshot, up to a state, in the order in which this device stored them.
fn tail(c: &Connection, doc: DocId, state: u8) -> Result<Vec<Vec<u8>>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT bytes FROM chg WHERE doc = ?1 AND bytes IS NOT NULL AND state <= ?2 ORDER BY n",
    )?;
    let rows = statement.query_map(params![doc.as_bytes(), state], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn assemble(
    c: &Connection,
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
    let mut open = OpenDocument::open(snapshot, tail)
        .map_err(|source| DeviceError::Document { doc, source })?;
    // The time of a row is newer than the one stored with the snapshot.
    open.times.extend(times);
    Ok(open)
}

/// Inserts the row of a document that is new to this device.
pub(super) fn insert(c: &Connection, doc: DocId, path: &AreaPath) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(
        "INSERT INTO doc (id, path, space, digest) VALUES (?1, ?2, ?3, zeroblob(16))",
    )?;
    let space = scope::expected(c, path)?;
    statement.execute(params![doc.as_bytes(), path.as_str(), space])?;
    Ok(())
}

/// Stores the sum of what the server is known to have of a document, in its row and in every scope that holds it.
pub(super) fn set_sum(
    c: &Connection,
    doc: DocId,
    at: (&str, &AreaPath),
    old: Sum,
    new: Sum,
) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("UPDATE doc SET change_count = ?2, digest = ?3 WHERE id = ?1")?;
    statement.execute(params![
        doc.as_bytes(),
        new.changes as i64,
        new.digest.to_bytes()
    ])?;
    scope::move_sum(c, at, old, new)
}

/// Folds a document with the grants and revocations that this device knows.
pub(super) fn fold(
    c: &Connection,
    open: &mut OpenDocument,
) -> Result<Folded<'static>, DeviceError> {
    open.fold_with(|used, authors| {
        let (mut grants, mut revoked) = (HashMap::new(), HashMap::new());
        for id in used {
            if let Some(grant) = enrolment::find_grant(c, id)? {
                grants.insert(*id, grant);
            }
        }
        for device in authors {
            if let Some(at) = received::revoked(c, *device)? {
                revoked.insert(*device, at);
            }
        }
        Ok((grants, revoked))
    })
}
