//! Documents that differ from the server's: which to request, and which to resupply.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Device, DeviceError, states::ChangeState::Acknowledged};
use crate::{
    record::{AreaPath, ChangeHash, DocId},
    wire::MAX_NEED,
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

/// Marks this device's own changes to be offered that came to the server in a pack after this number and that a receipt
/// confirms. Returns whether there are any.
pub(super) fn offer_after(c: &Connection, number: u64) -> Result<bool, DeviceError> {
    // Numbers may have occurred before: the newest confirmed pack shows where the chain is.
    let last = c
        .prepare_cached(
            "SELECT number FROM pack WHERE receipt IS NOT NULL ORDER BY n DESC LIMIT 1",
        )?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    if last.is_none_or(|last| last.unsigned_abs() <= number) {
        return Ok(false);
    }
    let marked = c
        .prepare_cached(&format!(
            "INSERT INTO reconcile_queue (doc, fetch, resupply)
             SELECT DISTINCT c.doc, 0, 2 FROM chg c JOIN pack p ON p.n = c.receipt
             WHERE c.state = {Acknowledged} AND p.number > ?1 AND p.signature IS NOT NULL
             ON CONFLICT (doc) DO UPDATE SET resupply = CASE resupply WHEN 0 THEN 2 ELSE resupply END, sent = 0"
        ))?
        .execute([number as i64])?;
    Ok(marked > 0)
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
