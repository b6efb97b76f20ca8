//! The row of a document, without its content.

use rusqlite::{Connection, OptionalExtension, params};

use super::{DeviceError, scope};
use crate::{
    record::{AreaPath, Digest, DocId},
    wire::page::Sum,
};

/// What the store knows of a document without loading it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) path: AreaPath,
    /// The space whose log holds it; empty if not known yet.
    pub(super) space: String,
    pub(super) sum: Sum,
    pub(super) tail: i64,
    pub(super) pending: i64,
}

pub(super) fn find(c: &Connection, doc: DocId) -> Result<Option<Known>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT path, change_count, digest, tail_count, pending_count, space FROM doc WHERE id = ?1",
    )?;
    let row = statement.query_row([doc.as_bytes()], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
        ))
    });
    let Some((path, changes, digest, tail, pending, space)) = row.optional()? else {
        return Ok(None);
    };
    let path = path
        .parse()
        .map_err(|cause| DeviceError::damaged_value(format!("path of {doc}"), cause))?;
    let sum = Sum {
        changes: changes.unsigned_abs(),
        digest: Digest::from_slice(&digest),
    };
    Ok(Some(Known {
        path,
        space,
        sum,
        tail,
        pending,
    }))
}

/// A document's snapshot, if it has one.
pub(super) fn snapshot(c: &Connection, doc: DocId) -> Result<Option<Vec<u8>>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT snapshot FROM doc WHERE id = ?1")?;
    let snapshot = statement.query_row([doc.as_bytes()], |row| row.get(0));
    snapshot
        .optional()?
        .ok_or(DeviceError::UnknownDocument(doc))
}

/// Inserts the row of a document that is new to this device.
pub(super) fn insert(c: &Connection, doc: DocId, path: &AreaPath) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(
        "INSERT INTO doc (id, path, space, digest) VALUES (?1, ?2, ?3, zeroblob(16))",
    )?;
    let space = scope::expected(c, path)?;
    statement.execute(params![doc.as_bytes(), path.as_str(), space])?;
    Ok(())
}

/// Stores the sum of what the server is known to have of a document, in its row and in every scope that holds it.
pub(super) fn set_sum(
    c: &Connection,
    doc: DocId,
    at: (&str, &AreaPath),
    old: Sum,
    new: Sum,
) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("UPDATE doc SET change_count = ?2, digest = ?3 WHERE id = ?1")?;
    statement.execute(params![
        doc.as_bytes(),
        new.changes as i64,
        new.digest.to_bytes()
    ])?;
    scope::move_sum(c, at, old, new)
}
