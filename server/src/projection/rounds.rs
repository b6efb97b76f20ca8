//! The rounds of the projection: each reads from one snapshot, plans, and writes in one transaction.

use std::sync::Arc;

use sync_core::record::{AreaPath, ServerTime};

use super::{
    LEASE_MS, Projection, apply, basis::Basis, compare, gather, progress::Progress, project,
};
use crate::storage::{StorageError, Tx, hazards, marks};

/// Documents projected in one transaction.
const BATCH: usize = 128;

impl Projection {
    /// Projects the next batch of a space. Returns what it did, and whether the space may have more: a batch remains, or
    /// another worker was faster.
    pub(super) async fn round(&self, space: AreaPath) -> Result<(Progress, bool), StorageError> {
        let (of, worker, own) = (space.clone(), self.worker, (self.now)().0);
        let basis = Basis::own(&self.catalogue);
        // With a single process, a lease is left over from before its restart and is ignored.
        let shared = self.storage.heard().is_some();
        let gathered = move |tx: &mut dyn Tx| {
            let mark = marks::mark(tx, &of)?;
            let now = tx.clock()?.unwrap_or(own);
            // A lease that ends later than `now + LEASE_MS` was taken with a wrong clock and is ignored.
            let lasts = mark.lease_until.0 > now && mark.lease_until.0 <= now + LEASE_MS;
            let taken = lasts && mark.worker.is_some_and(|w| w != worker);
            if (shared && taken) || !basis.may_write(tx)? {
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
        let catalogue = Arc::clone(&self.catalogue);
        let planned =
            tokio::task::spawn_blocking(move || project::plan(situation, &catalogue)).await;
        let mut actions = planned.map_err(|_| StorageError::Closed)?;
        self.storage
            .write(move |tx| {
                let until = ServerTime(tx.clock()?.unwrap_or(own) + LEASE_MS);
                let lease = (worker, until);
                let applied = apply::apply(tx, &space, basis, mark, upto, lease, &mut actions)?;
                // If another worker was faster, nothing was written: the next round begins at that worker's mark.
                Ok(applied.map_or((Progress::default(), true), |progress| (progress, more)))
            })
            .await
    }

    /// Folds a batch of queued documents again whose log has not grown, because a revocation changed their fold context.
    /// Returns how many.
    pub(super) async fn again(&self, space: AreaPath) -> Result<usize, StorageError> {
        let of = space.clone();
        let basis = Basis::own(&self.catalogue);
        let gathered = move |tx: &mut dyn Tx| {
            let mark = marks::mark(tx, &of)?;
            gather::again(tx, &of, mark.seq, BATCH)
        };
        let situation = self.storage.read(gathered).await?;
        if situation.docs.is_empty() {
            return Ok(0);
        }
        let catalogue = Arc::clone(&self.catalogue);
        let planned =
            tokio::task::spawn_blocking(move || project::plan(situation, &catalogue)).await;
        let mut actions = planned.map_err(|_| StorageError::Closed)?;
        let apply = move |tx: &mut dyn Tx| apply::apply_again(tx, &space, basis, &mut actions);
        Ok(self.storage.write(apply).await?.documents)
    }

    /// Marks the rows of documents as changed whose photos were stored since.
    pub(super) async fn photos(&self) -> Result<(), StorageError> {
        const PHOTOS: usize = 64;
        let take = |tx: &mut dyn Tx| hazards::take_photos(tx, PHOTOS);
        while self.storage.write(take).await? == PHOTOS {}
        Ok(())
    }

    /// Compares a batch of the documents queued for comparison with those that may be the same hazard. Returns how many.
    pub(super) async fn compare(&self, space: AreaPath) -> Result<usize, StorageError> {
        const RECORDS: usize = 64;
        let compare = move |tx: &mut dyn Tx| compare::round(tx, &space, RECORDS);
        self.storage.write(compare).await
    }
}
