//! Stored photos as backups and migrations list and count them, and the removal of photos whose bytes are lost.

use sync_core::record::PhotoHash;

use super::{
    StorageError, Tx,
    photos::{came, find},
};

/// What is needed to check a copy of a stored photo's bytes.
#[derive(Debug, Clone)]
pub struct Held {
    /// The SHA-256 of its bytes.
    pub hash: PhotoHash,
    /// Its size in bytes.
    pub size: u64,
    /// Its object in the photo store.
    pub object: String,
}

/// Stored photos in the order of their objects, after the object `after`, at most `limit`.
///
/// # Errors
/// [`StorageError`].
pub fn held(tx: &mut dyn Tx, after: &str, limit: i64) -> Result<Vec<Held>, StorageError> {
    tx.all(
        "SELECT hash, size, object FROM photo WHERE object > $1 ORDER BY object LIMIT $2",
        &[after.into(), limit.into()],
        |row| {
            Ok(Held {
                hash: PhotoHash::from_slice(&row.bytes(0)?)?,
                size: row.int(1)?.unsigned_abs(),
                object: row.text(2)?,
            })
        },
    )
}

/// The number of stored photos.
///
/// # Errors
/// [`StorageError`].
pub fn count(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    let count = tx.first("SELECT COUNT(*) FROM photo", &[], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Deletes the row of a photo whose bytes are missing, and queues the documents that name it for the projection.
/// Returns `false` if the photo had no row.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, hash: PhotoHash) -> Result<bool, StorageError> {
    let key = [hash.as_bytes().into()];
    let listed = tx.execute("DELETE FROM photo WHERE hash = $1", &key)? > 0;
    if listed {
        came(tx, hash)?;
    }
    Ok(listed)
}

/// As [`forget`], only if the photo's row still names this object.
///
/// # Errors
/// [`StorageError`].
pub fn forget_object(tx: &mut dyn Tx, hash: PhotoHash, object: &str) -> Result<bool, StorageError> {
    let same = find(tx, hash)?.is_some_and(|photo| photo.object == object);
    Ok(same && forget(tx, hash)?)
}

/// Deletes every open upload and its parts: their bytes were lost.
///
/// # Errors
/// [`StorageError`].
pub fn forget_uploads(tx: &mut dyn Tx) -> Result<(), StorageError> {
    tx.execute("DELETE FROM upload_part", &[])?;
    tx.execute("DELETE FROM upload", &[])?;
    Ok(())
}
