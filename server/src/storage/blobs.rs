//! Photos: which are stored, which records name them, which uploads are open.

use sync_core::record::{AreaPath, BlobHash, DeviceId, DocId};

use super::{StorageError, Tx, spaces::area};

/// A stored photo.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Size in bytes.
    pub size: u64,
    /// Width in pixels.
    pub width: i64,
    /// Height in pixels.
    pub height: i64,
    /// Who brought it.
    pub device: DeviceId,
    /// When.
    pub stored_at: i64,
    /// The signed receipt.
    pub receipt: Vec<u8>,
}

/// An open upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its identifier.
    pub id: String,
    /// What it will be.
    pub hash: BlobHash,
    /// How large it will be.
    pub size: u64,
    /// Bytes that are durable.
    pub received: u64,
    /// Whose it is.
    pub device: DeviceId,
    /// When it ends.
    pub expires_at: i64,
}

/// A stored photo.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, hash: BlobHash) -> Result<Option<Blob>, StorageError> {
    tx.first(
        "SELECT size, width, height, device, stored_at, receipt FROM blob WHERE hash = $1",
        &[hash.as_bytes().into()],
        |row| {
            Ok(Blob {
                size: row.int(0)?.unsigned_abs(),
                width: row.int(1)?,
                height: row.int(2)?,
                device: DeviceId::from_slice(&row.bytes(3)?)?,
                stored_at: row.int(4)?,
                receipt: row.bytes(5)?,
            })
        },
    )
}

/// Lists a photo as stored.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, hash: BlobHash, blob: &Blob) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO blob (hash, size, width, height, device, stored_at, receipt)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        &[
            hash.as_bytes().into(),
            blob.size.cast_signed().into(),
            blob.width.into(),
            blob.height.into(),
            blob.device.as_bytes().into(),
            blob.stored_at.into(),
            blob.receipt.as_slice().into(),
        ],
    )?;
    Ok(())
}

/// Notes that a record names a photo.
///
/// # Errors
/// [`StorageError`].
pub fn refer(tx: &mut dyn Tx, hash: BlobHash, doc: DocId) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO blob_ref (hash, doc) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[hash.as_bytes().into(), doc.as_bytes().into()],
    )?;
    Ok(())
}

/// Paths of the records that name a photo.
///
/// # Errors
/// [`StorageError`].
pub fn paths(tx: &mut dyn Tx, hash: BlobHash) -> Result<Vec<AreaPath>, StorageError> {
    tx.all(
        "SELECT DISTINCT d.path FROM blob_ref r JOIN doc d ON d.id = r.doc WHERE r.hash = $1",
        &[hash.as_bytes().into()],
        |row| area(&row.text(0)?),
    )
}

/// Of the photos a record names: how many are named, how many are stored.
///
/// # Errors
/// [`StorageError`].
pub fn counts(tx: &mut dyn Tx, doc: DocId) -> Result<(i64, i64), StorageError> {
    let counts = tx.first(
        "SELECT COUNT(*), COUNT(b.hash) FROM blob_ref r LEFT JOIN blob b ON b.hash = r.hash WHERE r.doc = $1",
        &[doc.as_bytes().into()],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    Ok(counts.unwrap_or_default())
}

/// Opens an upload.
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

/// How many uploads a phone has open.
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

/// Moves an upload forward, if it is still where the caller believes; `false` if another request was faster.
///
/// # Errors
/// [`StorageError`].
pub fn advance_upload(tx: &mut dyn Tx, id: &str, from: u64, to: u64) -> Result<bool, StorageError> {
    let changed = tx.execute(
        "UPDATE upload SET received = $1 WHERE id = $2 AND received = $3",
        &[
            to.cast_signed().into(),
            id.into(),
            from.cast_signed().into(),
        ],
    )?;
    Ok(changed > 0)
}

/// Ends an upload.
///
/// # Errors
/// [`StorageError`].
pub fn delete_upload(tx: &mut dyn Tx, id: &str) -> Result<(), StorageError> {
    tx.execute("DELETE FROM upload WHERE id = $1", &[id.into()])?;
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
