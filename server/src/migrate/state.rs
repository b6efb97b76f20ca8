//! The state of a move, as entries of both databases: being filled, released.

use sync_core::{identity::SecretKey, record::LogEpoch};

use super::{error::MigrateError, records, stores::Stores};
use crate::{
    editions,
    host::random,
    keys::{PUBLIC_KEY, SEED},
    storage::{Storage, StorageError, Tx, marks, spaces},
};

/// Name of the entry that a database has while it is being filled.
pub const FILLING: &str = "filling";

/// Name of the entry that the target has if photos are lost: a new log epoch then makes devices send them again.
pub(super) const LOST: &str = "lost photos";

/// Name of the target's entry that identifies the move; the old database stores the same value when it is released.
const MOVE: &str = "moved as";

/// Marks the target as being filled, so that no server starts on it before it is complete.
pub(super) async fn begin(target: &Storage, key: &SecretKey) -> Result<(), MigrateError> {
    let public = key.public().0;
    let own = target
        .write(move |tx| {
            let fresh = spaces::list(tx)?.is_empty();
            if !fresh && spaces::meta(tx, FILLING)?.is_none() {
                return Ok::<_, StorageError>(false);
            }
            spaces::set_meta(tx, FILLING, b"1")?;
            // A copy that an earlier version began holds the signing key; a database is not its place.
            spaces::delete_meta(tx, SEED)?;
            spaces::set_meta(tx, PUBLIC_KEY, &public)?;
            Ok(true)
        })
        .await?;
    if own {
        Ok(())
    } else {
        Err(MigrateError::InUse)
    }
}

/// Whether the old database was released to this target; `false` if it was not released.
///
/// # Errors
/// [`MigrateError::Elsewhere`] if it was released to another target.
pub async fn is_released(from: &Stores, to: &Stores) -> Result<bool, MigrateError> {
    let Some(named) = from.storage.released()? else {
        return Ok(false);
    };
    let own = to.storage.read(|tx| spaces::meta(tx, MOVE)).await?;
    if own.as_deref() == Some(&named) {
        Ok(true)
    } else {
        Err(MigrateError::Elsewhere)
    }
}

/// Releases the target: servers may start on it, and the old database never accepts writes again. Idempotent: if it is
/// interrupted, it is called again.
///
/// # Errors
/// [`MigrateError`].
pub async fn finish(from: &Stores, to: &Stores) -> Result<(), MigrateError> {
    let fresh = random::<16>();
    let name = move |tx: &mut dyn Tx| {
        spaces::set_meta_once(tx, MOVE, &fresh)?;
        spaces::meta(tx, MOVE)
    };
    let name = to.storage.write(name).await?.unwrap_or_default();
    // The old database first: between the two statements no database accepts writes, instead of both.
    from.storage.set_released(&name)?;
    let heads = from.storage.read(records::heads).await?;
    // After the release: nothing is installed in the old database any more.
    let editions = from.storage.read(|tx| editions::installed(tx)).await?;
    to.storage
        .write(move |tx| {
            if spaces::meta(tx, FILLING)?.is_none() {
                return Ok::<_, StorageError>(());
            }
            for head in &heads {
                records::set_head(tx, head)?;
            }
            if let Some(editions) = &editions {
                editions::take_over(tx, editions)?;
            }
            if spaces::meta(tx, LOST)?.is_some() {
                // A new log epoch makes devices reconcile and send the photos that they still have.
                for space in spaces::list(tx)? {
                    spaces::renew_log(tx, &space.id, LogEpoch(random()))?;
                }
                spaces::delete_meta(tx, LOST)?;
            }
            // The ledger of the target is empty and must be rebuilt.
            marks::begin_making(tx)?;
            spaces::delete_meta(tx, FILLING)
        })
        .await?;
    Ok(())
}
