//! Changes that cannot be judged yet, until a person releases or rejects them.

use std::collections::HashMap;

use sync_core::record::{ChangeHash, DeviceId, DocId, ServerTime};

use super::{
    StorageError, Tx, Value,
    column::{Column as _, Stored},
    listings::beginning_with,
    table::table,
};

table! {
    /// A change that cannot be judged yet, or that a person rejected.
    pub struct Quarantined in "quarantine" key 2 {
        /// The document that it is for.
        doc: DocId,
        /// The change.
        hash: ChangeHash,
        /// The device that sent it.
        device: DeviceId,
        /// Why it cannot be judged.
        reason: String,
        /// When it was received.
        received_at: ServerTime,
        /// Its bytes.
        bytes: Vec<u8>,
        /// When a person rejected it.
        rejected_at: Option<ServerTime>,
        /// Why.
        rejected_why: Option<String>,
        /// The proofs of its authors, if it came with proofs that are right.
        proofs: Option<Vec<u8>>,
    }
}

/// A change that was sent for a document.
pub type InDoc = (DocId, ChangeHash);

/// Changes of one device for one reason.
#[derive(Debug, Clone)]
pub struct Aside {
    /// The device that sent them.
    pub device: DeviceId,
    /// Why they are quarantined.
    pub reason: String,
    /// Whether a person rejected them.
    pub rejected: bool,
    /// The number of changes.
    pub changes: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// When the first and the last were received.
    pub received: (ServerTime, ServerTime),
}

/// Keeps a change that cannot be judged yet. For one that is kept already, only the reason is written, and proofs that it came
/// without; of a rejected one nothing. `own`: its author's device sent it, so it is no more of one that brought it without
/// proofs.
///
/// # Errors
/// [`StorageError`].
pub fn keep(tx: &mut dyn Tx, change: &Quarantined, own: bool) -> Result<(), StorageError> {
    if Quarantined::TABLE.insert_once(tx, change.values())? {
        return Ok(());
    }
    let author = own.then_some(change.device);
    tx.execute(
        "UPDATE quarantine SET reason = $1, proofs = COALESCE(proofs, $2),
           device = CASE WHEN proofs IS NULL THEN COALESCE($3, device) ELSE device END
         WHERE doc = $4 AND hash = $5 AND rejected_at IS NULL",
        &[
            change.reason.as_str().into(),
            change.proofs.value(),
            author.value(),
            change.doc.value(),
            change.hash.value(),
        ],
    )?;
    Ok(())
}

/// All changes, counted by device, reason and rejection.
///
/// # Errors
/// [`StorageError`].
pub fn counted(tx: &mut dyn Tx) -> Result<Vec<Aside>, StorageError> {
    tx.all(
        "SELECT device, reason, CAST(CASE WHEN rejected_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS rejected, COUNT(*),
           CAST(SUM(LENGTH(bytes)) AS BIGINT), MIN(received_at), MAX(received_at)
         FROM quarantine GROUP BY device, reason, rejected ORDER BY rejected, device, reason",
        &[] as &[Value<'_>],
        |row| {
            Ok(Aside {
                device: DeviceId::from_slice(&row.bytes(0)?)?,
                reason: row.text(1)?,
                rejected: row.int(2)? == 1,
                changes: row.int(3)?.unsigned_abs(),
                bytes: row.int(4)?.unsigned_abs(),
                received: (ServerTime::read(row, 5)?, ServerTime::read(row, 6)?),
            })
        },
    )
}

/// The changes of a device, rejected ones included, at most `limit`, in the order in which they were received.
///
/// # Errors
/// [`StorageError`].
pub fn of_device(
    tx: &mut dyn Tx,
    device: DeviceId,
    limit: usize,
) -> Result<Vec<Quarantined>, StorageError> {
    let sql = format!(
        "SELECT {} FROM quarantine WHERE device = $1 ORDER BY received_at, hash LIMIT $2",
        Quarantined::TABLE.names()
    );
    let values = [device.value(), Value::Int(limit as i64)];
    tx.all(&sql, &values, Quarantined::read)
}

/// A change that was sent for a document.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, (doc, hash): InDoc) -> Result<Option<Quarantined>, StorageError> {
    let sql = format!(
        "SELECT {} FROM quarantine WHERE doc = $1 AND hash = $2",
        Quarantined::TABLE.names()
    );
    tx.first(&sql, &[doc.value(), hash.value()], Quarantined::read)
}

/// What is known of a change that is here.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// A person rejected it.
    pub rejected: bool,
    /// It came with proofs.
    pub proven: bool,
    /// The device that sent it.
    pub device: DeviceId,
}

/// Those of these changes that are here.
///
/// # Errors
/// [`StorageError`].
pub fn among(
    tx: &mut dyn Tx,
    changes: &[ChangeHash],
) -> Result<HashMap<InDoc, Waiting>, StorageError> {
    let keys: Vec<Value<'_>> = changes.iter().map(Stored::value).collect();
    let sql = "SELECT doc, hash, rejected_at, CAST(CASE WHEN proofs IS NULL THEN 0 ELSE 1 END AS BIGINT), device
               FROM quarantine WHERE hash IN (?)";
    let found = tx.all_of(sql, &[], &keys, |row| {
        let which = (DocId::read(row, 0)?, ChangeHash::read(row, 1)?);
        let waiting = Waiting {
            rejected: row.opt_int(2)?.is_some(),
            proven: row.int(3)? == 1,
            device: DeviceId::read(row, 4)?,
        };
        Ok((which, waiting))
    })?;
    Ok(found.into_iter().collect())
}

/// The changes whose hash begins with these hexadecimal digits, at most 10.
///
/// # Errors
/// [`StorageError`].
pub fn like(tx: &mut dyn Tx, digits: &str) -> Result<Vec<Quarantined>, StorageError> {
    let hashes = beginning_with(tx, "quarantine", "hash", digits)?;
    let keys: Vec<Value<'_>> = hashes.iter().map(Stored::value).collect();
    let sql = format!(
        "SELECT {} FROM quarantine WHERE hash IN (?)",
        Quarantined::TABLE.names()
    );
    tx.all_of(&sql, &[], &keys, Quarantined::read)
}

/// Removes a change that is in the log now.
///
/// # Errors
/// [`StorageError`].
pub fn remove(tx: &mut dyn Tx, (doc, hash): InDoc) -> Result<(), StorageError> {
    let sql = "DELETE FROM quarantine WHERE doc = $1 AND hash = $2";
    tx.execute(sql, &[doc.value(), hash.value()])?;
    Ok(())
}

/// Has a rejected change wait again.
///
/// # Errors
/// [`StorageError`].
pub fn reconsider(tx: &mut dyn Tx, (doc, hash): InDoc) -> Result<(), StorageError> {
    let sql = "UPDATE quarantine SET rejected_at = NULL, rejected_why = NULL WHERE doc = $1 AND hash = $2";
    tx.execute(sql, &[doc.value(), hash.value()])?;
    Ok(())
}

/// Rejects a change. `false` if it is not here, or is rejected already.
///
/// # Errors
/// [`StorageError`].
pub fn reject(
    tx: &mut dyn Tx,
    (doc, hash): InDoc,
    why: &str,
    now: ServerTime,
) -> Result<bool, StorageError> {
    let sql = "UPDATE quarantine SET rejected_at = $1, rejected_why = $2 WHERE doc = $3 AND hash = $4 AND rejected_at IS NULL";
    let values = [now.value(), why.into(), doc.value(), hash.value()];
    Ok(tx.execute(sql, &values)? > 0)
}

/// The bytes of a device that are kept here.
///
/// # Errors
/// [`StorageError`].
pub fn bytes_of(tx: &mut dyn Tx, device: DeviceId) -> Result<i64, StorageError> {
    let found = tx.first(
        "SELECT CAST(COALESCE(SUM(LENGTH(bytes)), 0) AS BIGINT) FROM quarantine WHERE device = $1",
        &[device.value()],
        |row| row.int(0),
    )?;
    Ok(found.unwrap_or_default())
}
