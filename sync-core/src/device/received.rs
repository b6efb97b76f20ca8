//! Receive times: when the server received the changes on this device; and the devices that it has revoked.

use rusqlite::{Connection, params};

use super::{DeviceError, docs};
use crate::{
    document::{ReceiveTimes, in_hash_order, times_of},
    record::{AreaPath, ChangeHash, DeviceId, DocId, ServerTime},
    wire::{
        Received, decode, encode,
        page::{Item, Revocation},
        pull::Cursor,
    },
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

/// When a device was revoked: the earliest time that any space reported.
pub(super) fn revoked(c: &Connection, device: DeviceId) -> Result<Option<ServerTime>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT min(at) FROM revocation WHERE device = ?1")?;
    let at: Option<i64> = statement.query_row([device.as_bytes()], |row| row.get(0))?;
    Ok(at.map(ServerTime))
}

/// Stores revocations. All documents of the area are folded again when the device is idle.
pub(super) fn take(
    c: &Connection,
    at: &Cursor,
    revocations: &[Revocation],
) -> Result<(), DeviceError> {
    let Some(last) = revocations.iter().map(|r| r.number).max() else {
        return Ok(());
    };
    for revocation in revocations {
        c.prepare_cached(
            "INSERT INTO revocation (space, device, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            at.space.as_str(),
            revocation.device.as_bytes(),
            revocation.at.0
        ])?;
    }
    c.prepare_cached("UPDATE scope SET last_revocation = ?3 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str(), last as i64])?;
    judge_anew(c, &at.area)
}

/// In a new log epoch the server may have lost revocations: they are deleted here and requested again.
pub(super) fn forget(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    let forgotten = c
        .prepare_cached("DELETE FROM revocation WHERE space = ?1")?
        .execute([at.space.as_str()])?;
    c.prepare_cached("UPDATE scope SET last_revocation = 0 WHERE space = ?1")?
        .execute([at.space.as_str()])?;
    if forgotten > 0 {
        judge_anew(c, &at.space)?;
    }
    Ok(())
}

/// Marks all documents of an area to be folded again. Only loading a document shows which devices wrote to it, and
/// revocations are too rare for an index.
fn judge_anew(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    c.prepare_cached("UPDATE doc SET verified = 0 WHERE path = ?1 OR (path >= ?2 AND path < ?3)")?
        .execute(params![area.as_str(), from, to])?;
    Ok(())
}
