//! The contents of documents: a snapshot and the changes after it, with the receive time of each change.

use std::collections::HashMap;

use sync_core::{
    record::{AreaPath, DocId, ServerTime},
    wire::{Received, decode, encode},
};

use super::{
    Row, StorageError, Tx, Value,
    docs::{Doc, ids},
    log::RECEIVED,
};

/// The contents of a document: its snapshot, empty if there is none, and the changes after it.
#[derive(Debug, Default, Clone)]
pub struct Body {
    /// The snapshot.
    pub chunk: Vec<u8>,
    /// Receive times of the changes in the snapshot, in the order of their hashes.
    pub folded: Received,
    /// The changes after the snapshot, in order.
    pub changes: Vec<Vec<u8>>,
    /// Receive times of the changes after the snapshot.
    pub received: Received,
}

/// A document's change and its receive time, which is that of its pack.
type Timed = (DocId, Vec<u8>, ServerTime);

fn timed(row: &dyn Row) -> Result<Timed, StorageError> {
    let doc = DocId::from_slice(&row.bytes(0)?)?;
    Ok((doc, row.bytes(1)?, ServerTime(row.int(2)?)))
}

/// The contents of these documents of one space, in the order of `docs`.
///
/// # Errors
/// [`StorageError`].
pub fn of(tx: &mut dyn Tx, space: &AreaPath, docs: &[Doc]) -> Result<Vec<Body>, StorageError> {
    let mut found: HashMap<DocId, Body> = HashMap::new();
    let folded: Vec<DocId> = docs
        .iter()
        .filter(|d| d.snap_seq > 0)
        .map(|d| d.id)
        .collect();
    let space = space.as_str().into();
    let chunks = tx.all_of(
        "SELECT doc, chunk, received FROM snap WHERE space = $1 AND doc IN (?)",
        &[space],
        &ids(&folded),
        |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            Ok((doc, row.bytes(1)?, row.opt_bytes(2)?))
        },
    )?;
    let mut untold = Vec::new();
    for (doc, chunk, received) in chunks {
        let body = found.entry(doc).or_default();
        body.chunk = chunk;
        match received.and_then(|bytes| decode(&bytes)) {
            Some(received) => body.folded = received,
            None => untold.push(doc),
        }
    }
    for (doc, received) in folded_times(tx, space, &untold)? {
        found.entry(doc).or_default().folded = received;
    }
    let grown: Vec<DocId> = docs
        .iter()
        .filter(|d| d.last_seq > d.snap_seq)
        .map(|d| d.id)
        .collect();
    let changes = tx.all_of(
        &format!(
            "SELECT c.doc, c.bytes, {RECEIVED}
             FROM doc d JOIN chg c ON c.space = d.space AND c.doc = d.id AND c.seq > d.snap_seq
               LEFT JOIN pack p ON p.hash = c.pack
             WHERE d.space = $1 AND d.id IN (?) ORDER BY c.doc, c.seq"
        ),
        &[space],
        &ids(&grown),
        timed,
    )?;
    for (doc, bytes, at) in changes {
        let body = found.entry(doc).or_default();
        body.changes.push(bytes);
        body.received.0.push(at);
    }
    let take = |doc: &Doc| found.remove(&doc.id).unwrap_or_default();
    Ok(docs.iter().map(take).collect())
}

/// Receive times of the changes in snapshots that were stored before snapshots included these times.
fn folded_times(
    tx: &mut dyn Tx,
    space: Value<'_>,
    docs: &[DocId],
) -> Result<Vec<(DocId, Received)>, StorageError> {
    let rows = tx.all_of(
        &format!(
            "SELECT c.doc, c.hash, {RECEIVED}
             FROM doc d JOIN chg c ON c.space = d.space AND c.doc = d.id AND c.seq <= d.snap_seq
               LEFT JOIN pack p ON p.hash = c.pack
             WHERE d.space = $1 AND d.id IN (?) ORDER BY c.doc, c.hash"
        ),
        &[space],
        &ids(docs),
        timed,
    )?;
    let mut found: Vec<(DocId, Received)> = Vec::new();
    for (doc, _, at) in rows {
        match found.last_mut() {
            Some((last, received)) if *last == doc => received.0.push(at),
            _ => found.push((doc, Received(vec![at]))),
        }
    }
    Ok(found)
}

/// The contents of one document.
///
/// # Errors
/// [`StorageError`].
pub fn of_one(tx: &mut dyn Tx, doc: &Doc) -> Result<Body, StorageError> {
    let mut bodies = of(tx, &doc.space, std::slice::from_ref(doc))?;
    Ok(bodies.pop().unwrap_or_default())
}

/// Stores a snapshot that contains every change up to `doc.last_seq`, unless the document has newer changes.
/// `received`: receive times of its changes, in the order of their hashes. Returns whether it was stored.
///
/// # Errors
/// [`StorageError`].
pub fn fold(
    tx: &mut dyn Tx,
    doc: &Doc,
    chunk: &[u8],
    received: &Received,
) -> Result<bool, StorageError> {
    let upto = Value::Int(doc.last_seq.cast_signed());
    let (space, id) = (
        Value::Text(doc.space.as_str()),
        Value::Bytes(doc.id.as_bytes()),
    );
    let current = tx.execute(
        "UPDATE doc SET snap_seq = last_seq, tail_count = 0, tail_bytes = 0
         WHERE space = $1 AND id = $2 AND last_seq = $3",
        &[space, id, upto],
    )?;
    if current == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO snap (space, doc, upto_seq, chunk, received) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (space, doc) DO UPDATE SET upto_seq = excluded.upto_seq, chunk = excluded.chunk,
           received = excluded.received",
        &[space, id, upto, chunk.into(), encode(received).as_slice().into()],
    )?;
    Ok(true)
}
