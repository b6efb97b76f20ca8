//! Packs as received: claims, signature, receive time, and the refusals in the response.

use std::collections::HashMap;

use sync_core::record::{DeviceId, PackHash};

use super::{StorageError, Tx, Value};

/// Those of these packs that were answered, each with its receive time and the refusals in the response.
///
/// # Errors
/// [`StorageError`].
pub fn find(
    tx: &mut dyn Tx,
    hashes: impl IntoIterator<Item = PackHash>,
) -> Result<HashMap<PackHash, (i64, Vec<u8>)>, StorageError> {
    let hashes: Vec<PackHash> = hashes.into_iter().collect();
    let keys: Vec<Value<'_>> = hashes.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    let found = tx.all_of(
        "SELECT hash, received_at, refused FROM pack WHERE hash IN (?)",
        &[],
        &keys,
        |row| {
            let hash = PackHash::from_slice(&row.bytes(0)?)?;
            Ok((hash, (row.int(1)?, row.bytes(2)?)))
        },
    )?;
    Ok(found.into_iter().collect())
}

/// A row of the table of packs.
#[derive(Debug)]
pub struct Pack {
    /// Its hash.
    pub hash: PackHash,
    /// The device that signed it.
    pub device: DeviceId,
    /// Its number in the device's chain of packs.
    pub number: u64,
    /// The signed bytes.
    pub claims: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The refusals in the response, encoded.
    pub refused: Vec<u8>,
}

/// Inserts packs that were received at the same time.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, packs: &[Pack], received: i64) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = packs
        .iter()
        .flat_map(|pack| {
            [
                pack.hash.as_bytes().into(),
                pack.device.as_bytes().into(),
                pack.number.cast_signed().into(),
                pack.claims.as_slice().into(),
                pack.signature.as_slice().into(),
                received.into(),
                pack.refused.as_slice().into(),
            ]
        })
        .collect();
    tx.insert_all(
        "pack (hash, device, number, claims, signature, received_at, refused)",
        7,
        &values,
        "",
    )
}
