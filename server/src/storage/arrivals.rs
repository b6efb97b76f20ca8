//! Changes of the log by their receive times, for late arrivals.

use sync_core::record::{AreaPath, DocId};

use super::{StorageError, Tx, docs::ids, log::RECEIVED};

/// A change of the log and its receive time.
#[derive(Debug)]
pub struct Came {
    /// Its document.
    pub doc: DocId,
    /// Its sequence number in the space's log.
    pub seq: u64,
    /// When the server received its pack, milliseconds UTC; `None` if it has no pack.
    pub received_at: Option<i64>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A sequence number up to which every change was received before a time: that of the newest document whose last change
/// was.
///
/// # Errors
/// [`StorageError`].
pub fn seq_before(tx: &mut dyn Tx, space: &AreaPath, at: i64) -> Result<u64, StorageError> {
    let sql = format!(
        "SELECT d.last_seq FROM doc d JOIN chg c ON c.space = d.space AND c.doc = d.id AND c.seq = d.last_seq
           LEFT JOIN pack p ON p.hash = c.pack
         WHERE d.space = $1 AND {RECEIVED} < $2 ORDER BY d.last_seq DESC LIMIT 1"
    );
    let found = tx.first(&sql, &[space.as_str().into(), at.into()], |row| row.int(0))?;
    Ok(found.unwrap_or(0).unsigned_abs())
}

/// The changes of these documents after a sequence number, in the order of sequence numbers.
///
/// # Errors
/// [`StorageError`].
pub fn came_after(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    mark: u64,
) -> Result<Vec<Came>, StorageError> {
    let mut came = tx.all_of(
        "SELECT c.doc, c.seq, p.received_at, c.bytes FROM chg c LEFT JOIN pack p ON p.hash = c.pack
         WHERE c.space = $1 AND c.seq > $2 AND c.doc IN (?)",
        &[space.as_str().into(), mark.cast_signed().into()],
        &ids(docs),
        |row| {
            Ok(Came {
                doc: DocId::from_slice(&row.bytes(0)?)?,
                seq: row.int(1)?.unsigned_abs(),
                received_at: row.opt_int(2)?,
                bytes: row.bytes(3)?,
            })
        },
    )?;
    came.sort_by_key(|change| change.seq);
    Ok(came)
}
