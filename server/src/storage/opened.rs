//! Which documents make a photo readable: those in which a device that sent the photo's bytes named it. A redaction in
//! any of these documents hides it.

use sync_core::record::{AreaPath, DeviceId, DocId, PhotoHash};

use super::{StorageError, Tx, Value, column::Stored, spaces::area, table::table};

table! {
    /// Which devices have sent every byte of a photo.
    const PHOTO_SENDER in "photo_sender" key 2 {
        hash: PhotoHash,
        device: DeviceId,
    }
}

table! {
    /// Photos that a document has redacted.
    const REDACTED_PHOTO in "redacted_photo" key 3 {
        hash: PhotoHash,
        space: AreaPath,
        doc: DocId,
    }
}

/// Notes that a device has sent every byte of a photo.
///
/// # Errors
/// [`StorageError`].
pub fn sent_by(tx: &mut dyn Tx, hash: PhotoHash, device: DeviceId) -> Result<(), StorageError> {
    PHOTO_SENDER.insert_once(tx, [hash.value(), device.value()])?;
    Ok(())
}

/// Whether a device has sent every byte of a photo.
///
/// # Errors
/// [`StorageError`].
pub fn is_sender(tx: &mut dyn Tx, hash: PhotoHash, device: DeviceId) -> Result<bool, StorageError> {
    let found = tx.first(
        "SELECT 1 FROM photo_sender WHERE hash = $1 AND device = $2",
        &[hash.as_bytes().into(), device.as_bytes().into()],
        // The literal 1 has a narrower type in PostgreSQL than the integers of the tables, so it is not read.
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Hides photos that a document has redacted.
///
/// # Errors
/// [`StorageError`].
pub fn hide(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    photos: &[PhotoHash],
) -> Result<(), StorageError> {
    let rows: Vec<Value<'_>> = photos
        .iter()
        .flat_map(|hash| [hash.value(), space.value(), doc.value()])
        .collect();
    REDACTED_PHOTO.insert(tx, &rows, "ON CONFLICT DO NOTHING")
}

/// The paths of the documents that make a photo readable, and whether it is hidden in any of them.
///
/// # Errors
/// [`StorageError`].
pub fn opened_by(tx: &mut dyn Tx, hash: PhotoHash) -> Result<(Vec<AreaPath>, bool), StorageError> {
    let rows = tx.all(
        "SELECT DISTINCT d.path, CAST(CASE WHEN x.doc IS NULL THEN 0 ELSE 1 END AS BIGINT)
         FROM photo_reference n JOIN photo_sender s ON s.hash = n.hash AND s.device = n.device
           JOIN doc d ON d.space = n.space AND d.id = n.doc
           LEFT JOIN redacted_photo x ON x.hash = n.hash AND x.space = n.space AND x.doc = n.doc
         WHERE n.hash = $1",
        &[hash.as_bytes().into()],
        |row| Ok((area(&row.text(0)?)?, row.int(1)? != 0)),
    )?;
    let hidden = rows.iter().any(|(_, hidden)| *hidden);
    Ok((rows.into_iter().map(|(path, _)| path).collect(), hidden))
}
