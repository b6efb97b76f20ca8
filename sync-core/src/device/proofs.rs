//! Proofs of changes: those of this device are signed when they are sent, those of others are kept as they came.

use rusqlite::{Connection, OptionalExtension, params};

use super::{DeviceError, enrolment::Enrolment};
use crate::{
    crdt::Document,
    identity::Proofs,
    record::{ChangeHash, DocId, Event},
    wire::page::{Content, Item},
};

/// Proves the events of a change of this device.
pub(super) fn own(me: &Enrolment, doc: DocId, change: &[u8]) -> Result<Proofs, DeviceError> {
    let facts =
        crate::crdt::inspect(change).map_err(|source| DeviceError::Document { doc, source })?;
    let events = facts.events.iter().map(|(_, bytes)| bytes.as_slice());
    Ok(Proofs::prove(&me.key, doc, events))
}

/// The proofs of a change that is given back, and its events: proofs of this device's own events, else those that came
/// with it. `None` if this device has none.
pub(super) fn of(
    c: &Connection,
    me: &Enrolment,
    doc: DocId,
    change: (&ChangeHash, &[Event]),
    bytes: &[u8],
) -> Result<Option<Proofs>, DeviceError> {
    let (hash, events) = change;
    if events.iter().all(|event| event.device == me.device) {
        return own(me, doc, bytes).map(Some);
    }
    let mut statement = c.prepare_cached("SELECT proofs FROM proof WHERE change = ?1")?;
    let found = statement.query_row([hash.as_bytes()], |row| row.get(0));
    Ok(found.optional()?.map(Proofs::from_bytes))
}

/// Stores the proofs that came with a document.
pub(super) fn note(c: &Connection, item: &Item) -> Result<(), DeviceError> {
    let Some(mut folded) = item.proofs.clone() else {
        return Ok(());
    };
    let (chunk, changes) = match &item.content {
        Content::Snapshot { chunk, changes, .. } => (chunk.as_slice(), changes),
        Content::Delta { changes } => (&[][..], changes),
    };
    let tail = folded.split_off(folded.len().saturating_sub(changes.len()));
    for (bytes, proofs) in changes.iter().zip(&tail) {
        keep(c, item.doc, &crate::crdt::change_hash(bytes), proofs)?;
    }
    if folded.iter().all(Proofs::is_empty) {
        return Ok(());
    }
    // The item is stored all the same: a device without proofs cannot give the changes back with effect.
    let Ok(mut whole) = Document::load(Some(chunk), []) else {
        return Ok(());
    };
    let mut hashes = whole.change_hashes();
    hashes.sort_unstable();
    for (hash, proofs) in hashes.iter().zip(&folded) {
        keep(c, item.doc, hash, proofs)?;
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
