//! Writes the counts of quotas to the database, every 10 s.

use std::time::Duration;

use sync_core::{causes::with_causes, record::DeviceId};

use super::Quota;
use crate::storage::{
    StorageError, Tx,
    quotas::{self, Spent},
};

/// Days that counts are kept in the database.
const KEPT: i64 = 8;

/// Interval between two writes of the counts.
const WRITTEN: Duration = Duration::from_secs(10);

impl Quota {
    /// Writes the counts since the last write to the database.
    ///
    /// # Errors
    /// [`StorageError`]; the counts are then part of the next write.
    pub async fn write(&self) -> Result<(), StorageError> {
        let today = self.today();
        let fresh: Vec<(DeviceId, i64, Spent)> = {
            let mut all = self.known();
            all.retain(|_, k| k.day == today || k.fresh != Spent::default());
            let fresh = all.iter().filter(|(_, k)| k.fresh != Spent::default());
            fresh.map(|(id, k)| (*id, k.day, k.fresh)).collect()
        };
        if fresh.is_empty() {
            return Ok(());
        }
        let rows = fresh.clone();
        let write = move |tx: &mut dyn Tx| {
            let mut sums = Vec::with_capacity(rows.len());
            for (device, day, spent) in &rows {
                quotas::add(tx, *device, *day, *spent)?;
                sums.push(quotas::find(tx, *device, *day)?);
            }
            quotas::forget(tx, today - KEPT)?;
            Ok::<_, StorageError>(sums)
        };
        let sums = self.storage.write(write).await?;
        let mut all = self.known();
        for ((device, day, spent), sum) in fresh.into_iter().zip(sums) {
            // Subtracted instead of reset: requests may have been charged during the write.
            if let Some(known) = all.get_mut(&device).filter(|k| k.day == day) {
                known.written = sum;
                known.fresh.packs -= spent.packs;
                known.fresh.bytes -= spent.bytes;
                known.fresh.photos -= spent.photos;
            }
        }
        Ok(())
    }

    /// Writes the counts every 10 s until the task is dropped.
    pub async fn run(self) {
        let mut every = tokio::time::interval(WRITTEN);
        loop {
            every.tick().await;
            if let Err(error) = self.write().await {
                tracing::warn!(error = %with_causes(&error), "shares of the day are written down later");
            }
        }
    }
}
