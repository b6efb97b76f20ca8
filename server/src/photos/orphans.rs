//! Orphans: objects that no row names. Lost races, killed processes and failed removals leave them.
//!
//! An orphan is removed when it is older than the grace time. A referenced object is never removed:
//!
//! - An object is written once by one attempt, under a name with a random suffix; no other attempt names it.
//! - The attempt names it in a transaction that requires an open upload that has not expired. The upload was open
//!   before the object was written, so the row is written within an upload's lifetime of the object, or never.
//! - The grace time is at least that lifetime. So an older object without a row never gets one. An object with a row
//!   keeps it: a photo's row is deleted only to remove its objects, a part's row only with its upload.
//!
//! Age is the difference between the store's clock and the server's. The grace time must exceed the lifetime by more
//! than these clocks may differ (the defaults are seven days and two). The store, or its prefix in the bucket, belongs
//! to one database only.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use sync_core::record::ServerTime;

use super::{Photos, failure::refused, names::thumb_key};
use crate::{
    refusal::Refusal,
    storage::{StorageError, photos},
};

/// Photo rows deleted in one transaction.
const UNNAMED: i64 = 100;

impl Photos {
    /// Removes objects that are older than the grace time and that no row names; returns how many.
    ///
    /// # Errors
    /// [`Refusal::Storage`] if the store or the database cannot be read; the next run continues.
    pub async fn collect_orphans(&self) -> Result<usize, Refusal> {
        let before = (self.now)().0.saturating_sub(self.lifetimes.orphan);
        let mut count = 0;
        for folder in ["blobs", "uploads"] {
            let mut listing = self.store.list(folder);
            while let Some(object) = listing.try_next().await.map_err(refused)? {
                if object.last_modified.timestamp_millis() < before
                    && self.collect(object.location.to_string()).await?
                {
                    count += 1;
                }
            }
        }
        Ok(count + self.collect_unfinished(before).await?)
    }

    /// Removes stored photos that no document has named within the time for unnamed photos; returns how many.
    ///
    /// A device sends documents before their photos, and references are written in the transaction of the log. So no
    /// stored document names a photo that is unnamed after that time. Photos of a device with quarantined changes stay,
    /// because these changes may name them. A transaction that checks the references again deletes the row first; then
    /// the objects are removed, because no row names them any more.
    ///
    /// # Errors
    /// [`Refusal::Storage`]; the next run continues.
    pub async fn collect_unnamed(&self) -> Result<usize, Refusal> {
        let before = ServerTime((self.now)().0.saturating_sub(self.lifetimes.unnamed));
        let mut count = 0;
        loop {
            let removed = self
                .storage
                .write(move |tx| photos::forget_unnamed(tx, before, UNNAMED))
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

    /// Removes an object unless a row names it, which is checked right before the removal.
    async fn collect(&self, object: String) -> Result<bool, Refusal> {
        let photo = object.strip_suffix(".thumb").unwrap_or(&object).to_owned();
        let named = self
            .storage
            .read(move |tx| photos::names(tx, &photo))
            .await?;
        Ok(!named && self.store.remove(&object).await)
    }

    /// Removes temporary files that a killed process left: their names end in `#` and a number, and listings omit them.
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

/// Searches one level of folders below `folder`, as object names have.
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
