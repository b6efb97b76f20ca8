//! Stored photos as they are copied and counted; and what is forgotten when their bytes are lost.

use sync_core::record::BlobHash;

use super::{
    StorageError, Tx,
    blobs::{came, find},
};

/// A stored photo, as a copy of its bytes is checked by.
#[derive(Debug, Clone)]
pub struct Held {
    /// What its bytes hash to.
    pub hash: BlobHash,
    /// How many they are.
    pub size: u64,
    /// Where they are in the photo store.
    pub object: String,
}

/// Stored photos in the order of their objects, after the object `after`.
///
/// # Errors
/// [`StorageError`].
pub fn held(tx: &mut dyn Tx, after: &str, limit: i64) -> Result<Vec<Held>, StorageError> {
    tx.all(
        "SELECT hash, size, object FROM blob WHERE object > $1 ORDER BY object LIMIT $2",
        &[after.into(), limit.into()],
        |row| {
            Ok(Held {
                hash: BlobHash::from_slice(&row.bytes(0)?)?,
                size: row.int(1)?.unsigned_abs(),
                object: row.text(2)?,
            })
        },
    )
}

/// How many photos are stored.
///
/// # Errors
/// [`StorageError`].
pub fn count(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    let count = tx.first("SELECT COUNT(*) FROM blob", &[], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Makes a photo unknown whose bytes are not there, and lets the ledger look again at the records that name it.
/// `false` if it was not listed.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, hash: BlobHash) -> Result<bool, StorageError> {
    let key = [hash.as_bytes().into()];
    let listed = tx.execute("DELETE FROM blob WHERE hash = $1", &key)? > 0;
    if listed {
        came(tx, hash)?;
    }
    Ok(listed)
}

/// As [`forget`], if the photo is still listed with these bytes.
///
/// # Errors
/// [`StorageError`].
pub fn forget_object(tx: &mut dyn Tx, hash: BlobHash, object: &str) -> Result<bool, StorageError> {
    let same = find(tx, hash)?.is_some_and(|blob| blob.object == object);
    Ok(same && forget(tx, hash)?)
}

/// Forgets every open upload: what came of them was lost.
///
/// # Errors
/// [`StorageError`].
pub fn forget_uploads(tx: &mut dyn Tx) -> Result<(), StorageError> {
    tx.execute("DELETE FROM upload_part", &[])?;
    tx.execute("DELETE FROM upload", &[])?;
    Ok(())
}
