//! Reconcile: finds which documents differ from the server's, which to request and which to offer.

use std::collections::HashSet;

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use rusqlite::{Connection, params};

use super::{Device, DeviceError, Packing, docs, received, scope};
use crate::{
    record::{AreaPath, ChangeHash, Digest, DocId, LogId},
    wire::{
        MAX_NEED,
        pull::{Cursor, Phase},
        reconcile::{self, FRAME_BYTES, item, item_doc},
    },
};

/// A reconciliation of one scope in progress. It lives for one session and holds 32 bytes for each document.
pub struct RepairTask {
    /// The scope.
    pub cursor: Cursor,
    engine: Negentropy<'static, NegentropyStorageVector>,
    /// The next message to send.
    pub message: Vec<u8>,
    log: Option<LogId>,
    head: u64,
    born: Option<u64>,
    rounds: u32,
}

/// Rounds of one reconciliation at most: enough for a million documents of which none is equal.
const MAX_ROUNDS: u32 = 4096;

impl std::fmt::Debug for RepairTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RepairTask")
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

fn broken(error: &negentropy::Error) -> DeviceError {
    DeviceError::Damaged(format!("reconciliation: {error}"))
}

impl Device {
    /// Starts the reconciliation of the first scope that is marked for it, if there is one.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn next_repair(&self) -> Result<Option<RepairTask>, DeviceError> {
        let Some(held) = scope::list(&self.connection)?
            .into_iter()
            .find(|h| h.repair && !h.paused)
        else {
            return Ok(None);
        };
        let mut storage = NegentropyStorageVector::new();
        let (from, to) = held.cursor.area.below();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, digest FROM doc
             WHERE (path = ?1 OR (path >= ?2 AND path < ?3)) AND space = ?4 AND change_count > 0",
        )?;
        let space = held.cursor.space.as_str();
        let mut rows = statement.query(params![held.cursor.area.as_str(), from, to, space])?;
        while let Some(row) = rows.next()? {
            let doc = DocId::from_slice(&row.get::<_, Vec<u8>>(0)?)?;
            let digest = Digest::from_slice(&row.get::<_, Vec<u8>>(1)?);
            let id = Id::from_byte_array(item(doc, digest));
            storage.insert(0, id).map_err(|e| broken(&e))?;
        }
        storage.seal().map_err(|e| broken(&e))?;
        let mut engine = Negentropy::owned(storage, FRAME_BYTES).map_err(|e| broken(&e))?;
        let message = engine.initiate().map_err(|e| broken(&e))?;
        Ok(Some(RepairTask {
            cursor: held.cursor,
            engine,
            message,
            log: None,
            head: 0,
            born: None,
            rounds: 0,
        }))
    }

    /// Applies one answer; returns `true` when the reconciliation is complete. Documents that differ are marked as
    /// needed and as offered. The scope then follows the log from the head at which the reconciliation began.
    ///
    /// # Errors
    /// [`DeviceError`]; the reconciliation then starts again.
    pub(crate) fn repair_answer(
        &mut self,
        task: &mut RepairTask,
        answer: &reconcile::Response,
    ) -> Result<bool, DeviceError> {
        task.rounds += 1;
        if task.rounds > MAX_ROUNDS {
            return Err(DeviceError::Damaged(
                "a comparison that never ends".to_owned(),
            ));
        }
        // The head of the first answer: later changes are in the tail after it.
        if task.log.is_none() {
            (task.log, task.head) = (Some(answer.log), answer.head);
            task.born = answer.born;
        }
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let next = task
            .engine
            .reconcile_with_ids(&answer.message, &mut have, &mut need)
            .map_err(|e| broken(&e))?;
        let docs = |ids: &[Id]| {
            ids.iter()
                .map(|id| item_doc(id.as_bytes()))
                .collect::<Vec<_>>()
        };
        let (offers, needs) = (docs(&have), docs(&need));
        self.write(|tx, _| {
            for doc in offers {
                tx.prepare_cached(
                    "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 0, 1)
                     ON CONFLICT (doc) DO UPDATE SET resupply = 1, sent = 0",
                )?
                .execute([doc.as_bytes()])?;
            }
            for doc in needs {
                tx.prepare_cached(
                    "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 1, 0)
                     ON CONFLICT (doc) DO UPDATE SET fetch = 1",
                )?
                .execute([doc.as_bytes()])?;
            }
            if next.is_none() {
                let log = task.log.unwrap_or(task.cursor.log);
                let mut from = task.head;
                if log != task.cursor.log {
                    // In a new log epoch, resupplied changes have new receive times. The pages from the start of the
                    // epoch carry these times.
                    from = task.born.unwrap_or(from).min(from);
                    forget_receipts(tx)?;
                    offer_own(tx, &task.cursor.area)?;
                    received::forget(tx, &task.cursor)?;
                }
                let phase = Phase::Tail {
                    base: from,
                    pos: from,
                };
                scope::advance(tx, &task.cursor, log, phase)?;
                scope::end_repair(tx, &task.cursor)?;
            }
            Ok(())
        })?;
        task.message = next.clone().unwrap_or_default();
        Ok(next.is_none())
    }

    /// Documents to request from the server.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn needed(&self, limit: usize) -> Result<Vec<DocId>, DeviceError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT doc FROM reconcile_queue WHERE fetch = 1 LIMIT ?1")?;
        let limit = limit.min(MAX_NEED) as i64;
        let rows = statement.query_map([limit], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|id| Ok(DocId::from_slice(&id?)?)).collect()
    }

    /// The next changes to resupply, document by document, up to one pack; empty when nothing is left. If a document
    /// does not fit into one pack, the next pack resumes where the previous one ended.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn offered(
        &mut self,
        packing: &Packing,
    ) -> Result<Vec<(DocId, ChangeHash, Vec<u8>)>, DeviceError> {
        let mut changes: Vec<(DocId, ChangeHash, Vec<u8>)> = Vec::new();
        let (mut size, mut done) = (0, Vec::new());
        'docs: for (doc, own_only, sent) in offers(&self.connection)? {
            if packing.aside.contains(&doc) {
                continue;
            }
            let mut all = match docs::load_accepted(&self.connection, doc) {
                Ok(Some(mut shared)) => shared.crdt.changes(),
                // Nothing of an unreadable document can be offered. It must not block the other documents.
                Ok(None) | Err(DeviceError::UnknownDocument(_) | DeviceError::Document { .. }) => {
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            if own_only {
                let own = own_changes(&self.connection, doc)?;
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
                    break 'docs;
                }
                changes.push((doc, hash, bytes));
            }
        }
        if done.is_empty() {
            return Ok(changes);
        }
        self.write(|tx, _| {
            for doc in done {
                tx.prepare_cached(
                    "UPDATE reconcile_queue SET resupply = 0, sent = 0 WHERE doc = ?1",
                )?
                .execute([doc.as_bytes()])?;
            }
            tx.execute(
                "DELETE FROM reconcile_queue WHERE fetch = 0 AND resupply = 0",
                [],
            )?;
            Ok(changes)
        })
    }
}

/// Documents to resupply: whether only this device's own changes are sent, and how many were sent already.
fn offers(c: &Connection) -> Result<Vec<(DocId, bool, usize)>, DeviceError> {
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

/// In a new log epoch, other devices may have resupplied events of this device. Such an event is unattested until its
/// author's device sends it.
fn offer_own(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    c.prepare_cached(
        "INSERT INTO reconcile_queue (doc, fetch, resupply)
         SELECT DISTINCT c.doc, 0, 2 FROM chg c JOIN doc d ON d.id = c.doc
         WHERE c.state = 2 AND (d.path = ?1 OR (d.path >= ?2 AND d.path < ?3))
         ON CONFLICT (doc) DO UPDATE SET resupply = max(resupply, 1)",
    )?
    .execute(params![area.as_str(), from, to])?;
    Ok(())
}

/// Acknowledged changes of this device to a document.
pub(super) fn own_changes(c: &Connection, doc: DocId) -> Result<HashSet<ChangeHash>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT hash FROM chg WHERE doc = ?1 AND state = 2")?;
    let rows = statement.query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|hash| Ok(ChangeHash::from_slice(&hash?)?))
        .collect()
}

/// A restored server may have lost photos too: every photo that is still on this device is offered again.
fn forget_receipts(c: &Connection) -> Result<(), DeviceError> {
    c.execute("UPDATE photo SET state = 1, upload = NULL, sent = 0, receipt = NULL WHERE state >= 2 AND removed = 0", [])?;
    Ok(())
}
