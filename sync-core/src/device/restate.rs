//! The consequences of a refusal: refused changes leave the shown document, and pending events are rewritten without
//! them.
//!
//! A pending event was never acknowledged, so no other device has it, and its bytes may change. If its causal history
//! names a refused event, that event is replaced by the events that happened before it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, capture, enrolment, load, meta,
    meta::name,
    rows,
    states::{
        ChangeState::{Refused, Sent, Waiting},
        IN_LOG, NOT_ACCEPTED, PENDING,
    },
};
use crate::{
    catalogue::Catalogue,
    crdt::{Actor, Document},
    document::OpenDocument,
    record::{ChangeHash, DocId, Event, EventBody, EventId, event::MAX_AFTER},
    wire::Code,
};

/// A pending change of this device.
pub(super) struct Pending {
    pub(super) hash: ChangeHash,
    bytes: Vec<u8>,
}

impl Device {
    /// Runs once after a migration: an older app folded refused events and let later events depend on them.
    pub(super) fn restate_after_update(&mut self) -> Result<(), DeviceError> {
        if meta::find(&self.connection, name::RESTATE)?.is_none() {
            return Ok(());
        }
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, host| {
            let mut statement = tx.prepare(&format!(
                "SELECT DISTINCT doc FROM chg WHERE state IN {NOT_ACCEPTED}
                 AND EXISTS (SELECT 1 FROM chg w WHERE w.doc = chg.doc AND w.state = {Waiting})
                 AND NOT EXISTS (SELECT 1 FROM chg s WHERE s.doc = chg.doc AND s.state = {Sent})"
            ))?;
            let docs = statement
                .query_map([], |row| row.get::<_, Vec<u8>>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            let actor = enrolment::rotate_actor(tx, host.random())?;
            for doc in docs {
                match restate(tx, &catalogue, DocId::from_slice(&doc)?, actor) {
                    // The document is kept as it is; the answer to its pack decides.
                    Ok(_) | Err(DeviceError::Document { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            meta::delete(tx, name::RESTATE)
        })
    }
}

/// Applies refusals to the rest of a document. Pending changes are rewritten without the refused ones. They are
/// refused as well if the document is full or nothing is left that they can depend on. Returns how many were rewritten
/// and how many refused.
pub(super) fn after_refusal(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
    code: Code,
    actor: Actor,
) -> Result<(usize, usize), DeviceError> {
    let waiting = pending(c, doc)?;
    let rootless = !has_shared(c, doc)? && !waiting.first().is_some_and(begins);
    if code == Code::DocumentFull || rootless {
        let refused = c
            .prepare_cached(&format!(
                "UPDATE chg SET state = {Refused}, refusal = ?2, pack = NULL
                 WHERE doc = ?1 AND state IN {PENDING}"
            ))?
            .execute(params![doc.as_bytes(), code.number()])?;
        c.prepare_cached("UPDATE doc SET pending_count = 0 WHERE id = ?1")?
            .execute([doc.as_bytes()])?;
        rows::show(c, catalogue, doc)?;
        return Ok((0, refused));
    }
    let restated = restate(c, catalogue, doc, actor)?;
    Ok((restated, 0))
}

/// The pending changes of a document, in the order in which they were made.
pub(super) fn pending(c: &Connection, doc: DocId) -> Result<Vec<Pending>, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT hash, bytes FROM chg
         WHERE doc = ?1 AND state IN {PENDING} AND bytes IS NOT NULL ORDER BY n"
    ))?;
    let rows = statement
        .query_map([doc.as_bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(hash, bytes)| {
            let hash = ChangeHash::from_slice(&hash)?;
            Ok(Pending { hash, bytes })
        })
        .collect()
}

fn begins(first: &Pending) -> bool {
    crate::crdt::inspect(&first.bytes).is_ok_and(|facts| facts.begins.is_some())
}

/// Whether the server has anything of a document.
fn has_shared(c: &Connection, doc: DocId) -> Result<bool, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM chg WHERE doc = ?1 AND state IN {IN_LOG})
             OR EXISTS (SELECT 1 FROM doc WHERE id = ?1 AND snapshot IS NOT NULL)"
    ))?;
    Ok(statement.query_row([doc.as_bytes()], |row| row.get(0))?)
}

/// Rewrites the pending events of a document under another actor and without references to refused events. Nothing
/// else of an event changes: text, photos and time stay.
pub(super) fn restate(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
    actor: Actor,
) -> Result<usize, DeviceError> {
    let damaged = |source| DeviceError::Document { doc, source };
    let waiting = pending(c, doc)?;
    c.prepare_cached(&format!(
        "DELETE FROM chg WHERE doc = ?1 AND state IN {PENDING}"
    ))?
    .execute([doc.as_bytes()])?;
    c.prepare_cached(
        "UPDATE doc SET tail_count = tail_count - ?2, pending_count = 0 WHERE id = ?1",
    )?
    .execute(params![doc.as_bytes(), waiting.len() as i64])?;
    let mut loaded = match load::load_accepted(c, catalogue, doc)? {
        Some(loaded) => loaded,
        None => {
            let empty = Document::create(actor, doc).map_err(damaged)?;
            OpenDocument::of(empty, catalogue)
        }
    };
    let (present, _) = loaded.crdt.events();
    let mut present: BTreeSet<EventId> = present.into_iter().map(|(id, _)| id).collect();
    let mut instead = refused_events(c, doc)?;
    instead.retain(|id, _| !present.contains(id));
    let mut count = 0;
    for change in waiting {
        for (old, bytes) in crate::crdt::inspect(&change.bytes).map_err(damaged)?.events {
            let bytes = renamed(bytes, &instead);
            let id = EventId::of(&bytes);
            if id != old {
                instead.insert(old, vec![id]);
            }
            if !present.insert(id) {
                let held = loaded.crdt.held();
                if let Some((_, by)) = held.iter().find(|(event, _)| *event == id) {
                    move_photos(c, &change.hash, by)?;
                }
                continue;
            }
            let written = loaded.crdt.append(actor, &bytes).map_err(damaged)?;
            capture::insert_pending(c, doc, &written)?;
            move_photos(c, &change.hash, &written.hash)?;
            count += 1;
        }
    }
    rows::refresh(c, doc, &mut loaded)?;
    Ok(count)
}

/// Photos follow the change that names them.
pub(super) fn move_photos(
    c: &Connection,
    old: &ChangeHash,
    new: &ChangeHash,
) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE photo SET change = ?2 WHERE change = ?1")?
        .execute(params![old.as_bytes(), new.as_bytes()])?;
    Ok(())
}

/// The refused events of a document, each with the events that it names as its causal history.
fn refused_events(
    c: &Connection,
    doc: DocId,
) -> Result<BTreeMap<EventId, Vec<EventId>>, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT bytes FROM chg WHERE doc = ?1 AND state IN {NOT_ACCEPTED} AND bytes IS NOT NULL"
    ))?;
    let changes = statement
        .query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let facts = changes
        .iter()
        .filter_map(|bytes| crate::crdt::inspect(bytes).ok());
    let events = facts.flat_map(|facts| facts.events);
    let read = |(id, bytes): (EventId, Vec<u8>)| {
        let event = Event::from_bytes(&bytes);
        (id, event.map_or_else(|_| Vec::new(), |event| event.after))
    };
    Ok(events.map(read).collect())
}

/// Replaces the ids in `instead` wherever an event names them; returns the same bytes if it names none of them.
fn renamed(bytes: Vec<u8>, instead: &BTreeMap<EventId, Vec<EventId>>) -> Vec<u8> {
    let Ok(mut event) = Event::from_bytes(&bytes) else {
        return bytes;
    };
    let before = event.clone();
    if event.after.iter().any(|id| instead.contains_key(id)) {
        let mut seen = BTreeSet::new();
        let (mut left, mut visited) = (event.after.clone(), BTreeSet::new());
        while let Some(id) = left.pop() {
            match instead.get(&id) {
                Some(others) if visited.insert(id) => left.extend(others.iter().copied()),
                Some(_) => {}
                None => {
                    seen.insert(id);
                }
            }
        }
        event.after = seen.into_iter().take(MAX_AFTER).collect();
    }
    // References in the body follow an event of this device that was rewritten.
    let mut name = |id: &mut EventId| {
        if let Some([other]) = instead.get(id).map(Vec::as_slice) {
            *id = *other;
        }
    };
    match &mut event.body {
        EventBody::Resolve(r) => {
            r.resolves.iter_mut().for_each(&mut name);
            name(&mut r.holds);
            r.also_hold.iter_mut().for_each(&mut name);
        }
        EventBody::Redact(r) => r.events.iter_mut().for_each(&mut name),
        EventBody::OfficialNumber(o) => name(&mut o.order),
        _ => {}
    }
    if event == before {
        return bytes;
    }
    event.to_bytes().unwrap_or(bytes)
}
