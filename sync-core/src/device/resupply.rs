//! Resupply: what this device gives back to a restored server, with proofs, receipts, grants and notices.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Device, DeviceError, absent, differing, displaced, displaced::Refusals, docs, enrolment,
    enrolment::Enrolment, kept, load, merge, notice, packing::Packing, proofs, received, refusal,
    rows, server_notices,
};
use crate::{
    catalogue::Catalogue,
    host::Host,
    identity::Signature,
    record::{ChangeHash, DocId, Event, GrantId},
    wire::{
        Code,
        page::Sum,
        push::{Entry, Refused},
        resupply::{ConfirmedPack, MAX_EVIDENCE, Request, Response},
    },
};

/// What one call gives back.
#[derive(Debug)]
pub(crate) struct Resupplied {
    pub(crate) request: Request,
    hashes: Vec<ChangeHash>,
}

/// A change to give back.
struct Offered {
    doc: DocId,
    hash: ChangeHash,
    bytes: Vec<u8>,
}

impl Device {
    /// What to give back in the next call, at most one pack of it: first the notices of the server, then the documents
    /// that reconciling found to lack on the server; `None` if nothing is left. A document that does not fit continues in
    /// the next call.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn next_resupply(
        &mut self,
        packing: &Packing,
    ) -> Result<Option<Resupplied>, DeviceError> {
        let notices = server_notices::to_give_back(&self.connection, MAX_EVIDENCE)?;
        let (offered, done) = self.offered(packing)?;
        let docs: BTreeSet<DocId> = offered.iter().map(|change| change.doc).collect();
        if !(done.is_empty() && docs.is_empty()) {
            self.write(|tx, _| {
                docs.into_iter()
                    .try_for_each(|doc| proofs::spread(tx, doc))?;
                done.into_iter().try_for_each(|doc| all_sent(tx, doc))?;
                differing::remove_settled(tx)
            })?;
        }
        if notices.is_empty() && offered.is_empty() {
            return Ok(None);
        }
        let c = &self.connection;
        let me = enrolment::enrolment(c)?;
        let mut parts = Parts::default();
        for change in offered {
            if !parts.add(c, &me, change, packing)? {
                break;
            }
        }
        let grants = enrolment::sealed_grants(c, &parts.grants)?;
        let request = Request {
            entries: parts.entries,
            grants,
            packs: parts.packs.into_values().collect(),
            notices,
        };
        Ok(Some(Resupplied {
            request,
            hashes: parts.hashes,
        }))
    }

    /// The server has packs of this device up to `number` only, fewer than it confirmed. Offers the changes of the later
    /// ones; returns whether there are any.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn give_back_after(&mut self, number: u64) -> Result<bool, DeviceError> {
        self.write(|tx, _| differing::offer_after(tx, number))
    }

    /// The next changes, document by document, and the documents of which nothing is left.
    fn offered(&self, packing: &Packing) -> Result<(Vec<Offered>, Vec<DocId>), DeviceError> {
        let (mut changes, mut done) = (Vec::new(), Vec::new());
        let mut size = 0;
        for (doc, own_only, sent) in queued(&self.connection)? {
            if packing.aside.contains(&doc) {
                continue;
            }
            let mut all = match load::load_accepted(&self.connection, &self.catalogue, doc) {
                Ok(Some(mut shared)) => shared.crdt.changes(),
                // Nothing of an unreadable document can be offered. It must not block the other documents.
                Ok(None) | Err(DeviceError::UnknownDocument(_) | DeviceError::Document { .. }) => {
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            if docs::find(&self.connection, doc)?.is_none() {
                all = kept::of(&self.connection, doc)?;
            } else if own_only {
                let own = differing::own_changes(&self.connection, doc)?;
                all.retain(|(hash, _)| own.contains(hash));
            }
            let left = all.split_off(sent.min(all.len()));
            if left.is_empty() {
                done.push(doc);
            }
            for (hash, bytes) in left {
                size += bytes.len();
                let full = size > packing.bytes || changes.len() >= packing.changes;
                if full && !changes.is_empty() {
                    return Ok((changes, done));
                }
                changes.push(Offered { doc, hash, bytes });
            }
        }
        Ok((changes, done))
    }

    /// Applies the answer: new receive times, and messages about changes of this device that the server did not take.
    /// Returns how many changes were answered.
    ///
    /// # Errors
    /// [`DeviceError::Damaged`] if the answer does not fit the call; nothing was changed then.
    pub(crate) fn settle_resupply(
        &mut self,
        sent: &Resupplied,
        answer: &Response,
    ) -> Result<usize, DeviceError> {
        let entries = &sent.request.entries;
        if answer.received.0.len() != entries.len() {
            return Err(DeviceError::damaged("an answer with other changes"));
        }
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, host| {
            displace(tx, &catalogue, sent, answer, host)?;
            let mut times: BTreeMap<DocId, Vec<_>> = BTreeMap::new();
            let mut went: BTreeMap<DocId, i64> = BTreeMap::new();
            for (at, (entry, hash)) in entries.iter().zip(&sent.hashes).enumerate() {
                if code(&answer.refused, at) != Some(Code::MissingDependencies) {
                    kept::answered(tx, hash)?;
                }
                *went.entry(entry.doc).or_default() += 1;
                match code(&answer.refused, at) {
                    Some(_) => {
                        waits(tx, entry, hash)?;
                        times.entry(entry.doc).or_default();
                    }
                    None => {
                        let known = answer.received.at(at).map(|time| (*hash, time));
                        times.entry(entry.doc).or_default().extend(known);
                    }
                }
            }
            for (doc, times) in times {
                // Of a removed document only this device's changes are kept.
                if docs::find(tx, doc)?.is_none() {
                    continue;
                }
                received::note(tx, doc, &times)?;
                count_again(tx, &catalogue, doc)?;
                rows::show(tx, &catalogue, doc)?;
            }
            for (doc, count) in went {
                count_sent(tx, doc, count)?;
            }
            server_notices::given_back(tx, &sent.request.notices)?;
            differing::remove_settled(tx)?;
            Ok(entries.len())
        })
    }
}

/// Takes changes out of what is folded that the server refused for good, with all that builds on them. Authors are notified
/// of what is not written again.
fn displace(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    sent: &Resupplied,
    answer: &Response,
    host: &mut Host,
) -> Result<(), DeviceError> {
    let mut refused: BTreeMap<DocId, Refusals> = BTreeMap::new();
    for (at, (entry, hash)) in sent.request.entries.iter().zip(&sent.hashes).enumerate() {
        let Some(code) = code(&answer.refused, at) else {
            continue;
        };
        let may_enter_later = match code {
            // What is missing comes from another device.
            Code::MissingDependencies => true,
            // The proof comes from its author's device.
            Code::Quarantined => !differing::own_changes(c, entry.doc)?.contains(hash),
            code => code.is_transient(),
        };
        if !may_enter_later && docs::find(c, entry.doc)?.is_some() {
            refused.entry(entry.doc).or_default().insert(*hash, code);
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let actor = enrolment::rotate_actor(c, host.random())?;
    for (doc, refusals) in refused {
        let lost = match displaced::displace(c, catalogue, doc, &refusals, actor) {
            // An unreadable document is requested whole.
            Err(DeviceError::Document { .. }) => continue,
            lost => lost?,
        };
        for (entry, hash) in sent.request.entries.iter().zip(&sent.hashes) {
            if lost.contains(hash) {
                let code = refusals.get(hash).copied();
                notify(c, entry, code.unwrap_or(Code::MissingDependencies))?;
            }
        }
    }
    Ok(())
}

/// The parts of a request, and the bytes that they take.
#[derive(Default)]
struct Parts {
    entries: Vec<Entry>,
    hashes: Vec<ChangeHash>,
    grants: BTreeSet<GrantId>,
    packs: BTreeMap<i64, ConfirmedPack>,
    bytes: usize,
}

impl Parts {
    /// Adds a change with its evidence; `false` if the request is full without it.
    fn add(
        &mut self,
        c: &Connection,
        me: &Enrolment,
        change: Offered,
        packing: &Packing,
    ) -> Result<bool, DeviceError> {
        let Offered { doc, hash, bytes } = change;
        let facts =
            crate::crdt::inspect(&bytes).map_err(|source| DeviceError::Document { doc, source })?;
        let events: Vec<Event> = facts
            .events
            .iter()
            .filter_map(|(_, bytes)| Event::from_bytes(bytes).ok())
            .collect();
        let proofs = proofs::of(c, me, doc, &facts, &events)?;
        let pack = match confirmed(c, &hash)? {
            Some((row, _)) if self.packs.contains_key(&row) => None,
            found => found,
        };
        let evidence = pack.as_ref().map_or(0, |(_, pack)| pack.claims.len() + 256);
        let size = bytes.len() + proofs.as_ref().map_or(0, |p| p.as_bytes().len()) + evidence;
        let full = self.bytes + size > packing.bytes
            || self.packs.len() >= MAX_EVIDENCE
            || self.grants.len() + events.len() > MAX_EVIDENCE;
        if full && !self.entries.is_empty() {
            return Ok(false);
        }
        self.bytes += size;
        self.grants.extend(events.iter().map(|event| event.grant));
        self.packs.extend(pack);
        self.hashes.push(hash);
        self.entries.push(Entry {
            doc,
            change: bytes,
            proofs,
        });
        Ok(true)
    }
}

/// The pack in which this device sent a change first, with the server's receipt.
fn confirmed(
    c: &Connection,
    change: &ChangeHash,
) -> Result<Option<(i64, ConfirmedPack)>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT p.n, p.claims, p.signature, p.receipt
         FROM (SELECT hash, receipt FROM chg UNION ALL SELECT hash, receipt FROM kept_change) c
         JOIN pack p ON p.n = c.receipt WHERE c.hash = ?1 AND p.signature IS NOT NULL AND p.receipt IS NOT NULL",
    )?;
    let found = statement.query_row([change.as_bytes()], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get(3)?,
        ))
    });
    let Some((row, claims, signature, receipt)) = found.optional()? else {
        return Ok(None);
    };
    let signature = Signature::from_slice(&signature)?;
    let pack = ConfirmedPack {
        claims,
        signature,
        receipt,
    };
    Ok(Some((row, pack)))
}

/// Computes the sum of what the server is known to have of a document.
fn count_again(c: &Connection, catalogue: &Arc<Catalogue>, doc: DocId) -> Result<(), DeviceError> {
    let Some(known) = docs::find(c, doc)? else {
        return Ok(());
    };
    let at = (known.space.as_str(), &known.path);
    let mut loaded = match load::load_accepted(c, catalogue, doc) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return docs::set_sum(c, doc, at, known.sum, Sum::default()),
        // It is requested whole. The other documents of the answer are settled all the same.
        Err(DeviceError::Document { .. }) => return differing::need(c, doc),
        Err(error) => return Err(error),
    };
    let sum = merge::known_to_server(c, doc, &mut loaded.crdt)?;
    docs::set_sum(c, doc, at, known.sum, sum)
}

fn code(refused: &[Refused], at: usize) -> Option<Code> {
    let found = refused.iter().find(|one| one.entry as usize == at);
    found.map(|one| one.code)
}

/// The server does not take a change back that may enter later. It stays on this device, and is counted no more as one that
/// the server has.
fn waits(c: &Connection, entry: &Entry, hash: &ChangeHash) -> Result<(), DeviceError> {
    if docs::find(c, entry.doc)?.is_none() || !displaced::is_folded(c, hash)? {
        return Ok(());
    }
    absent::note(c, entry.doc, hash)
}

/// Notifies the author of a change that the server had acknowledged and does not take back.
fn notify(c: &Connection, entry: &Entry, code: Code) -> Result<(), DeviceError> {
    let text = format!(
        "服务器恢复后没有收回这条已确认的内容：{} / the restored server did not take back a confirmed statement: {} ({})",
        code.zh(),
        code.en(),
        refusal::described(entry)
    );
    notice::leave(c, entry.doc, code.number(), &text)
}

/// Documents to give back: whether only this device's own changes are sent, and how many were sent already.
fn queued(c: &Connection) -> Result<Vec<(DocId, bool, usize)>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT doc, resupply = 2, sent FROM reconcile_queue WHERE resupply > 0 ORDER BY resupply LIMIT 500",
    )?;
    let rows = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get(1)?,
                row.get::<_, i64>(2)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(doc, own_only, sent)| {
            let sent = usize::try_from(sent).unwrap_or(0);
            Ok((DocId::from_slice(&doc)?, own_only, sent))
        })
        .collect()
}

/// Counts changes of a document as given back. The rest is offered next.
fn count_sent(c: &Connection, doc: DocId, count: i64) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE reconcile_queue SET sent = sent + ?2 WHERE doc = ?1")?
        .execute(params![doc.as_bytes(), count])?;
    Ok(())
}

/// Notes that nothing of a document is left to give back.
fn all_sent(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE reconcile_queue SET resupply = 0, sent = 0 WHERE doc = ?1")?
        .execute([doc.as_bytes()])?;
    Ok(())
}
