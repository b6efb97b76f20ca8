//! The ledger behind the log: follows each space with its own mark, folds what changed, writes rows.
//!
//! In come documents whose newest number lies behind the mark; out go rows of the ledger, snapshots of documents
//! with a long tail, and the moved mark, in one transaction. Nothing here is the truth: everything can be
//! forgotten and made anew from the log.

mod gather;
mod project;

use std::sync::Arc;

use sync_core::record::AreaPath;
use tokio::sync::Notify;

use crate::storage::{Storage, StorageError, hazards, spaces};

/// Documents projected in one transaction.
const BATCH: usize = 128;

/// Follows the log.
#[derive(Debug, Clone)]
pub struct Projection {
    storage: Storage,
    wake: Arc<Notify>,
}

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Documents projected.
    pub documents: usize,
    /// Documents that could not be read; they have a row that says so.
    pub damaged: usize,
    /// Documents folded into a snapshot.
    pub folded: usize,
}

impl Projection {
    /// Over a storage.
    pub fn new(storage: Storage) -> Self {
        Self {
            storage,
            wake: Arc::default(),
        }
    }

    /// Says that the log has grown.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Follows every space to its present head.
    ///
    /// # Errors
    /// [`StorageError`]; what was projected before stays.
    pub async fn catch_up(&self) -> Result<Progress, StorageError> {
        let mut total = Progress::default();
        let all = self.storage.read(|tx| spaces::list(tx)).await?;
        for space in all {
            loop {
                let (progress, more) = self.round(space.id.clone()).await?;
                total.documents += progress.documents;
                total.damaged += progress.damaged;
                total.folded += progress.folded;
                if !more {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// One batch of one space: gather in a snapshot, fold outside any transaction, apply in one.
    async fn round(&self, space: AreaPath) -> Result<(Progress, bool), StorageError> {
        let of = space.clone();
        let situation = self
            .storage
            .read(move |tx| gather::gather(tx, &of, BATCH))
            .await?;
        if situation.mark == situation.upto {
            return Ok((Progress::default(), false));
        }
        let (mark, upto, more) = (situation.mark, situation.upto, situation.more);
        let planned = tokio::task::spawn_blocking(move || project::plan(situation)).await;
        let mut actions = planned.map_err(|_| StorageError::Closed)?;
        self.storage
            .write(move |tx| {
                let progress = project::apply(tx, &space, mark, upto, &mut actions)?;
                Ok((progress, more))
            })
            .await
    }

    /// Forgets the ledger and makes it anew from the log.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rebuild(&self) -> Result<Progress, StorageError> {
        self.storage.write(|tx| hazards::clear(tx)).await?;
        self.catch_up().await
    }

    /// How far behind the heads the ledger is, in numbers.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn lag(&self) -> Result<u64, StorageError> {
        self.storage
            .read(|tx| {
                let mut lag = 0;
                for space in spaces::list(tx)? {
                    lag += space.head.saturating_sub(hazards::mark(tx, &space.id)?.0);
                }
                Ok(lag)
            })
            .await
    }

    /// Follows the log until the task is dropped. A wake-up that was lost is made up for by the next.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::error!(%error, "projection failed and is tried again");
            }
            let quiet = std::time::Duration::from_secs(2);
            let _ = tokio::time::timeout(quiet, self.wake.notified()).await;
        }
    }
}
