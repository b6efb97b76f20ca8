//! Photos: which are stored and where, which documents name them, and the uploads that are open.

use std::collections::{BTreeSet, HashSet};

use sync_core::record::{AreaPath, DeviceId, DocId, PhotoHash, ServerTime};

use super::{StorageError, Tx, Value, column::Stored, table::table};

table! {
    /// A stored photo.
    pub struct PhotoRow in "photo" key 1 {
        /// The SHA-256 of its bytes.
        hash: PhotoHash,
        /// Size in bytes.
        size: u64,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The device that uploaded it.
        device: DeviceId,
        /// When it was stored.
        stored_at: ServerTime,
        /// The signed receipt.
        receipt: Vec<u8>,
        /// Its perceptual hash, if that was computed.
        perceptual_hash: Option<u64>,
        /// Its object in the photo store.
        object: String,
    }
}

table! {
    /// Which photos a document names.
    const DOC_PHOTO in "doc_photo" key 3 {
        space: AreaPath,
        doc: DocId,
        hash: PhotoHash,
    }
}

table! {
    /// Which documents name a photo, and the device that named it there.
    const PHOTO_REFERENCE in "photo_reference" key 4 {
        hash: PhotoHash,
        space: AreaPath,
        doc: DocId,
        device: DeviceId,
    }
}

table! {
    /// An open upload.
    pub struct Upload in "upload" key 1 {
        /// Its identifier.
        id: String,
        /// The SHA-256 that the photo must have.
        hash: PhotoHash,
        /// The size in bytes that the photo must have.
        size: u64,
        /// The number of durable bytes.
        received: u64,
        /// The device that uploads it.
        device: DeviceId,
        /// When it expires.
        expires_at: ServerTime,
    }
}

table! {
    /// A chunk of an open upload.
    pub struct Part in "upload_part" key 2 {
        /// The upload.
        upload: String,
        /// Its offset in the photo, in bytes.
        start: u64,
        /// Its size in bytes.
        size: u64,
        /// Its object in the photo store.
        object: String,
    }
}

/// A stored photo.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, hash: PhotoHash) -> Result<Option<PhotoRow>, StorageError> {
    let names = PhotoRow::TABLE.names();
    let sql = format!("SELECT {names} FROM photo WHERE hash = $1");
    tx.first(&sql, &[hash.value()], PhotoRow::read)
}

/// Inserts the row of a stored photo, unless there is one: the first insert wins. Returns `false` if another was first.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, photo: &PhotoRow) -> Result<bool, StorageError> {
    PhotoRow::TABLE.insert_once(tx, photo.values())
}

/// Deletes the rows of photos stored before `before` that no document names and whose device has nothing in quarantine,
/// at most `limit`. Returns their objects.
///
/// # Errors
/// [`StorageError`].
pub fn forget_unnamed(
    tx: &mut dyn Tx,
    before: ServerTime,
    limit: i64,
) -> Result<Vec<String>, StorageError> {
    let found = tx.all(
        "SELECT hash, object FROM photo WHERE stored_at < $1
           AND NOT EXISTS (SELECT 1 FROM photo_reference WHERE photo_reference.hash = photo.hash)
           AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.device = photo.device AND rejected_at IS NULL)
         ORDER BY stored_at LIMIT $2",
        &[before.value(), limit.into()],
        |row| Ok((row.bytes(0)?, row.text(1)?)),
    )?;
    let mut objects = Vec::with_capacity(found.len());
    for (hash, object) in found {
        let key: [Value<'_>; 1] = [hash.as_slice().into()];
        tx.execute("DELETE FROM photo WHERE hash = $1", &key)?;
        tx.execute("DELETE FROM arrived_photo WHERE hash = $1", &key)?;
        objects.push(object);
    }
    Ok(objects)
}

/// Whether a stored photo or an open upload uses this object.
///
/// # Errors
/// [`StorageError`].
pub fn names(tx: &mut dyn Tx, object: &str) -> Result<bool, StorageError> {
    let photo = "SELECT 1 FROM photo WHERE object = $1";
    let part = "SELECT 1 FROM upload_part WHERE object = $1";
    for sql in [photo, part] {
        if !tx.all(sql, &[object.into()], |_| Ok(()))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A reference from a document to a photo.
pub type Reference = (DocId, PhotoHash);

/// A reference from a document to a photo, and the device that brought it.
pub type NamedBy = (Reference, DeviceId);

/// Stores references from documents of a space to photos. `begun`: references of documents that are created in this
/// transaction, so that none can be stored already. No element may occur twice.
///
/// # Errors
/// [`StorageError`].
pub fn refer(
    tx: &mut dyn Tx,
    space: &AreaPath,
    begun: &BTreeSet<NamedBy>,
    older: &BTreeSet<NamedBy>,
) -> Result<(), StorageError> {
    for (named, then) in [(begun, ""), (older, "ON CONFLICT DO NOTHING")] {
        let references: BTreeSet<&Reference> =
            named.iter().map(|(reference, _)| reference).collect();
        let by_doc: Vec<Value<'_>> = references
            .iter()
            .flat_map(|(doc, hash)| [space.value(), doc.value(), hash.value()])
            .collect();
        DOC_PHOTO.insert(tx, &by_doc, then)?;
        let by_hash: Vec<Value<'_>> = named
            .iter()
            .flat_map(|((doc, hash), device)| {
                [hash.value(), space.value(), doc.value(), device.value()]
            })
            .collect();
        PHOTO_REFERENCE.insert(tx, &by_hash, then)?;
    }
    Ok(())
}

/// The photos that these documents of a space name.
///
/// # Errors
/// [`StorageError`].
pub fn named(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<Reference>, StorageError> {
    let keys: Vec<Value<'_>> = docs.iter().map(|d| Value::Bytes(d.as_bytes())).collect();
    tx.all_of(
        "SELECT doc, hash FROM doc_photo WHERE space = $1 AND doc IN (?)",
        &[space.as_str().into()],
        &keys,
        |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            Ok((doc, PhotoHash::from_slice(&row.bytes(1)?)?))
        },
    )
}

/// Those of these photos whose bytes are stored.
///
/// # Errors
/// [`StorageError`].
pub fn stored(tx: &mut dyn Tx, photos: &[PhotoHash]) -> Result<HashSet<PhotoHash>, StorageError> {
    let keys: Vec<Value<'_>> = photos.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    let found = tx.all_of(
        "SELECT hash FROM photo WHERE hash IN (?)",
        &[],
        &keys,
        |row| Ok(PhotoHash::from_slice(&row.bytes(0)?)?),
    )?;
    Ok(found.into_iter().collect())
}

/// Queues a stored photo for the projection. The projection processes it in a later transaction: a document that names
/// the photo is either found by it or projected after it.
///
/// # Errors
/// [`StorageError`].
pub fn came(tx: &mut dyn Tx, hash: PhotoHash) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO arrived_photo (hash) VALUES ($1) ON CONFLICT DO NOTHING",
        &[hash.as_bytes().into()],
    )?;
    Ok(())
}

/// Inserts an upload.
///
/// # Errors
/// [`StorageError`].
pub fn insert_upload(tx: &mut dyn Tx, upload: &Upload) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = upload.values().collect();
    Upload::TABLE.insert(tx, &values, "")
}

/// The number of uploads that a device has open.
///
/// # Errors
/// [`StorageError`].
pub fn open_uploads(tx: &mut dyn Tx, device: DeviceId) -> Result<i64, StorageError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM upload WHERE device = $1",
        &[device.as_bytes().into()],
        |row| row.int(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// An open upload.
///
/// # Errors
/// [`StorageError`].
pub fn find_upload(tx: &mut dyn Tx, id: &str) -> Result<Option<Upload>, StorageError> {
    let names = Upload::TABLE.names();
    let sql = format!("SELECT {names} FROM upload WHERE id = $1");
    tx.first(&sql, &[id.into()], Upload::read)
}

/// Advances an open upload by a part that begins at its offset. Returns `false` if another request advanced it first,
/// or if the upload has ended or expired.
///
/// # Errors
/// [`StorageError`].
pub fn advance_upload(tx: &mut dyn Tx, part: &Part, now: ServerTime) -> Result<bool, StorageError> {
    let changed = tx.execute(
        "UPDATE upload SET received = $1 WHERE id = $2 AND received = $3 AND expires_at > $4",
        &[
            (part.start + part.size).cast_signed().into(),
            part.upload.value(),
            part.start.value(),
            now.value(),
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let values: Vec<Value<'_>> = part.values().collect();
    Part::TABLE.insert(tx, &values, "")?;
    Ok(true)
}

/// The parts of an upload, in order.
///
/// # Errors
/// [`StorageError`].
pub fn parts(tx: &mut dyn Tx, id: &str) -> Result<Vec<Part>, StorageError> {
    let names = Part::TABLE.names();
    let sql = format!("SELECT {names} FROM upload_part WHERE upload = $1 ORDER BY start");
    tx.all(&sql, &[id.into()], Part::read)
}

/// The number of parts of an upload.
///
/// # Errors
/// [`StorageError`].
pub fn count_parts(tx: &mut dyn Tx, id: &str) -> Result<i64, StorageError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM upload_part WHERE upload = $1",
        &[id.into()],
        |row| row.int(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// Ends an upload that has received `at` bytes and has not expired. Returns `false` if it has received another number
/// of bytes, has ended or has expired.
///
/// # Errors
/// [`StorageError`].
pub fn finish_upload(
    tx: &mut dyn Tx,
    id: &str,
    at: u64,
    now: ServerTime,
) -> Result<bool, StorageError> {
    let ended = tx.execute(
        "DELETE FROM upload WHERE id = $1 AND received = $2 AND expires_at > $3",
        &[id.into(), at.value(), now.value()],
    )?;
    if ended > 0 {
        delete_parts(tx, id)?;
    }
    Ok(ended > 0)
}

/// Deletes an upload and its parts. Returns their objects, which no row names any more.
///
/// # Errors
/// [`StorageError`].
pub fn delete_upload(tx: &mut dyn Tx, id: &str) -> Result<Vec<String>, StorageError> {
    // The upload first: a request that appends locks its row, so no part can be added after the parts are read.
    tx.execute("DELETE FROM upload WHERE id = $1", &[id.into()])?;
    let parts = parts(tx, id)?;
    delete_parts(tx, id)?;
    Ok(parts.into_iter().map(|part| part.object).collect())
}

fn delete_parts(tx: &mut dyn Tx, id: &str) -> Result<(), StorageError> {
    tx.execute("DELETE FROM upload_part WHERE upload = $1", &[id.into()])?;
    Ok(())
}

/// Uploads that have expired.
///
/// # Errors
/// [`StorageError`].
pub fn expired_uploads(tx: &mut dyn Tx, now: ServerTime) -> Result<Vec<String>, StorageError> {
    tx.all(
        "SELECT id FROM upload WHERE expires_at <= $1 LIMIT 1000",
        &[now.value()],
        |row| row.text(0),
    )
}
