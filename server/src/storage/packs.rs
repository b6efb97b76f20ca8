//! Packs as received: claims, signature, receive time, and the refusals in the response.

use std::collections::HashMap;

use sync_core::record::{DeviceId, PackHash, ServerTime};

use super::{
    StorageError, Tx, Value,
    column::{Column, Stored},
    table::table,
};

/// Those of these packs that were answered, each with its receive time and the refusals in the response.
///
/// # Errors
/// [`StorageError`].
pub fn find(
    tx: &mut dyn Tx,
    hashes: impl IntoIterator<Item = PackHash>,
) -> Result<HashMap<PackHash, (ServerTime, Vec<u8>)>, StorageError> {
    let hashes: Vec<PackHash> = hashes.into_iter().collect();
    let keys: Vec<Value<'_>> = hashes.iter().map(Stored::value).collect();
    let found = tx.all_of(
        "SELECT hash, received_at, refused FROM pack WHERE hash IN (?)",
        &[],
        &keys,
        |row| {
            let received = ServerTime::read(row, 1)?;
            Ok((PackHash::read(row, 0)?, (received, row.bytes(2)?)))
        },
    )?;
    Ok(found.into_iter().collect())
}

table! {
    /// A row of the table of packs.
    pub struct Pack in "pack" key 1 {
        /// Its hash.
        hash: PackHash,
        /// The device that signed it.
        device: DeviceId,
        /// Its number in the device's chain of packs.
        number: u64,
        /// The signed bytes.
        claims: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
        /// When it was received.
        received_at: ServerTime,
        /// The refusals in the response, encoded.
        refused: Vec<u8>,
    }
}

/// Inserts a pack, unless it is there.
///
/// # Errors
/// [`StorageError`].
pub fn keep(tx: &mut dyn Tx, pack: &Pack) -> Result<(), StorageError> {
    Pack::TABLE.insert_once(tx, pack.values()).map(drop)
}

/// Inserts packs.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, packs: &[Pack]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = packs.iter().flat_map(Pack::values).collect();
    Pack::TABLE.insert(tx, &values, "")
}
