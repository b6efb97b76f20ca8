//! Notices: messages that the device leaves for the person.

use rusqlite::{Connection, params};

use super::DeviceError;
use crate::record::DocId;

/// Leaves a message for the person; `code` is 0 if the device itself reports a fault.
pub(super) fn leave(c: &Connection, doc: DocId, code: u16, text: &str) -> Result<(), DeviceError> {
    c.prepare_cached("INSERT INTO notice (doc, code, text) VALUES (?1, ?2, ?3)")?
        .execute(params![doc.as_bytes(), code, text])?;
    Ok(())
}
