//! Changes of this device that stay when their document is removed: only a restored server gets them.

use rusqlite::{Connection, params};

use super::{Device, DeviceError, differing, states::ChangeState::Acknowledged};
use crate::{
    crdt::Document,
    record::{ChangeHash, DocId},
};

impl Device {
    /// Offers what is still to be given back of removed documents.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn offer_kept(&mut self) -> Result<(), DeviceError> {
        self.write(|tx, _| offer(tx))
    }
}

/// Keeps the acknowledged changes of this device to a document that is about to be removed.
pub(super) fn keep(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    let own = differing::own_changes(c, doc)?;
    if own.is_empty() {
        return Ok(());
    }
    // Those of a snapshot have no bytes in their rows.
    let mut statement = c.prepare_cached("SELECT snapshot FROM doc WHERE id = ?1")?;
    let chunk: Option<Vec<u8>> = statement.query_row([doc.as_bytes()], |row| row.get(0))?;
    if let Some(chunk) = chunk
        && let Ok(mut whole) = Document::load(Some(&chunk), [])
    {
        for (hash, bytes) in whole.changes() {
            c.prepare_cached("UPDATE chg SET bytes = ?2 WHERE hash = ?1 AND bytes IS NULL")?
                .execute(params![hash.as_bytes(), bytes])?;
        }
    }
    c.prepare_cached(&format!(
        "INSERT INTO kept_change (hash, doc, bytes, receipt, give_back)
         SELECT hash, doc, bytes, receipt,
           hash IN (SELECT change FROM absent WHERE doc = ?1)
             OR EXISTS (SELECT 1 FROM reconcile_queue q WHERE q.doc = ?1 AND q.resupply > 0)
         FROM chg
         WHERE doc = ?1 AND state = {Acknowledged} AND bytes IS NOT NULL ORDER BY n
         ON CONFLICT (hash) DO NOTHING"
    ))?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// The kept changes of a document, in the order in which they were made.
pub(super) fn of(c: &Connection, doc: DocId) -> Result<Vec<(ChangeHash, Vec<u8>)>, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT hash, bytes FROM kept_change WHERE doc = ?1 ORDER BY n")?;
    let rows = statement
        .query_map([doc.as_bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(hash, bytes)| Ok((ChangeHash::from_slice(&hash)?, bytes)))
        .collect()
}

/// Marks all to be given back: the server was restored.
pub(super) fn new_epoch(c: &Connection) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE kept_change SET give_back = 1")?
        .execute([])?;
    offer(c)
}

/// Offers those that are to be given back. What they depend on may have come from other devices since the last time.
fn offer(c: &Connection) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO reconcile_queue (doc, fetch, resupply)
         SELECT DISTINCT doc, 0, 2 FROM kept_change WHERE give_back = 1 ON CONFLICT DO NOTHING",
    )?
    .execute([])?;
    Ok(())
}

/// Notes that the server answered a change: it has it, or will never take it.
pub(super) fn answered(c: &Connection, change: &ChangeHash) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE kept_change SET give_back = 0 WHERE hash = ?1")?
        .execute([change.as_bytes()])?;
    Ok(())
}
