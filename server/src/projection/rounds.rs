//! The rounds of the projection: each reads from one snapshot, plans, and writes in one transaction.

use sync_core::record::{AreaPath, ServerTime};

use super::{LEASE_MS, Projection, apply, compare, gather, progress::Progress, project};
use crate::storage::{StorageError, Tx, hazards, marks};

/// Documents projected in one transaction.
const BATCH: usize = 128;

impl Projection {
    pub(super) async fn round(&self, space: AreaPath) -> Result<(Progress, bool), StorageError> {
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
                let applied = apply::apply(tx, &space, mark, upto, lease, &mut actions)?;
                // If another worker was faster, nothing was written: the next round begins at that worker's mark.
                Ok(applied.map_or((Progress::default(), true), |progress| (progress, more)))
            })
            .await
    }

    /// Folds queued documents again whose log has not grown, because a revocation changed their fold context. Returns
    /// how many.
    pub(super) async fn again(&self, spaces: Vec<AreaPath>) -> Result<usize, StorageError> {
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
                let apply = move |tx: &mut dyn Tx| apply::apply_again(tx, &of, &mut actions);
                total += self.storage.write(apply).await?.documents;
            }
        }
        Ok(total)
    }

    /// Marks the rows of documents as changed whose photos were stored since.
    pub(super) async fn photos(&self) -> Result<(), StorageError> {
        const PHOTOS: usize = 64;
        let take = |tx: &mut dyn Tx| hazards::take_photos(tx, PHOTOS);
        while self.storage.write(take).await? == PHOTOS {}
        Ok(())
    }

    /// Compares the documents queued for comparison with those that may be the same hazard.
    pub(super) async fn compare(&self) -> Result<(), StorageError> {
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
}
