//! Photos: which are stored and where, which documents name them, and the uploads that are open.

use std::collections::{BTreeSet, HashSet};

use sync_core::record::{AreaPath, BlobHash, DeviceId, DocId};

pub use super::held::{Held, count, forget, forget_object, forget_uploads, held};
use super::{StorageError, Tx, Value};

/// A stored photo.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Size in bytes.
    pub size: u64,
    /// Width in pixels.
    pub width: i64,
    /// Height in pixels.
    pub height: i64,
    /// The device that uploaded it.
    pub device: DeviceId,
    /// When it was stored, milliseconds UTC.
    pub stored_at: i64,
    /// The signed receipt.
    pub receipt: Vec<u8>,
    /// Its object in the photo store.
    pub object: String,
    /// Its perceptual hash, if that was computed.
    pub perceptual_hash: Option<u64>,
}

/// An open upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its identifier.
    pub id: String,
    /// The SHA-256 that the photo must have.
    pub hash: BlobHash,
    /// The size in bytes that the photo must have.
    pub size: u64,
    /// The number of durable bytes.
    pub received: u64,
    /// The device that uploads it.
    pub device: DeviceId,
    /// When it expires, milliseconds UTC.
    pub expires_at: i64,
}

/// A chunk of an open upload.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its offset in the photo, in bytes.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Its object in the photo store.
    pub object: String,
}

/// A stored photo.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, hash: BlobHash) -> Result<Option<Blob>, StorageError> {
    tx.first(
        "SELECT size, width, height, device, stored_at, receipt, object, perceptual_hash FROM photo WHERE hash = $1",
        &[hash.as_bytes().into()],
        |row| {
            Ok(Blob {
                size: row.int(0)?.unsigned_abs(),
                width: row.int(1)?,
                height: row.int(2)?,
                device: DeviceId::from_slice(&row.bytes(3)?)?,
                stored_at: row.int(4)?,
                receipt: row.bytes(5)?,
                object: row.text(6)?,
                perceptual_hash: row.opt_int(7)?.map(i64::cast_unsigned),
            })
        },
    )
}

/// Inserts the row of a stored photo, unless there is one: the first insert wins. Returns `false` if another was first.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, hash: BlobHash, blob: &Blob) -> Result<bool, StorageError> {
    let listed = tx.execute(
        "INSERT INTO photo (hash, size, width, height, device, stored_at, receipt, object, perceptual_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hash) DO NOTHING",
        &[
            hash.as_bytes().into(),
            blob.size.cast_signed().into(),
            blob.width.into(),
            blob.height.into(),
            blob.device.as_bytes().into(),
            blob.stored_at.into(),
            blob.receipt.as_slice().into(),
            blob.object.as_str().into(),
            blob.perceptual_hash.map(u64::cast_signed).into(),
        ],
    )?;
    Ok(listed > 0)
}

/// Deletes the rows of photos stored before `before` that no document names and whose device has nothing in quarantine,
/// at most `limit`. Returns their objects.
///
/// # Errors
/// [`StorageError`].
pub fn forget_unnamed(
    tx: &mut dyn Tx,
    before: i64,
    limit: i64,
) -> Result<Vec<String>, StorageError> {
    let found = tx.all(
        "SELECT hash, object FROM photo WHERE stored_at < $1
           AND NOT EXISTS (SELECT 1 FROM photo_reference WHERE photo_reference.hash = photo.hash)
           AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.device = photo.device)
         ORDER BY stored_at LIMIT $2",
        &[before.into(), limit.into()],
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
pub type Reference = (DocId, BlobHash);

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
    let space: Value<'_> = space.as_str().into();
    for (named, then) in [(begun, ""), (older, "ON CONFLICT DO NOTHING")] {
        let references: BTreeSet<&Reference> =
            named.iter().map(|(reference, _)| reference).collect();
        let by_doc: Vec<Value<'_>> = references
            .iter()
            .flat_map(|(doc, hash)| [space, doc.as_bytes().into(), hash.as_bytes().into()])
            .collect();
        tx.insert_all("doc_photo (space, doc, hash)", 3, &by_doc, then)?;
        let by_hash: Vec<Value<'_>> = named
            .iter()
            .flat_map(|((doc, hash), device)| {
                [
                    hash.as_bytes().into(),
                    space,
                    doc.as_bytes().into(),
                    device.as_bytes().into(),
                ]
            })
            .collect();
        tx.insert_all(
            "photo_reference (hash, space, doc, device)",
            4,
            &by_hash,
            then,
        )?;
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
            Ok((doc, BlobHash::from_slice(&row.bytes(1)?)?))
        },
    )
}

/// Those of these photos whose bytes are stored.
///
/// # Errors
/// [`StorageError`].
pub fn stored(tx: &mut dyn Tx, photos: &[BlobHash]) -> Result<HashSet<BlobHash>, StorageError> {
    let keys: Vec<Value<'_>> = photos.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    let found = tx.all_of(
        "SELECT hash FROM photo WHERE hash IN (?)",
        &[],
        &keys,
        |row| Ok(BlobHash::from_slice(&row.bytes(0)?)?),
    )?;
    Ok(found.into_iter().collect())
}

/// Whether a photo was stored that the projection has not yet processed.
///
/// # Errors
/// [`StorageError`].
pub fn any_came(tx: &mut dyn Tx) -> Result<bool, StorageError> {
    let one = tx.first("SELECT hash FROM arrived_photo LIMIT 1", &[], |row| {
        row.bytes(0)
    })?;
    Ok(one.is_some())
}

/// Queues a stored photo for the projection. The projection processes it in a later transaction: a document that names
/// the photo is either found by it or projected after it.
///
/// # Errors
/// [`StorageError`].
pub fn came(tx: &mut dyn Tx, hash: BlobHash) -> Result<(), StorageError> {
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
    tx.execute(
        "INSERT INTO upload (id, hash, size, received, device, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            upload.id.as_str().into(),
            upload.hash.as_bytes().into(),
            upload.size.cast_signed().into(),
            upload.received.cast_signed().into(),
            upload.device.as_bytes().into(),
            upload.expires_at.into(),
        ],
    )?;
    Ok(())
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
    tx.first(
        "SELECT hash, size, received, device, expires_at FROM upload WHERE id = $1",
        &[id.into()],
        |row| {
            Ok(Upload {
                id: id.to_owned(),
                hash: BlobHash::from_slice(&row.bytes(0)?)?,
                size: row.int(1)?.unsigned_abs(),
                received: row.int(2)?.unsigned_abs(),
                device: DeviceId::from_slice(&row.bytes(3)?)?,
                expires_at: row.int(4)?,
            })
        },
    )
}

/// Advances an open upload by a part that begins at its offset. Returns `false` if another request advanced it first,
/// or if the upload has ended or expired.
///
/// # Errors
/// [`StorageError`].
pub fn advance_upload(
    tx: &mut dyn Tx,
    id: &str,
    part: &Part,
    now: i64,
) -> Result<bool, StorageError> {
    let changed = tx.execute(
        "UPDATE upload SET received = $1 WHERE id = $2 AND received = $3 AND expires_at > $4",
        &[
            (part.start + part.size).cast_signed().into(),
            id.into(),
            part.start.cast_signed().into(),
            now.into(),
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO upload_part (upload, start, size, object) VALUES ($1, $2, $3, $4)",
        &[
            id.into(),
            part.start.cast_signed().into(),
            part.size.cast_signed().into(),
            part.object.as_str().into(),
        ],
    )?;
    Ok(true)
}

/// The parts of an upload, in order.
///
/// # Errors
/// [`StorageError`].
pub fn parts(tx: &mut dyn Tx, id: &str) -> Result<Vec<Part>, StorageError> {
    tx.all(
        "SELECT start, size, object FROM upload_part WHERE upload = $1 ORDER BY start",
        &[id.into()],
        |row| {
            Ok(Part {
                start: row.int(0)?.unsigned_abs(),
                size: row.int(1)?.unsigned_abs(),
                object: row.text(2)?,
            })
        },
    )
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
pub fn finish_upload(tx: &mut dyn Tx, id: &str, at: u64, now: i64) -> Result<bool, StorageError> {
    let ended = tx.execute(
        "DELETE FROM upload WHERE id = $1 AND received = $2 AND expires_at > $3",
        &[id.into(), at.cast_signed().into(), now.into()],
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
pub fn expired_uploads(tx: &mut dyn Tx, now: i64) -> Result<Vec<String>, StorageError> {
    tx.all(
        "SELECT id FROM upload WHERE expires_at <= $1 LIMIT 1000",
        &[now.into()],
        |row| row.text(0),
    )
}
