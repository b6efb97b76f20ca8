//! Changes that the server did not take when this device gave them back, and that are not lost: they wait for their author's
//! proof, or for what they depend on.
//!
//! Such a change counts as one that the server does not have, so that a sync with nothing new is one request. Its document
//! is given back again when something of it comes from the server, and in a new log epoch.

use rusqlite::{Connection, params};

use super::{DeviceError, differing};
use crate::record::{AreaPath, ChangeHash, DocId};

/// Notes a change.
pub(super) fn note(c: &Connection, doc: DocId, change: &ChangeHash) -> Result<(), DeviceError> {
    c.prepare_cached("INSERT INTO absent (change, doc) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![change.as_bytes(), doc.as_bytes()])?;
    Ok(())
}

/// Offers a document again of which something came from the server, if changes of it are absent there.
pub(super) fn reconsider(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    let mut remove = c.prepare_cached("DELETE FROM absent WHERE doc = ?1")?;
    if remove.execute([doc.as_bytes()])? > 0 {
        differing::offer(c, doc)?;
    }
    Ok(())
}

/// Offers every document of an area of which changes are absent: the log of the server is another one.
pub(super) fn new_epoch(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    let mut statement = c.prepare_cached(
        "SELECT DISTINCT a.doc FROM absent a JOIN doc d ON d.id = a.doc
         WHERE d.path = ?1 OR (d.path >= ?2 AND d.path < ?3)",
    )?;
    let docs = statement
        .query_map(params![area.as_str(), from, to], |row| {
            row.get::<_, Vec<u8>>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    docs.into_iter()
        .try_for_each(|doc| reconsider(c, DocId::from_slice(&doc)?))
}
