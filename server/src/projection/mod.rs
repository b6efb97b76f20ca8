//! The projection: a worker that follows the log of each space with a mark, folds what changed, and writes the ledger.
//!
//! It reads documents whose newest sequence number is after the mark. In one transaction it writes ledger rows,
//! snapshots of documents with many changes after their snapshot, and the moved mark. Everything written here is
//! derived: it can be deleted and rebuilt from the log. Several processes share the spaces by leases; the lock on the
//! mark decides.

mod activity;
mod compare;
mod derived;
mod gather;
pub(crate) mod groups;
mod open;
mod project;
mod rows;

pub(crate) use open::open;

use std::sync::Arc;

use sync_core::record::{AreaPath, ServerTime};
use tokio::sync::Notify;

use crate::{
    access::{Now, random},
    storage::{
        Storage, StorageError, Tx, hazards,
        marks::{self, Work},
    },
};

/// Documents projected in one transaction.
const BATCH: usize = 128;

/// Milliseconds that a worker keeps a space after it last moved the mark: long enough that several processes do not
/// fold the same documents, short enough that another process soon replaces one that died.
const LEASE_MS: i64 = 10_000;

/// The worker that follows the log.
#[derive(Clone)]
pub struct Projection {
    storage: Storage,
    now: Now,
    worker: [u8; 16],
    wake: Arc<Notify>,
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projection").finish_non_exhaustive()
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Documents projected.
    pub documents: usize,
    /// Documents that could not be folded; they have a row that states the problem.
    pub damaged: usize,
    /// Documents that got a new snapshot.
    pub folded: usize,
}

impl Projection {
    /// A worker with a random id, over a storage.
    pub fn new(storage: Storage, now: Now) -> Self {
        Self {
            storage,
            now,
            worker: random(),
            wake: Arc::default(),
        }
    }

    /// Notifies the worker that the log has grown or that a photo was stored.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Projects every space up to its present head, except spaces leased to another process.
    ///
    /// # Errors
    /// [`StorageError`]; what was projected before the error is kept.
    pub async fn catch_up(&self) -> Result<Progress, StorageError> {
        let mut total = Progress::default();
        let work = self.storage.read(|tx| marks::work(tx)).await?;
        let is_idle = work == Work::default();
        for space in work.grown {
            loop {
                let (progress, more) = self.round(space.clone()).await?;
                total.documents += progress.documents;
                total.damaged += progress.damaged;
                total.folded += progress.folded;
                if !more {
                    break;
                }
            }
        }
        if !is_idle {
            // What was just projected may have queued more work.
            let work = self.storage.read(|tx| marks::work(tx)).await?;
            total.documents += self.again(work.refolds).await?;
            if work.photos {
                self.photos().await?;
            }
            self.compare().await?;
        }
        if !self.is_whole().await?.1 {
            self.storage.write(|tx| marks::end_making(tx)).await?;
        }
        Ok(total)
    }

    async fn round(&self, space: AreaPath) -> Result<(Progress, bool), StorageError> {
        let (of, worker, own) = (space.clone(), self.worker, (self.now)().0);
        // With a single process, a lease is left over from before its restart and is ignored.
        let shared = self.storage.heard().is_some();
        let gathered = move |tx: &mut dyn Tx| {
            let mark = marks::mark(tx, &of)?;
            let now = tx.clock()?.unwrap_or(own);
            // A lease that ends later than `now + LEASE_MS` was taken with a wrong clock and is ignored.
            let lasts = mark.lease_until.0 > now && mark.lease_until.0 <= now + LEASE_MS;
            let taken = lasts && mark.worker.is_some_and(|w| w != worker);
            if shared && taken {
                return Ok(None);
            }
            gather::gather(tx, &of, mark.seq, BATCH).map(Some)
        };
        let Some(situation) = self.storage.read(gathered).await? else {
            return Ok((Progress::default(), false));
        };
        if situation.mark == situation.upto {
            return Ok((Progress::default(), false));
        }
        let (mark, upto, more) = (situation.mark, situation.upto, situation.more);
        let planned = tokio::task::spawn_blocking(move || project::plan(situation)).await;
        let mut actions = planned.map_err(|_| StorageError::Closed)?;
        self.storage
            .write(move |tx| {
                let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
                let lease = (worker, until);
                let applied = project::apply(tx, &space, mark, upto, lease, &mut actions)?;
                // If another worker was faster, nothing was written: the next round begins at that worker's mark.
                Ok(applied.map_or((Progress::default(), true), |progress| (progress, more)))
            })
            .await
    }

    /// Folds queued documents again whose log has not grown, because a revocation changed their fold context. Returns
    /// how many.
    async fn again(&self, spaces: Vec<AreaPath>) -> Result<usize, StorageError> {
        let mut total = 0;
        for space in spaces {
            loop {
                let of = space.clone();
                let gathered = move |tx: &mut dyn Tx| {
                    let mark = marks::mark(tx, &of)?;
                    gather::again(tx, &of, mark.seq, BATCH)
                };
                let situation = self.storage.read(gathered).await?;
                if situation.docs.is_empty() {
                    break;
                }
                let planned = tokio::task::spawn_blocking(move || project::plan(situation)).await;
                let mut actions = planned.map_err(|_| StorageError::Closed)?;
                let of = space.clone();
                let apply = move |tx: &mut dyn Tx| project::apply_again(tx, &of, &mut actions);
                total += self.storage.write(apply).await?.documents;
            }
        }
        Ok(total)
    }

    /// Marks the rows of documents as changed whose photos were stored since.
    async fn photos(&self) -> Result<(), StorageError> {
        const PHOTOS: usize = 64;
        let take = |tx: &mut dyn Tx| hazards::take_photos(tx, PHOTOS);
        while self.storage.write(take).await? == PHOTOS {}
        Ok(())
    }

    /// Compares the documents queued for comparison with those that may be the same hazard.
    async fn compare(&self) -> Result<(), StorageError> {
        const RECORDS: usize = 64;
        let work = self.storage.read(|tx| marks::work(tx)).await?;
        for space in work.comparisons {
            loop {
                let of = space.clone();
                let compare = move |tx: &mut dyn Tx| compare::round(tx, &of, RECORDS);
                if self.storage.write(compare).await? < RECORDS {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Deletes the ledger and rebuilds it; the counter behind "changed since" continues.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rebuild(&self) -> Result<Progress, StorageError> {
        let (worker, own) = (self.worker, (self.now)().0);
        let clear = move |tx: &mut dyn Tx| {
            let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
            hazards::clear(tx, worker, until)?;
            marks::begin_making(tx)
        };
        self.storage.write(clear).await?;
        self.catch_up().await
    }

    /// How often a rebuild of the ledger began, and whether the ledger is complete. What is read between two equal
    /// responses that state that it is complete was read from a complete ledger.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn is_whole(&self) -> Result<(u64, bool), StorageError> {
        let making = self.storage.read(|tx| marks::making(tx)).await?;
        Ok((making.times, making.upto.is_empty()))
    }

    /// The number of changes that are in the log but not yet in the ledger.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn lag(&self) -> Result<u64, StorageError> {
        self.storage.read(|tx| marks::lag(tx)).await
    }

    /// Follows the log until the task is dropped. A lost notification does no harm: the log is also polled every 2
    /// seconds.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::error!(%error, "projection failed and is tried again");
            }
            let quiet = std::time::Duration::from_secs(2);
            let _ = tokio::time::timeout(quiet, self.wake.notified()).await;
        }
    }

    /// Releases the leases, so that other processes need not wait for their end.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn release(&self) -> Result<(), StorageError> {
        let worker = self.worker;
        self.storage
            .write(move |tx| marks::release(tx, worker))
            .await
    }
}
