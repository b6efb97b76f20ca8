//! Merges what the server sends of a document with what the device has of it.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    DeviceError, differing, docs, load, proofs, received, rows, scope,
    states::{
        ChangeState::{Acknowledged, Displaced, Received},
        NOT_ACCEPTED, NOT_IN_LOG,
    },
};
use crate::{
    catalogue::Catalogue,
    crdt::Document,
    document::{OpenDocument, ReceiveTimes, times_of},
    record::{AreaPath, ChangeHash, Digest, DocId, ServerTime},
    wire::page::{Content, Item, Sum},
};

/// Stores a change that the server sent. If it is a change of this device that was refused, it is now acknowledged.
pub(super) fn insert_remote(
    c: &Connection,
    doc: DocId,
    hash: &ChangeHash,
    bytes: &[u8],
    received: Option<ServerTime>,
) -> Result<(), DeviceError> {
    c.prepare_cached(&format!(
        "INSERT INTO chg (hash, doc, state, bytes, received) VALUES (?1, ?2, {Received}, ?3, ?4)
         ON CONFLICT (hash) DO UPDATE SET received = coalesce(excluded.received, received),
           state = CASE WHEN state IN {NOT_ACCEPTED} THEN {Acknowledged}
                        WHEN state = {Displaced} THEN {Received} ELSE state END"
    ))?
    .execute(params![
        hash.as_bytes(),
        doc.as_bytes(),
        bytes,
        received.map(|at| at.0)
    ])?;
    Ok(())
}

/// Merges a page's document into the device's; `false` if the item is damaged or its changes depend on absent ones.
pub(super) fn merge(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    item: &Item,
    space: Option<&AreaPath>,
    known: &docs::Known,
) -> Result<bool, DeviceError> {
    let (chunk, changes) = match &item.content {
        Content::Snapshot { chunk, changes, .. } => (chunk.as_slice(), changes),
        Content::Delta { changes } => (&[][..], changes),
    };
    let Some(told) = times(item, chunk, changes) else {
        return Ok(false);
    };
    if changes
        .iter()
        .any(|bytes| crate::crdt::inspect(bytes).is_err())
    {
        return Ok(false);
    }
    let arrived = changes.iter().map(|bytes| bytes.as_slice());
    // Without refused changes: the server does not have them. If nothing else is left, the item is the whole document.
    let held = match load::load_accepted(c, catalogue, item.doc) {
        // An unreadable document can only be requested whole. The other documents of the page are still applied.
        Err(DeviceError::Document { .. }) => return Ok(false),
        held => held?,
    };
    let merged = match held {
        Some(mut held) => held.crdt.merge(chunk, arrived).map(|()| held),
        None => Document::load((!chunk.is_empty()).then_some(chunk), arrived)
            .map(|document| OpenDocument::of(document, catalogue)),
    };
    let Ok(mut loaded) = merged else {
        return Ok(false);
    };
    if told.values().any(|at| *at == ServerTime::UNATTESTED) {
        let own = differing::own_changes(c, item.doc)?;
        let unattested = |hash| told.get(hash) == Some(&ServerTime::UNATTESTED);
        if own.iter().any(unattested) {
            // Another device resupplied an event of this device: it is unattested until this device sends it.
            differing::offer_own(c, item.doc)?;
        }
    }
    // The server's times replace those noted here: device and server must judge by the same times.
    loaded.times.extend(told);
    store_merged(c, item.doc, &mut loaded, !chunk.is_empty(), changes)?;
    proofs::note(c, item)?;
    let path = item.area.clone().unwrap_or_else(|| known.path.clone());
    let space = space.map_or(known.space.as_str(), AreaPath::as_str);
    if path != known.path || space != known.space {
        scope::move_sum(c, (&known.space, &known.path), known.sum, Sum::default())?;
        scope::move_sum(c, (space, &path), Sum::default(), known.sum)?;
        c.prepare_cached("UPDATE doc SET path = ?2, space = ?3 WHERE id = ?1")?
            .execute(params![item.doc.as_bytes(), path.as_str(), space])?;
    }
    c.prepare_cached("UPDATE doc SET leaving = 0 WHERE id = ?1 AND leaving = 1")?
        .execute([item.doc.as_bytes()])?;
    docs::set_sum(
        c,
        item.doc,
        (space, &path),
        known.sum,
        known_to_server(c, item.doc, &mut loaded.crdt)?,
    )?;
    rows::refresh(c, item.doc, &mut loaded)?;
    Ok(true)
}

/// The receive times that came with a document, by change; `None` if its chunk is damaged.
fn times(item: &Item, chunk: &[u8], changes: &[minicbor::bytes::ByteVec]) -> Option<ReceiveTimes> {
    let (folded, tail) = received::split(item, changes.len());
    let mut times = ReceiveTimes::new();
    if !folded.0.is_empty() && !chunk.is_empty() {
        let mut whole = Document::load(Some(chunk), []).ok()?;
        times = times_of(&mut whole, &folded);
    }
    for (at, bytes) in changes.iter().enumerate() {
        if let Some(time) = tail.at(at) {
            times.insert(crate::crdt::change_hash(bytes), time);
        }
    }
    Some(times)
}

/// Makes every change of a document a row, and removes its snapshot. `idle` folds them into a snapshot later.
pub(super) fn unfold(
    c: &Connection,
    doc: DocId,
    loaded: &mut OpenDocument,
) -> Result<(), DeviceError> {
    for (hash, bytes) in loaded.crdt.changes() {
        insert_remote(c, doc, &hash, &bytes, loaded.times.get(&hash).copied())?;
        c.prepare_cached("UPDATE chg SET bytes = ?2 WHERE hash = ?1 AND bytes IS NULL")?
            .execute(params![hash.as_bytes(), bytes])?;
    }
    proofs::spread(c, doc)?;
    c.prepare_cached("UPDATE doc SET snapshot = NULL, received = NULL WHERE id = ?1")?
        .execute([doc.as_bytes()])?;
    Ok(())
}

/// Stores a merged document. After a snapshot, every change becomes a row and the old snapshot is removed.
fn store_merged(
    c: &Connection,
    doc: DocId,
    loaded: &mut OpenDocument,
    fold: bool,
    changes: &[minicbor::bytes::ByteVec],
) -> Result<(), DeviceError> {
    if fold {
        unfold(c, doc, loaded)?;
    } else {
        for bytes in changes {
            let hash = crate::crdt::change_hash(bytes);
            let at = loaded.times.get(&hash).copied();
            insert_remote(c, doc, &hash, bytes, at)?;
        }
    }
    c.prepare_cached(
        "UPDATE doc SET tail_count = (SELECT count(*) FROM chg WHERE doc = ?1 AND bytes IS NOT NULL) WHERE id = ?1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// The sum of a document's changes without those that the server has not acknowledged or not taken back. A change of this device that
/// the server sent is thereby acknowledged.
pub(super) fn known_to_server(
    c: &Connection,
    doc: DocId,
    document: &mut Document,
) -> Result<Sum, DeviceError> {
    let mut own = c.prepare_cached(&format!(
        "SELECT hash FROM chg WHERE doc = ?1 AND state IN {NOT_IN_LOG}
         UNION ALL SELECT change FROM absent WHERE doc = ?1"
    ))?;
    let own = own
        .query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let hashes = document.change_hashes();
    let known = hashes
        .into_iter()
        .filter(|h| !own.iter().any(|o| o == h.as_bytes()));
    let known: Vec<_> = known.collect();
    Ok(Sum {
        changes: known.len() as u64,
        digest: known.into_iter().collect::<Digest>(),
    })
}
