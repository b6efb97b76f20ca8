//! Proofs of changes: those of this device are signed when they are sent, those of others are kept as they came.

use rusqlite::{Connection, OptionalExtension, params};

use super::{DeviceError, docs, enrolment::Enrolment};
use crate::{
    crdt::{ChangeFacts, Document},
    identity::Proofs,
    record::{ChangeHash, DocId, Event},
    wire::{
        encode,
        page::{Content, Item},
    },
};

/// Proves the events of a change of this device.
pub(super) fn own(me: &Enrolment, doc: DocId, change: &[u8]) -> Result<Proofs, DeviceError> {
    let facts =
        crate::crdt::inspect(change).map_err(|source| DeviceError::Document { doc, source })?;
    Ok(prove(me, doc, &facts))
}

/// The proofs of a change that is given back: this device's own if it made all of its events, else those that came with
/// it. `None` if this device has none.
pub(super) fn of(
    c: &Connection,
    me: &Enrolment,
    doc: DocId,
    change: &ChangeFacts,
    events: &[Event],
) -> Result<Option<Proofs>, DeviceError> {
    // An event that this version cannot read is not this device's.
    let is_own = events.len() == change.events.len();
    if is_own && events.iter().all(|event| event.device == me.device) {
        return Ok(Some(prove(me, doc, change)));
    }
    let mut statement = c.prepare_cached("SELECT proofs FROM proof WHERE change = ?1")?;
    let found = statement.query_row([change.hash.as_bytes()], |row| row.get(0));
    Ok(found.optional()?.map(Proofs::from_bytes))
}

fn prove(me: &Enrolment, doc: DocId, change: &ChangeFacts) -> Proofs {
    let events = change.events.iter().map(|(_, bytes)| bytes.as_slice());
    Proofs::prove(&me.key, doc, &change.hash, events)
}

/// Stores the proofs that came with a document whose snapshot is stored as it came. The document is not loaded.
pub(super) fn adopt(c: &Connection, item: &Item) -> Result<(), DeviceError> {
    let folded = note_tail(c, item)?;
    if !folded.is_empty() {
        c.prepare_cached("INSERT OR REPLACE INTO snapshot_proof (doc, proofs) VALUES (?1, ?2)")?
            .execute(params![item.doc.as_bytes(), encode(&folded)])?;
    }
    Ok(())
}

/// Stores the proofs that came with a document that is merged.
pub(super) fn note(c: &Connection, item: &Item) -> Result<(), DeviceError> {
    let folded = note_tail(c, item)?;
    match &item.content {
        Content::Snapshot { chunk, .. } => assign(c, item.doc, chunk, &folded),
        Content::Delta { .. } => Ok(()),
    }
}

/// Assigns the proofs that came with the snapshot of a document to its changes. The caller is about to replace the
/// snapshot, or to give its changes back.
pub(super) fn spread(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    let sql = "DELETE FROM snapshot_proof WHERE doc = ?1 RETURNING proofs";
    let mut statement = c.prepare_cached(sql)?;
    let found = statement.query_row([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0));
    let Some(folded) = found.optional()? else {
        return Ok(());
    };
    let folded: Vec<Proofs> = minicbor::decode(&folded)?;
    match docs::snapshot(c, doc)? {
        Some(chunk) => assign(c, doc, &chunk, &folded),
        None => Ok(()),
    }
}

/// Stores the proofs of the changes of an item that are not in its snapshot, and returns those of its snapshot: none if
/// all are empty.
fn note_tail(c: &Connection, item: &Item) -> Result<Vec<Proofs>, DeviceError> {
    let Some(mut folded) = item.proofs.clone() else {
        return Ok(Vec::new());
    };
    let (Content::Snapshot { changes, .. } | Content::Delta { changes }) = &item.content;
    let tail = folded.split_off(folded.len().saturating_sub(changes.len()));
    for (bytes, proofs) in changes.iter().zip(&tail) {
        keep(c, item.doc, &crate::crdt::change_hash(bytes), proofs)?;
    }
    if folded.iter().all(Proofs::is_empty) {
        folded.clear();
    }
    Ok(folded)
}

fn assign(c: &Connection, doc: DocId, chunk: &[u8], folded: &[Proofs]) -> Result<(), DeviceError> {
    if folded.is_empty() {
        return Ok(());
    }
    // A device without proofs cannot give the changes back with effect. What it has is no worse for that.
    let Ok(mut whole) = Document::load(Some(chunk), []) else {
        return Ok(());
    };
    let mut hashes = whole.change_hashes();
    hashes.sort_unstable();
    for (hash, proofs) in hashes.iter().zip(folded) {
        keep(c, doc, hash, proofs)?;
    }
    Ok(())
}

fn keep(
    c: &Connection,
    doc: DocId,
    change: &ChangeHash,
    proofs: &Proofs,
) -> Result<(), DeviceError> {
    if proofs.is_empty() {
        return Ok(());
    }
    c.prepare_cached(
        "INSERT INTO proof (change, doc, proofs) VALUES (?1, ?2, ?3)
         ON CONFLICT (change) DO UPDATE SET proofs = excluded.proofs",
    )?
    .execute(params![
        change.as_bytes(),
        doc.as_bytes(),
        proofs.as_bytes()
    ])?;
    Ok(())
}
