//! Documents that differ from the server's: which to request, which to resupply, and how much of each was sent.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::{Device, DeviceError, load, packing::Packing, states::ChangeState::Acknowledged};
use crate::{
    catalogue::Catalogue,
    record::{AreaPath, ChangeHash, DocId},
    wire::{MAX_NEED, push::Request},
};

impl Device {
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
            let mut all = match load::load_accepted(&self.connection, &self.catalogue, doc) {
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
            remove_settled(tx)?;
            Ok(changes)
        })
    }
}

/// Marks a document to be requested.
pub(super) fn need(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 1, 0) ON CONFLICT (doc) DO UPDATE SET fetch = 1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// Marks a request as answered.
pub(super) fn answered(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE reconcile_queue SET fetch = 0 WHERE doc = ?1")?
        .execute([doc.as_bytes()])?;
    Ok(())
}

/// Whether a document is to be requested or resupplied.
pub(super) fn is_any(c: &Connection) -> Result<bool, DeviceError> {
    let mut statement = c.prepare_cached("SELECT EXISTS (SELECT 1 FROM reconcile_queue)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Removes the documents that are neither requested nor resupplied any more.
pub(super) fn remove_settled(c: &Connection) -> Result<(), DeviceError> {
    c.prepare_cached("DELETE FROM reconcile_queue WHERE fetch = 0 AND resupply = 0")?
        .execute([])?;
    Ok(())
}

/// Marks the whole document to be offered to the server.
pub(super) fn offer(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 0, 1)
                     ON CONFLICT (doc) DO UPDATE SET resupply = 1, sent = 0",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// Marks this device's own changes of a document to be offered, unless more of it is offered already.
pub(super) fn offer_own(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
                "INSERT INTO reconcile_queue (doc, fetch, resupply) VALUES (?1, 0, 2) ON CONFLICT DO NOTHING",
            )?
    .execute([doc.as_bytes()])?;
    Ok(())
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
pub(super) fn offer_own_in(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    c.prepare_cached(&format!(
        "INSERT INTO reconcile_queue (doc, fetch, resupply)
         SELECT DISTINCT c.doc, 0, 2 FROM chg c JOIN doc d ON d.id = c.doc
         WHERE c.state = {Acknowledged} AND (d.path = ?1 OR (d.path >= ?2 AND d.path < ?3))
         ON CONFLICT (doc) DO UPDATE SET resupply = max(resupply, 1)"
    ))?
    .execute(params![area.as_str(), from, to])?;
    Ok(())
}

/// Acknowledged changes of this device to a document.
pub(super) fn own_changes(c: &Connection, doc: DocId) -> Result<HashSet<ChangeHash>, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT hash FROM chg WHERE doc = ?1 AND state = {Acknowledged}"
    ))?;
    let rows = statement.query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|hash| Ok(ChangeHash::from_slice(&hash?)?))
        .collect()
}

/// Counts the changes of a repair pack as sent. The rest of each document is offered next.
pub(super) fn count_sent(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    request: &Request,
) -> Result<(), DeviceError> {
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
            own_changes(c, doc)?.len()
        } else {
            let loaded = load::load_accepted(c, catalogue, doc).ok().flatten();
            loaded.map_or(0, |mut it| it.crdt.change_hashes().len())
        };
        c.prepare_cached(
            "UPDATE reconcile_queue SET sent = sent + ?2, resupply = CASE WHEN sent + ?2 < ?3 THEN resupply ELSE 0 END
             WHERE doc = ?1",
        )?
        .execute(params![doc.as_bytes(), count, all as i64])?;
    }
    remove_settled(c)
}
