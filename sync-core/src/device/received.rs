//! Receive times: when the server received the changes on this device.

use rusqlite::{Connection, params};

use super::{DeviceError, docs};
use crate::{
    document::{ReceiveTimes, in_hash_order, times_of},
    record::{ChangeHash, DocId, ServerTime},
    wire::{Received, decode, encode, page::Item},
};

/// The times of changes that are kept as rows.
pub(super) fn of_rows(c: &Connection, doc: DocId) -> Result<ReceiveTimes, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT hash, received FROM chg WHERE doc = ?1 AND received IS NOT NULL")?;
    let rows = statement
        .query_map([doc.as_bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(hash, at)| Ok((ChangeHash::from_slice(&hash)?, ServerTime(at))))
        .collect()
}

/// Splits the receive times of an item: those of its chunk come first, those of its `changes` last.
pub(super) fn split(item: &Item, changes: usize) -> (Received, Received) {
    let mut chunk = item.received.clone().unwrap_or_default().0;
    let tail = chunk.split_off(chunk.len().saturating_sub(changes));
    (Received(chunk), Received(tail))
}

/// Stores receive times of a document's changes, in their rows or with its snapshot. The server's times replace known
/// ones.
pub(super) fn note(
    c: &Connection,
    doc: DocId,
    times: &[(ChangeHash, ServerTime)],
) -> Result<(), DeviceError> {
    let mut folded = Vec::new();
    for (hash, at) in times {
        let updated = c
            .prepare_cached("UPDATE chg SET received = ?2 WHERE hash = ?1")?
            .execute(params![hash.as_bytes(), at.0])?;
        if updated == 0 {
            folded.push((*hash, *at));
        }
    }
    if folded.is_empty() {
        return Ok(());
    }
    let Some(bytes) = docs::snapshot(c, doc)? else {
        return Ok(());
    };
    let damaged = |source| DeviceError::Document { doc, source };
    let mut snapshot = crate::crdt::Document::load(Some(&bytes), []).map_err(damaged)?;
    let mut known = times_of(&mut snapshot, &kept(c, doc)?);
    known.extend(folded);
    let received = in_hash_order(snapshot.change_hashes(), &known);
    c.prepare_cached("UPDATE doc SET received = ?2 WHERE id = ?1")?
        .execute(params![doc.as_bytes(), encode(&received)])?;
    Ok(())
}

/// The receive times that are stored with a document's snapshot.
pub(super) fn kept(c: &Connection, doc: DocId) -> Result<Received, DeviceError> {
    let mut statement = c.prepare_cached("SELECT received FROM doc WHERE id = ?1")?;
    let bytes: Option<Vec<u8>> = statement.query_row([doc.as_bytes()], |row| row.get(0))?;
    Ok(bytes.and_then(|bytes| decode(&bytes)).unwrap_or_default())
}
