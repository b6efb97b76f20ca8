//! Orphans: objects that no row names. They are left by a lost race, a killed process, a part that was not removed.
//!
//! One that is older than the grace time is removed, and nothing referenced ever is:
//!
//! - An object is written once, under a name with a random end, by one attempt; no other attempt names it.
//! - The attempt names it in a transaction that demands an open upload which is not over. The upload was open before
//!   the object was written, so its row comes within an upload's lifetime of the object, or never.
//! - The grace time is at least that lifetime. So an object that is older and has no row will never get one, and one
//!   that has a row keeps it: rows of photos go only with their objects, rows of parts only with their upload.
//!
//! Age is the store's clock against ours: keep the grace longer than the lifetime by more than the two may differ (the
//! defaults are seven days and two). The store, or its prefix in the bucket, belongs to one database alone.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;

use super::{Blobs, thumb_key};
use crate::{
    access::Refusal,
    storage::{StorageError, blobs},
};

/// Photos forgotten in one transaction.
const UNNAMED: i64 = 100;

impl Blobs {
    /// Removes objects that are older than the grace time and that no row names; returns how many.
    ///
    /// # Errors
    /// [`Refusal::Storage`] if the store cannot be listed or the database not asked; what is left is for the next time.
    pub async fn collect_orphans(&self) -> Result<usize, Refusal> {
        let before = (self.now)().0.saturating_sub(self.lifetimes.orphan);
        let mut count = 0;
        for folder in ["blobs", "uploads"] {
            let mut listing = self.store.list(folder);
            while let Some(object) = listing.try_next().await.map_err(|e| listed(&e))? {
                if object.last_modified.timestamp_millis() < before
                    && self.collect(object.location.to_string()).await?
                {
                    count += 1;
                }
            }
        }
        Ok(count + self.collect_unfinished(before).await?)
    }

    /// Removes stored photos that no record has named since they came, once they are old enough; returns how many.
    ///
    /// A phone sends records before their photos, and references are written with the log, in its transaction: what is
    /// unnamed after so long is named by nothing the server has. Photos of a device with statements in quarantine stay,
    /// those may name them. The row goes first, in a transaction that asks again, then the objects, which nothing names
    /// from then on.
    ///
    /// # Errors
    /// [`Refusal::Storage`]; what is left is for the next time.
    pub async fn collect_unnamed(&self) -> Result<usize, Refusal> {
        let before = (self.now)().0.saturating_sub(self.lifetimes.unnamed);
        let mut count = 0;
        loop {
            let removed = self
                .storage
                .write(move |tx| blobs::forget_unnamed(tx, before, UNNAMED))
                .await?;
            for object in &removed {
                self.store.remove(object).await;
                self.store.remove(&thumb_key(object)).await;
            }
            count += removed.len();
            if removed.is_empty() {
                return Ok(count);
            }
        }
    }

    /// Asks the rows, right before the delete.
    async fn collect(&self, object: String) -> Result<bool, Refusal> {
        let photo = object.strip_suffix(".thumb").unwrap_or(&object).to_owned();
        let named = self
            .storage
            .read(move |tx| blobs::names(tx, &photo))
            .await?;
        Ok(!named && self.store.remove(&object).await)
    }

    /// Files that a killed process left half written in a folder: they end in `#` and a number, and listings hide them.
    async fn collect_unfinished(&self, before: i64) -> Result<usize, Refusal> {
        let Some(root) = self.store.folder().map(ToOwned::to_owned) else {
            return Ok(0);
        };
        let before = SystemTime::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(before).unwrap_or_default());
        let work = move || {
            ["blobs", "uploads"]
                .iter()
                .map(|folder| remove_unfinished(&root.join(folder), before))
                .sum()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Refusal::Storage(StorageError::Closed))
    }
}

fn listed(error: &object_store::Error) -> Refusal {
    Refusal::Storage(StorageError::Engine(format!("photo store: {error}")))
}

/// One level of folders below `folder`, as keys have.
fn remove_unfinished(folder: &std::path::Path, before: SystemTime) -> usize {
    let inner = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = inner.flat_map(|entry| {
        std::fs::read_dir(entry.path())
            .into_iter()
            .flatten()
            .flatten()
    });
    let unfinished = files.filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let staged = name.rsplit_once('#').is_some_and(|(_, end)| {
            !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit())
        });
        let changed = file.metadata().and_then(|found| found.modified());
        staged && changed.is_ok_and(|changed| changed < before)
    });
    unfinished
        .filter(|file| std::fs::remove_file(file.path()).is_ok())
        .count()
}
