//! Proofs of the changes of the log, and the changes that have none and that nothing else attests.

use std::collections::HashMap;

use sync_core::record::{AreaPath, ChangeHash, DeviceId, DocId};

use super::{
    Row, StorageError, Tx,
    column::{Column, Stored},
    docs::ids,
};

/// Stores the proofs of a change that came without them.
///
/// # Errors
/// [`StorageError`].
pub fn prove(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hash: ChangeHash,
    proofs: &[u8],
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE chg SET proofs = $1 WHERE space = $2 AND hash = $3 AND proofs IS NULL",
        &[proofs.value(), space.value(), hash.value()],
    )?;
    Ok(())
}

/// A change and its proofs, empty if there are none.
pub type Proven = (ChangeHash, Vec<u8>);

/// The changes of these documents in the order of their hashes, each with its proofs if it has a number after `safe` and
/// came with proofs.
///
/// # Errors
/// [`StorageError`].
pub fn of(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    safe: u64,
) -> Result<HashMap<DocId, Vec<Proven>>, StorageError> {
    let rows = tx.all_of(
        "SELECT doc, hash, CASE WHEN seq > $1 THEN proofs END FROM chg
         WHERE space = $2 AND doc IN (?) ORDER BY doc, hash",
        &[safe.value(), space.value()],
        &ids(docs),
        |row| {
            let proofs = row.opt_bytes(2)?.unwrap_or_default();
            let hash = ChangeHash::from_slice(&row.bytes(1)?)?;
            Ok((DocId::from_slice(&row.bytes(0)?)?, (hash, proofs)))
        },
    )?;
    let mut found: HashMap<DocId, Vec<_>> = HashMap::new();
    for (doc, change) in rows {
        found.entry(doc).or_default().push(change);
    }
    Ok(found)
}

/// A change of the log that no proof attests.
#[derive(Debug, Clone)]
pub struct Unattested {
    /// Its space.
    pub space: AreaPath,
    /// Its document.
    pub doc: DocId,
    /// Its hash.
    pub hash: ChangeHash,
    /// The device that brought it.
    pub device: DeviceId,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

const COLUMNS: &str = "space, doc, hash, device, bytes";

impl Unattested {
    fn read(row: &dyn Row) -> Result<Self, StorageError> {
        Ok(Self {
            space: AreaPath::read(row, 0)?,
            doc: DocId::read(row, 1)?,
            hash: ChangeHash::read(row, 2)?,
            device: DeviceId::read(row, 3)?,
            bytes: row.bytes(4)?,
        })
    }
}

/// The changes that no proof attests, newest first, at most 500.
///
/// # Errors
/// [`StorageError`].
pub fn unattested(tx: &mut dyn Tx) -> Result<Vec<Unattested>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM chg WHERE relayed = 2 ORDER BY seq DESC LIMIT 500");
    tx.all(&sql, &[], Unattested::read)
}

/// The change of a space with this hash, if no proof attests it.
///
/// # Errors
/// [`StorageError`].
pub fn unattested_in(
    tx: &mut dyn Tx,
    space: &AreaPath,
    change: ChangeHash,
) -> Result<Option<Unattested>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM chg WHERE space = $1 AND hash = $2 AND relayed = 2");
    tx.first(&sql, &[space.value(), change.value()], Unattested::read)
}
