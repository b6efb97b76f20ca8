//! What devices consumed on a day.

use sync_core::record::DeviceId;

use super::{StorageError, Tx};

/// What a device consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// The number of packs.
    pub packs: i64,
    /// Bytes of packs and photos.
    pub bytes: i64,
    /// The number of finished photos.
    pub photos: i64,
}

impl Spent {
    /// The sum of both, saturating.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            packs: self.packs.saturating_add(other.packs),
            bytes: self.bytes.saturating_add(other.bytes),
            photos: self.photos.saturating_add(other.photos),
        }
    }
}

/// What a device consumed on a day (days since 1970 by the server's clock).
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, device: DeviceId, day: i64) -> Result<Spent, StorageError> {
    let found = tx.first(
        "SELECT packs, bytes, photos FROM quota WHERE device = $1 AND day = $2",
        &[device.as_bytes().into(), day.into()],
        |row| {
            Ok(Spent {
                packs: row.int(0)?,
                bytes: row.int(1)?,
                photos: row.int(2)?,
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Adds to what a device consumed on a day.
///
/// # Errors
/// [`StorageError`].
pub fn add(tx: &mut dyn Tx, device: DeviceId, day: i64, spent: Spent) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO quota (device, day, packs, bytes, photos) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (device, day) DO UPDATE SET packs = quota.packs + excluded.packs,
           bytes = quota.bytes + excluded.bytes, photos = quota.photos + excluded.photos",
        &[
            device.as_bytes().into(),
            day.into(),
            spent.packs.into(),
            spent.bytes.into(),
            spent.photos.into(),
        ],
    )?;
    Ok(())
}

/// Deletes the days before this one.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, before: i64) -> Result<(), StorageError> {
    tx.execute("DELETE FROM quota WHERE day < $1", &[before.into()])?;
    Ok(())
}
