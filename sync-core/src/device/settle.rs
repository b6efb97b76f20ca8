//! Settling: applies the answer to a pack to the changes in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, differing, displaced, docs, enrolment, meta,
    meta::name,
    received, refusal, restate, rows, scope,
    sealed::{self, SealedPack},
    states::{
        ChangeState::{Acknowledged, Waiting},
        PENDING,
    },
};
use crate::{
    catalogue::Catalogue,
    identity::PackReceipt,
    record::{ChangeHash, Digest, DocId, PackHash, ServerTime},
    wire::{
        Code,
        page::Sum,
        push::{Known, Refused, Request, Response},
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
    /// Changes must be sent again: after another pack, under another actor, or with their dependencies.
    pub again: bool,
}

impl Device {
    /// Applies the answer to the pack that was sent, in one transaction.
    ///
    /// # Errors
    /// [`DeviceError::Signature`] if the receipt is not the server's for this pack; nothing is acknowledged then.
    pub(crate) fn settle(&mut self, answer: &Response) -> Result<Settled, DeviceError> {
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, host| {
            let Some(sealed) = sealed::unanswered(tx)? else {
                return Ok(Settled::default());
            };
            let fresh = host.random();
            match answer {
                Response::Fork { number, hash } => {
                    sealed::reopen(tx, sealed.request.number)?;
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
                    let stated: Vec<_> = refused.iter().map(Refused::numbered).collect();
                    let differs = claims.refused.is_some_and(|signed| signed != stated);
                    if claims.pack != sealed.hash || differs {
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
                    settle_changes(tx, &catalogue, &sealed, &codes, fresh, &mut settled)?;
                    // These documents are folded again with the new receive times.
                    for doc in timed {
                        rows::show(tx, &catalogue, doc)?;
                    }
                    tx.prepare_cached("UPDATE pack SET body = NULL, receipt = ?2 WHERE hash = ?1")?
                        .execute(params![sealed.hash.as_bytes(), receipt])?;
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

fn settle_changes(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    sealed: &SealedPack,
    refused: &[(usize, Code)],
    fresh: [u8; 4],
    settled: &mut Settled,
) -> Result<(), DeviceError> {
    let (request, pack) = (&sealed.request, &sealed.hash);
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
            // A pack that an earlier version sealed to give changes back. They are offered again.
            Some(_) if request.repair => {}
            // Its events were written again since.
            Some(_) if displaced::is_displaced(c, &hash)? => {}
            Some(code @ Code::Equivocation) => {
                rewrite.entry(entry.doc).or_insert(code);
            }
            Some(Code::MissingDependencies) if rewrite.contains_key(&entry.doc) => {}
            Some(Code::MissingDependencies) => match refusal::last_of(c, entry.doc)? {
                Some(code) => {
                    rewrite.insert(entry.doc, code);
                }
                None => {
                    settled.again = true;
                    refusal::set_state(c, &hash, Waiting, None)?;
                    differing::offer(c, entry.doc)?;
                }
            },
            Some(code) => {
                refusal::refuse(c, entry, &hash, code)?;
                settled.refused += 1;
                rewrite.entry(entry.doc).or_insert(code);
            }
        }
    }
    for (doc, hashes) in acknowledged {
        settled.acknowledged += acknowledge(c, doc, &hashes, pack)?;
    }
    if !rewrite.is_empty() {
        let actor = enrolment::rotate_actor(c, fresh)?;
        for (doc, code) in rewrite {
            let (restated, refused) = restate::after_refusal(c, catalogue, doc, code, actor)?;
            settled.reauthored += restated;
            settled.refused += refused;
            settled.again |= restated > 0;
            refusal::notice_others(c, doc, code, refused)?;
        }
    }
    Ok(())
}

/// Marks changes of one document as durable on the server.
fn acknowledge(
    c: &Connection,
    doc: DocId,
    hashes: &[ChangeHash],
    pack: &PackHash,
) -> Result<usize, DeviceError> {
    let mut added = Vec::new();
    for hash in hashes {
        let changed = c
            .prepare_cached(&format!(
                "UPDATE chg SET state = {Acknowledged}, pack = NULL, refusal = NULL,
                   receipt = (SELECT n FROM pack WHERE hash = ?2)
                 WHERE hash = ?1 AND state IN {PENDING}"
            ))?
            .execute([hash.as_bytes(), pack.as_bytes()])?;
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
