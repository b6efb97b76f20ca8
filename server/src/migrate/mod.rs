//! Moving a server from SQLite and a folder to PostgreSQL and a bucket, while devices continue to work.
//!
//! Everything is copied while the old server serves. Then the old server stops accepting writes, and what was added
//! since is copied; devices retry until the new server answers. A comparison of both must show no difference before the
//! target is released. The move may be interrupted at any point and run again: every step writes only what is missing.
//! Snapshots and the ledger are rebuilt from the log.

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
    blobs::Store,
    host::random,
    keys::PUBLIC_KEY,
    storage::{Storage, StorageError, Tx, marks, spaces, tables},
};

/// Name of the entry that a database has while it is being filled.
pub const FILLING: &str = "filling";

/// A database and its photo store.
#[derive(Debug, Clone)]
pub struct Place {
    /// The database.
    pub storage: Storage,
    /// The photos.
    pub photos: Store,
}

/// Called with the progress: what is copied, how much is done, and the total.
pub type Progress<'p> = &'p dyn Fn(&'static str, u64, u64);

/// Why a move failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A photo store failed.
    #[error("photo {object}: {cause}")]
    Photo {
        /// The name of the object.
        object: String,
        /// The error of the store.
        cause: String,
    },
    /// The target is already in use.
    #[error(
        "the target database holds records that did not come from here; choose an empty database"
    )]
    InUse,
    /// The old database was released to another target.
    #[error(
        "the records were moved to another database than this one, which was released; nothing more can be moved from here"
    )]
    Elsewhere,
}

/// Name of the entry that the target has if photos are lost: a new log epoch then makes devices send them again.
const LOST: &str = "lost photos";
/// Name of the target's entry that identifies the move; the old database stores the same value when it is released.
const MOVE: &str = "moved as";

/// Copies everything that the target lacks, while the old server continues to serve. Returns the photos whose bytes the
/// old store has lost: neither database lists them from then on, and devices that still have them send them again.
///
/// # Errors
/// [`MigrateError`]; what was copied stays, and the next call continues from there.
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

/// Marks the target as being filled, so that no server starts on it before it is complete.
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

/// Copies all rows of the tables without a log.
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

/// Whether the old database was released to this target; `false` if it was not released.
///
/// # Errors
/// [`MigrateError::Elsewhere`] if it was released to another target.
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

/// Releases the target: servers may start on it, and the old database never accepts writes again. Idempotent: if it is
/// interrupted, it is called again.
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
    // The old database first: between the two statements no database accepts writes, instead of both.
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
                // A new log epoch makes devices reconcile and send the photos that they still have.
                for space in spaces::list(tx)? {
                    spaces::renew_log(tx, &space.id, LogId(random()))?;
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

/// Compares both servers, row by row and photo by photo.
///
/// # Errors
/// [`MigrateError`]; a difference is not an error but part of the result.
pub async fn compare(
    from: &Place,
    to: &Place,
    say: Progress<'_>,
) -> Result<Comparison, MigrateError> {
    compare::compare(from, to, say).await
}
