//! Changes that a restored server will never take back, and what builds on them.
//!
//! Two copies of a device may have used one sequence number, or an author may have taken the room of a document: a change that
//! the server had acknowledged is then refused for good, and so is all that builds on it. With such a change the document
//! could not be merged with the server's. It stays in its row and is folded no more. Events of this device that only build
//! on it are written again in new changes; other authors write theirs again.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use rusqlite::Connection;

use super::{
    DeviceError, capture, differing, load, merge, refusal, restate, rows,
    states::{
        ChangeState::{Displaced, Quarantined, Refused},
        PENDING,
    },
};
use crate::{
    catalogue::Catalogue,
    crdt::{Actor, inspect},
    record::{ChangeHash, DocId, EventId},
    wire::Code,
};

/// The changes of a document that the server refused for good, each with the code.
pub(super) type Refusals = BTreeMap<ChangeHash, Code>;

/// Takes the refused changes of a document, and all that builds on them, out of what is folded. Writes events of this
/// device again with another actor: those that only build on refused ones, and those whose sequence number is taken.
/// Returns the changes of this device that are refused, and are not written again.
pub(super) fn displace(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
    refusals: &Refusals,
    actor: Actor,
) -> Result<Vec<ChangeHash>, DeviceError> {
    let damaged = |source| DeviceError::Document { doc, source };
    let Some(mut loaded) = load::load_accepted(c, catalogue, doc)? else {
        return Ok(Vec::new());
    };
    let mut own = differing::own_changes(c, doc)?;
    own.extend(
        restate::pending(c, doc)?
            .into_iter()
            .map(|change| change.hash),
    );
    let all = loaded.crdt.changes();
    let mut gone: HashSet<ChangeHash> = HashSet::new();
    for (hash, bytes) in &all {
        let deps = inspect(bytes).map_err(damaged)?.deps;
        if refusals.contains_key(hash) || deps.iter().any(|dep| gone.contains(dep)) {
            gone.insert(*hash);
        }
    }
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    // A snapshot contains them: every change becomes a row.
    merge::unfold(c, doc, &mut loaded)?;
    let displaced = all.iter().filter(|(hash, _)| gone.contains(hash));
    let (mut again, mut refused) = (Vec::new(), Vec::new());
    for (hash, bytes) in displaced {
        let code = refusals.get(hash).copied();
        let code = code.filter(|code| *code != Code::Equivocation && own.contains(hash));
        let state = match code {
            Some(Code::Quarantined) => Quarantined,
            Some(_) => Refused,
            None => Displaced,
        };
        refusal::set_state(c, hash, state, code)?;
        if state != Displaced {
            refused.push(*hash);
        } else if own.contains(hash) {
            again.push((hash, bytes));
        }
    }
    let mut rest = load::load_accepted(c, catalogue, doc)?;
    for (hash, bytes) in again {
        let Some(rest) = &mut rest else {
            // Nothing is left to which it could be added.
            refusal::set_state(c, hash, Refused, Some(Code::MissingDependencies))?;
            refused.push(*hash);
            continue;
        };
        let (present, _) = rest.crdt.events();
        let present: BTreeSet<EventId> = present.into_iter().map(|(id, _)| id).collect();
        let events = inspect(bytes).map_err(damaged)?.events.into_iter();
        for (_, event) in events.filter(|(id, _)| !present.contains(id)) {
            let written = rest.crdt.append(actor, &event).map_err(damaged)?;
            capture::insert_pending(c, doc, &written)?;
            restate::move_photos(c, hash, &written.hash)?;
        }
    }
    count(c, doc)?;
    if let Some(rest) = &mut rest {
        rows::refresh(c, doc, rest)?;
    }
    Ok(refused)
}

/// Counts the changes of a document again.
fn count(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(&format!(
        "UPDATE doc SET
           tail_count = (SELECT count(*) FROM chg WHERE doc = ?1 AND bytes IS NOT NULL),
           pending_count = (SELECT count(*) FROM chg WHERE doc = ?1 AND state IN {PENDING})
         WHERE id = ?1"
    ))?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// Whether a change was displaced; an answer to a pack that still names it changes nothing.
pub(super) fn is_displaced(c: &Connection, change: &ChangeHash) -> Result<bool, DeviceError> {
    exists(c, change, &format!("state = {Displaced}"))
}

/// Whether a change is folded, in its row or in the snapshot of its document.
pub(super) fn is_folded(c: &Connection, change: &ChangeHash) -> Result<bool, DeviceError> {
    let out = format!("state IN ({Displaced}, {Refused}, {Quarantined})");
    Ok(!exists(c, change, &out)?)
}

fn exists(c: &Connection, change: &ChangeHash, condition: &str) -> Result<bool, DeviceError> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM chg WHERE hash = ?1 AND {condition})");
    let mut statement = c.prepare_cached(&sql)?;
    Ok(statement.query_row([change.as_bytes()], |row| row.get(0))?)
}
