//! Settling: applies the answer to a pack to the changes in it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Device, DeviceError, audit, docs, enrolment, meta, meta::name, outbox, received, restate, rows,
    scope,
};
use crate::{
    identity::PackReceipt,
    record::{ChangeHash, Digest, DocId, Event, ServerTime},
    wire::{
        Code,
        page::Sum,
        push::{Entry, Known, Refused, Request, Response},
    },
};

/// The result of settling a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Changes acknowledged now.
    pub acknowledged: usize,
    /// Changes that were rewritten under a new actor.
    pub reauthored: usize,
    /// Changes that the server refused or quarantined; they stay on the device.
    pub refused: usize,
    /// Changes of a repair pack that were answered.
    pub resupplied: usize,
    /// Changes must be sent again: after another pack, under another actor, or with their dependencies.
    pub again: bool,
}

impl Device {
    /// Applies the answer to the pack that was sent, in one transaction.
    ///
    /// # Errors
    /// [`DeviceError::Signature`] if the receipt is not the server's for this pack; nothing is acknowledged then.
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
                    // A receipt carries the time at which the pack first arrived, not the present time: it sets no
                    // beacon.
                    let mut settled = Settled::default();
                    let codes = refusals(&sealed.request, refused)?;
                    // Before changes are rewritten: the receive times of this pack, or the earlier ones of changes
                    // that were known.
                    let known = known.as_deref().unwrap_or_default();
                    let timed = note_times(tx, &sealed.request, &codes, known, claims.received)?;
                    settle_changes(tx, &sealed.request, &codes, fresh, &mut settled)?;
                    // These documents are folded again with the new receive times.
                    for doc in timed {
                        rows::show(tx, doc)?;
                    }
                    tx.prepare_cached("UPDATE pack SET body = NULL, receipt = ?2 WHERE hash = ?1")?
                        .execute(params![sealed.hash.as_bytes(), receipt])?;
                    if sealed.request.repair {
                        settled.resupplied = sealed.request.entries.len();
                        offered_done(tx, &sealed.request)?;
                    }
                    scope::evict_leaving(tx)?;
                    Ok(settled)
                }
            }
        })
    }
}

/// The refused entries of a pack, in their order, each with its cause.
///
/// A server that has a change has all its dependencies. An answer that accepts a change and refuses one of its
/// dependencies contradicts itself. The accepted change then counts as [`Code::MissingDependencies`] and stays in the
/// outbox. Otherwise the device would hold an acknowledged change that no document can contain.
fn refusals(request: &Request, refused: &[Refused]) -> Result<Vec<(usize, Code)>, DeviceError> {
    let named: BTreeMap<usize, Code> = refused.iter().map(|r| (r.entry as usize, r.code)).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let (mut codes, mut absent) = (Vec::new(), BTreeSet::new());
    for (index, entry) in request.entries.iter().enumerate() {
        let damaged = |source| DeviceError::Document {
            doc: entry.doc,
            source,
        };
        let facts = crate::crdt::inspect(&entry.change).map_err(damaged)?;
        let lacks = facts.deps.iter().any(|hash| absent.contains(hash));
        let implied = lacks.then_some(Code::MissingDependencies);
        if let Some(code) = named.get(&index).copied().or(implied) {
            absent.insert(facts.hash);
            codes.push((index, code));
        }
    }
    Ok(codes)
}

/// Stores when the server received the changes of a pack. Returns their documents.
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
        let hash = crate::crdt::change_hash(&entry.change);
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

/// Counts the changes of a repair pack as sent. The rest of each document is offered next.
fn offered_done(c: &Connection, request: &Request) -> Result<(), DeviceError> {
    let mut went: BTreeMap<DocId, i64> = BTreeMap::new();
    for entry in &request.entries {
        *went.entry(entry.doc).or_default() += 1;
    }
    for (doc, count) in went {
        let own_only = c
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM reconcile_queue WHERE doc = ?1 AND resupply = 2)",
            )?
            .query_row([doc.as_bytes()], |row| row.get(0))?;
        let all = if own_only {
            audit::own_changes(c, doc)?.len()
        } else {
            let loaded = docs::load_accepted(c, doc).ok().flatten();
            loaded.map_or(0, |mut it| it.crdt.change_hashes().len())
        };
        c.prepare_cached(
            "UPDATE reconcile_queue SET sent = sent + ?2, resupply = CASE WHEN sent + ?2 < ?3 THEN resupply ELSE 0 END
             WHERE doc = ?1",
        )?
        .execute(params![doc.as_bytes(), count, all as i64])?;
    }
    c.prepare_cached("DELETE FROM reconcile_queue WHERE fetch = 0 AND resupply = 0")?
        .execute([])?;
    Ok(())
}

/// Puts the changes of a pack back into the outbox.
pub(super) fn reopen(c: &Connection, number: u64) -> Result<(), DeviceError> {
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
    // Pending changes of these documents are rewritten, or refused for this reason.
    let mut rewrite: BTreeMap<DocId, Code> = BTreeMap::new();
    for (index, entry) in request.entries.iter().enumerate() {
        let hash = crate::crdt::change_hash(&entry.change);
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
            Some(code @ Code::Equivocation) => {
                rewrite.entry(entry.doc).or_insert(code);
            }
            Some(Code::MissingDependencies) if rewrite.contains_key(&entry.doc) => {}
            Some(Code::MissingDependencies) => match refusal_of(c, entry.doc)? {
                Some(code) => {
                    rewrite.insert(entry.doc, code);
                }
                None => {
                    settled.again = true;
                    set_state(c, &hash, 0, None)?;
                    offer(c, entry.doc)?;
                }
            },
            Some(code) => {
                refuse(c, entry, &hash, code)?;
                settled.refused += 1;
                rewrite.entry(entry.doc).or_insert(code);
            }
        }
    }
    for (doc, hashes) in acknowledged {
        settled.acknowledged += acknowledge(c, doc, &hashes)?;
    }
    if !rewrite.is_empty() {
        let actor = enrolment::rotate_actor(c, fresh)?;
        for (doc, code) in rewrite {
            let (restated, refused) = restate::after_refusal(c, doc, code, actor)?;
            settled.reauthored += restated;
            settled.refused += refused;
            settled.again |= restated > 0;
            notice_others(c, doc, code, refused)?;
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

/// Removes a refused change from the shown document and leaves a notice for its author.
fn refuse(c: &Connection, entry: &Entry, hash: &ChangeHash, code: Code) -> Result<(), DeviceError> {
    let kept_there = code == Code::Quarantined;
    set_state(c, hash, if kept_there { 5 } else { 4 }, Some(code))?;
    c.prepare_cached("UPDATE doc SET pending_count = max(pending_count - 1, 0) WHERE id = ?1")?
        .execute([entry.doc.as_bytes()])?;
    let facts = crate::crdt::inspect(&entry.change).ok();
    let events = facts.map(|facts| facts.events).unwrap_or_default();
    let kinds = events
        .iter()
        .filter_map(|(_, bytes)| Event::from_bytes(bytes).ok())
        .map(|event| format!("{} {}", event.body.zh(), event.body.name()));
    let kinds: Vec<String> = kinds.collect();
    let text = format!(
        "{} / {} ({}: {})",
        code.zh(),
        code.en(),
        entry.doc,
        kinds.join(", ")
    );
    notice(c, entry.doc, code.number(), &text)
}

/// One notice for all pending changes that were refused along with another one.
fn notice_others(c: &Connection, doc: DocId, code: Code, count: usize) -> Result<(), DeviceError> {
    if count == 0 {
        return Ok(());
    }
    let text = format!(
        "{} / {} ({doc}: 另有 {count} 条未收 / {count} more of this record are refused with it)",
        code.zh(),
        code.en()
    );
    notice(c, doc, code.number(), &text)
}

/// Refuses the single change of a pack that was opened. Returns how many changes are refused, those that follow
/// included.
pub(super) fn refuse_alone(
    c: &Connection,
    entry: &Entry,
    hash: &ChangeHash,
    code: Code,
    fresh: [u8; 16],
) -> Result<usize, DeviceError> {
    refuse(c, entry, hash, code)?;
    let actor = enrolment::rotate_actor(c, fresh)?;
    let (_, refused) = restate::after_refusal(c, entry.doc, code, actor)?;
    notice_others(c, entry.doc, code, refused)?;
    Ok(refused + 1)
}

/// Leaves a message for the person; `code` is 0 if the device itself reports a fault.
pub(super) fn notice(c: &Connection, doc: DocId, code: u16, text: &str) -> Result<(), DeviceError> {
    c.prepare_cached("INSERT INTO notice (doc, code, text) VALUES (?1, ?2, ?3)")?
        .execute(params![doc.as_bytes(), code, text])?;
    Ok(())
}

/// The code with which the server last refused a change of this document, so that changes that depend on it must be
/// rewritten; `None` if it refused none.
fn refusal_of(c: &Connection, doc: DocId) -> Result<Option<Code>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT refusal FROM chg WHERE doc = ?1 AND state IN (4, 5) ORDER BY n DESC LIMIT 1",
    )?;
    let found: Option<Option<u16>> = statement
        .query_row([doc.as_bytes()], |row| row.get(0))
        .optional()?;
    let code = |number: Option<u16>| number.and_then(Code::from_number);
    Ok(found.map(|number| code(number).unwrap_or(Code::Malformed)))
}

/// Marks the whole document to be offered to the server.
fn offer(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 0, 1)
         ON CONFLICT (doc) DO UPDATE SET resupply = 1, sent = 0",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// Marks changes of one document as durable on the server.
fn acknowledge(c: &Connection, doc: DocId, hashes: &[ChangeHash]) -> Result<usize, DeviceError> {
    let mut added = Vec::new();
    for hash in hashes {
        let changed = c
            .prepare_cached(
                "UPDATE chg SET state = 2, pack = NULL, refusal = NULL WHERE hash = ?1 AND state IN (0, 1)",
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
        let at = (known.space.as_str(), &known.path);
        docs::set_sum(c, doc, at, known.sum, known.sum.plus(part))?;
    }
    Ok(added.len())
}
