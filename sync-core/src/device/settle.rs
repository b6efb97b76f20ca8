//! Settling: what an answer to a pack means for the changes in it.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, beacon, capture, docs, enrolment, meta, meta::name, outbox, received,
    rows, scope,
};
use crate::{
    crdt::{Actor, Document},
    identity::PackReceipt,
    record::{ChangeHash, Digest, DocId, EventId, ServerTime},
    wire::{
        Code,
        page::Sum,
        push::{Entry, Known, Request, Response},
    },
};

/// What came of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Changes acknowledged now.
    pub acknowledged: usize,
    /// Changes written anew under a fresh author number.
    pub reauthored: usize,
    /// Changes the server refused or set aside; they stay on the phone.
    pub refused: usize,
    /// Changes must be sent once more: after another pack, under another author number, or with what they build on.
    pub again: bool,
}

impl Device {
    /// Applies the answer to the pack that was sent. One transaction.
    ///
    /// # Errors
    /// [`DeviceError::Signature`] if the receipt is not the server's for this pack: nothing is acknowledged then.
    pub(crate) fn settle(&mut self, answer: &Response) -> Result<Settled, DeviceError> {
        self.write(|tx, host| {
            let Some(sealed) = outbox::unanswered(tx)? else {
                return Ok(Settled::default());
            };
            let fresh = host.random();
            match answer {
                Response::Fork { number, hash } => {
                    reopen(tx, sealed.request.number)?;
                    meta::set_int(tx, name::PACK_NUMBER, *number as i64)?;
                    meta::set(tx, name::PACK_HASH, hash.as_bytes())?;
                    enrolment::rotate_actor(tx, fresh)?;
                    Ok(Settled {
                        again: true,
                        ..Settled::default()
                    })
                }
                Response::Stored {
                    receipt,
                    refused,
                    known,
                } => {
                    let server = enrolment::enrolment(tx)?.server;
                    let claims = PackReceipt::open(receipt, &server)?;
                    if claims.pack != sealed.hash {
                        return Err(crate::identity::BadSignature.into());
                    }
                    beacon::heard(tx, claims.received, host.clock.uptime())?;
                    let mut settled = Settled::default();
                    let codes: Vec<(usize, Code)> =
                        refused.iter().map(|r| (r.entry as usize, r.code)).collect();
                    // Before anything is written anew: what came with this pack, or had come before it.
                    let known = known.as_deref().unwrap_or_default();
                    let timed = note_times(tx, &sealed.request, &codes, known, claims.received)?;
                    settle_changes(tx, &sealed.request, &codes, fresh, &mut settled)?;
                    judge(tx, &timed)?;
                    tx.prepare_cached("UPDATE pack SET body = NULL, receipt = ?2 WHERE hash = ?1")?
                        .execute(params![sealed.hash.as_bytes(), receipt])?;
                    if sealed.request.repair {
                        offered_done(tx, &sealed.request)?;
                    }
                    scope::evict_leaving(tx)?;
                    Ok(settled)
                }
            }
        })
    }
}

/// Notes when the server received the changes of a pack. Returns their records.
fn note_times(
    c: &Connection,
    request: &Request,
    refused: &[(usize, Code)],
    known: &[Known],
    received: ServerTime,
) -> Result<Vec<DocId>, DeviceError> {
    let mut times: BTreeMap<DocId, Vec<(ChangeHash, ServerTime)>> = BTreeMap::new();
    for (index, entry) in request.entries.iter().enumerate() {
        if refused.iter().any(|(at, _)| *at == index) {
            continue;
        }
        let before = known.iter().find(|k| k.entry as usize == index);
        let hash = inspected(entry)?;
        let at = before.map_or(received, |known| known.received);
        times.entry(entry.doc).or_default().push((hash, at));
    }
    let mut noted = Vec::new();
    for (doc, times) in times {
        if docs::find(c, doc)?.is_some() {
            received::note(c, doc, &times)?;
            noted.push(doc);
        }
    }
    Ok(noted)
}

/// Shows records as they are judged by the times that are known now.
fn judge(c: &Connection, docs: &[DocId]) -> Result<(), DeviceError> {
    for doc in docs {
        // What cannot be read now was acknowledged all the same; it is tried again when the phone is idle.
        let shown = docs::load(c, *doc).and_then(|mut it| rows::refresh(c, *doc, &mut it));
        if shown.is_err() {
            c.prepare_cached("UPDATE doc SET verified = 0 WHERE id = ?1")?
                .execute([doc.as_bytes()])?;
        }
    }
    Ok(())
}

fn inspected(entry: &Entry) -> Result<ChangeHash, DeviceError> {
    let facts = crate::crdt::inspect(&entry.change);
    let damaged = |source| DeviceError::Document {
        doc: entry.doc,
        source,
    };
    Ok(facts.map_err(damaged)?.hash)
}

/// The server has the records of a repair pack again.
fn offered_done(c: &Connection, request: &Request) -> Result<(), DeviceError> {
    for entry in &request.entries {
        c.prepare_cached("UPDATE repair_doc SET offer = 0 WHERE doc = ?1")?
            .execute([entry.doc.as_bytes()])?;
    }
    c.prepare_cached("DELETE FROM repair_doc WHERE need = 0 AND offer = 0")?
        .execute([])?;
    Ok(())
}

/// Puts the changes of a pack back into the outbox.
fn reopen(c: &Connection, number: u64) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE chg SET state = 0, pack = NULL WHERE pack = ?1 AND state = 1")?
        .execute([number as i64])?;
    c.prepare_cached("DELETE FROM pack WHERE number = ?1 AND body IS NOT NULL")?
        .execute([number as i64])?;
    Ok(())
}

fn settle_changes(
    c: &Connection,
    request: &Request,
    refused: &[(usize, Code)],
    fresh: [u8; 16],
    settled: &mut Settled,
) -> Result<(), DeviceError> {
    let mut acknowledged: Vec<(DocId, Vec<ChangeHash>)> = Vec::new();
    let mut rewrite: Vec<DocId> = Vec::new();
    for (index, entry) in request.entries.iter().enumerate() {
        let hash = inspected(entry)?;
        match refused
            .iter()
            .find(|(at, _)| *at == index)
            .map(|(_, code)| *code)
        {
            None => match acknowledged.last_mut() {
                Some((doc, hashes)) if *doc == entry.doc => hashes.push(hash),
                _ => acknowledged.push((entry.doc, vec![hash])),
            },
            Some(_) if request.repair => {}
            Some(Code::Equivocation) => rewrite.push(entry.doc),
            Some(Code::MissingDependencies) if has_refused(c, entry.doc)? => {
                rewrite.push(entry.doc)
            }
            Some(Code::MissingDependencies) => {
                settled.again = true;
                set_state(c, &hash, 0, None)?;
                offer(c, entry.doc)?;
            }
            Some(code) => {
                settled.refused += 1;
                let kept_there = code == Code::Quarantined;
                set_state(c, &hash, if kept_there { 5 } else { 4 }, Some(code))?;
                refuse(c, entry.doc, code)?;
            }
        }
    }
    for (doc, hashes) in acknowledged {
        settled.acknowledged += acknowledge(c, doc, &hashes)?;
    }
    rewrite.sort_unstable();
    rewrite.dedup();
    if !rewrite.is_empty() {
        settled.again = true;
        let actor = enrolment::rotate_actor(c, fresh)?;
        for doc in rewrite {
            settled.reauthored += reauthor(c, doc, actor)?;
        }
    }
    Ok(())
}

fn set_state(
    c: &Connection,
    hash: &ChangeHash,
    state: u8,
    code: Option<Code>,
) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE chg SET state = ?2, refusal = ?3, pack = NULL WHERE hash = ?1")?
        .execute(params![hash.as_bytes(), state, code.map(Code::number)])?;
    Ok(())
}

fn refuse(c: &Connection, doc: DocId, code: Code) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE doc SET pending_count = max(pending_count - 1, 0) WHERE id = ?1")?
        .execute([doc.as_bytes()])?;
    let text = format!("{} / {}", code.zh(), code.en());
    c.prepare_cached("INSERT INTO notice (doc, code, text) VALUES (?1, ?2, ?3)")?
        .execute(params![doc.as_bytes(), code.number(), text])?;
    Ok(())
}

/// Whether the server refused a change of this record, so that what builds on it must be written anew.
fn has_refused(c: &Connection, doc: DocId) -> Result<bool, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT EXISTS (SELECT 1 FROM chg WHERE doc = ?1 AND state IN (4, 5))")?;
    Ok(statement.query_row([doc.as_bytes()], |row| row.get(0))?)
}

/// Asks for the whole record to be offered to the server.
fn offer(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO repair_doc (doc, need, offer) VALUES (?1, 0, 1) ON CONFLICT (doc) DO UPDATE SET offer = 1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// Marks changes of one record as durable on the server.
fn acknowledge(c: &Connection, doc: DocId, hashes: &[ChangeHash]) -> Result<usize, DeviceError> {
    let mut added = Vec::new();
    for hash in hashes {
        let changed = c
            .prepare_cached(
                "UPDATE chg SET state = 2, pack = NULL WHERE hash = ?1 AND state IN (0, 1)",
            )?
            .execute([hash.as_bytes()])?;
        if changed > 0 {
            added.push(*hash);
        }
    }
    c.prepare_cached("UPDATE doc SET pending_count = max(pending_count - ?2, 0) WHERE id = ?1")?
        .execute(params![doc.as_bytes(), added.len() as i64])?;
    if let Some(known) = docs::find(c, doc)? {
        let part = Sum {
            changes: added.len() as u64,
            digest: added.iter().copied().collect::<Digest>(),
        };
        docs::set_sum(c, doc, &known.path, known.sum, known.sum.plus(part))?;
    }
    Ok(added.len())
}

/// Writes the unacknowledged events of a record anew under a fresh author number. The events stay the same.
fn reauthor(c: &Connection, doc: DocId, actor: Actor) -> Result<usize, DeviceError> {
    let damaged = |source| DeviceError::Document { doc, source };
    let mut statement = c.prepare_cached(
        "SELECT bytes FROM chg WHERE doc = ?1 AND state IN (0, 1) AND bytes IS NOT NULL ORDER BY n",
    )?;
    let pending = statement
        .query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    c.prepare_cached("DELETE FROM chg WHERE doc = ?1 AND state IN (0, 1)")?
        .execute([doc.as_bytes()])?;
    c.prepare_cached(
        "UPDATE doc SET tail_count = tail_count - ?2, pending_count = pending_count - ?2 WHERE id = ?1",
    )?
    .execute(params![doc.as_bytes(), pending.len() as i64])?;
    let known: i64 = c
        .prepare_cached("SELECT count(*) FROM chg WHERE doc = ?1 AND state < 4")?
        .query_row([doc.as_bytes()], |row| row.get(0))?;
    let has_snapshot: bool = c
        .prepare_cached("SELECT snapshot IS NOT NULL FROM doc WHERE id = ?1")?
        .query_row([doc.as_bytes()], |row| row.get(0))?;
    let mut loaded = if known > 0 || has_snapshot {
        docs::load_accepted(c, doc)?
    } else {
        docs::Loaded {
            document: Document::create(actor, doc).map_err(damaged)?,
            times: received::Times::new(),
        }
    };
    let mut count = 0;
    for bytes in &pending {
        for (_, event) in crate::crdt::inspect(bytes).map_err(damaged)?.events {
            let (present, _) = loaded.document.events();
            if present.iter().all(|(id, _)| *id != EventId::of(&event)) {
                let change = loaded.document.append(actor, &event).map_err(damaged)?;
                capture::insert_pending(c, doc, &change)?;
                count += 1;
            }
        }
    }
    rows::refresh(c, doc, &mut loaded)?;
    Ok(count)
}
