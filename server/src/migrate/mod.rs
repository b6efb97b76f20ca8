//! Moving a server from SQLite and a folder to PostgreSQL and a bucket, while phones go on working.
//!
//! In come the two stores; out comes a table that says for every kind of row that both hold the same. Everything is
//! copied while the old server serves, then again what came meanwhile, after the old one was told to take nothing
//! more: phones are then asked to come back later, which they do by themselves. Can be ended at any point and begun
//! again: every step writes what is missing only. Snapshots and the ledger are made anew from the log.

mod compare;
mod photos;
mod records;

use sync_core::{
    identity::SecretKey,
    record::{BlobHash, LogId},
};

pub use compare::Comparison;

pub use crate::storage::tables::Contents;

use crate::{
    access::{PUBLIC_KEY, random},
    blobs::Store,
    storage::{Storage, StorageError, Tx, marks, spaces, tables},
};

/// Set in a database while it is being filled.
pub const FILLING: &str = "filling";

/// Where the rows and bytes are.
#[derive(Debug, Clone)]
pub struct Place {
    /// The records.
    pub storage: Storage,
    /// The photos.
    pub photos: Store,
}

/// Told how far the work is: what is copied, how much of it, of how much.
pub type Progress<'p> = &'p dyn Fn(&'static str, u64, u64);

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A photo store failed.
    #[error("photo {object}: {cause}")]
    Photo {
        /// Which bytes.
        object: String,
        /// What happened.
        cause: String,
    },
    /// The target is in use.
    #[error(
        "the target database holds records that did not come from here; choose an empty database"
    )]
    InUse,
    /// The old database has named another target as the one that goes on.
    #[error(
        "the records were moved to another database than this one, which was released; nothing more can be moved from here"
    )]
    Elsewhere,
}

/// Set in a database in which photos are missing that the old one listed: phones are asked for them.
const LOST: &str = "lost photos";
/// Names the move that a database was released by, in the new one and in the old one.
const MOVE: &str = "moved as";

/// Copies everything once more, while the old server goes on. Returns the photos whose bytes the old store has lost:
/// they are unknown to both from now on, and phones that still have them send them again.
///
/// # Errors
/// [`MigrateError`]; what was copied stays, and the next call goes on from there.
pub async fn copy(
    from: &Place,
    to: &Place,
    key: &SecretKey,
    say: Progress<'_>,
) -> Result<Vec<BlobHash>, MigrateError> {
    begin(&to.storage, key).await?;
    records::copy(from, to, say).await?;
    whole(from, to, say).await?;
    photos::copy(from, to, say).await
}

/// Marks the target as being filled, so that no server starts on it before it is whole.
async fn begin(target: &Storage, key: &SecretKey) -> Result<(), MigrateError> {
    let (seed, public) = (key.to_seed(), key.public().0);
    let own = target
        .write(move |tx| {
            let fresh = spaces::list(tx)?.is_empty();
            if !fresh && spaces::meta(tx, FILLING)?.is_none() {
                return Ok::<_, StorageError>(false);
            }
            spaces::set_meta(tx, FILLING, b"1")?;
            spaces::set_meta(tx, "server_key", &seed)?;
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

/// The tables without a log: all of their rows.
async fn whole(from: &Place, to: &Place, say: Progress<'_>) -> Result<(), MigrateError> {
    let total = tables::WHOLE.len() as u64;
    for (done, table) in tables::WHOLE.iter().enumerate() {
        say("其他表 / other tables", done as u64, total);
        let mut after: Option<Vec<tables::Cell>> = None;
        loop {
            let key = after.take();
            let read = move |tx: &mut dyn Tx| table.page(tx, key.as_deref());
            let rows = from.storage.read(read).await?;
            let Some(last) = rows.last().cloned() else {
                break;
            };
            to.storage.write(move |tx| table.put(tx, &rows)).await?;
            after = Some(last);
        }
    }
    say("其他表 / other tables", total, total);
    Ok(())
}

/// Whether the old database has given its work away to this target; `false` if to none.
///
/// # Errors
/// [`MigrateError::Elsewhere`] if to another one.
pub async fn is_released(from: &Place, to: &Place) -> Result<bool, MigrateError> {
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

/// Declares the target whole: servers may start on it, and the old one never takes work again. Ended at any point, it
/// is called again.
///
/// # Errors
/// [`MigrateError`].
pub async fn finish(from: &Place, to: &Place) -> Result<(), MigrateError> {
    let fresh = random::<16>();
    let name = move |tx: &mut dyn Tx| {
        spaces::set_meta_once(tx, MOVE, &fresh)?;
        spaces::meta(tx, MOVE)
    };
    let name = to.storage.write(name).await?.unwrap_or_default();
    // The old one first: between the two nobody takes work, never both.
    from.storage.set_released(&name)?;
    let heads = from.storage.read(records::heads).await?;
    to.storage
        .write(move |tx| {
            if spaces::meta(tx, FILLING)?.is_none() {
                return Ok::<_, StorageError>(());
            }
            for head in &heads {
                records::set_head(tx, head)?;
            }
            if spaces::meta(tx, LOST)?.is_some() {
                // Phones compare with a log of a new life, and send the photos that they still have.
                for space in spaces::list(tx)? {
                    spaces::renew_log(tx, &space.id, LogId(random()))?;
                }
                spaces::delete_meta(tx, LOST)?;
            }
            // Its ledger is empty.
            marks::begin_making(tx)?;
            spaces::delete_meta(tx, FILLING)
        })
        .await?;
    Ok(())
}

/// Compares what both hold, row by row and photo by photo.
///
/// # Errors
/// [`MigrateError`]; a difference is no error but part of the answer.
pub async fn compare(
    from: &Place,
    to: &Place,
    say: Progress<'_>,
) -> Result<Comparison, MigrateError> {
    compare::compare(from, to, say).await
}
