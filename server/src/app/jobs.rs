//! The background jobs that `app` itself runs.

use std::time::Duration;

use sync_core::{causes::with_causes, identity::SecretKey};
use tokio::sync::watch;

use crate::{audit::Audit, photos::Photos, wake::Wake};

/// Wakes the projection and the waiting polls when another process has written to a log.
pub(super) async fn follow(mut heard: watch::Receiver<u64>, wake: Wake) {
    while heard.changed().await.is_ok() {
        wake.log_grew();
    }
}

/// Removes expired uploads and orphaned objects every 15 minutes, and photos that no document names once a day.
pub(super) async fn sweep(photos: Photos) {
    let mut every = tokio::time::interval(Duration::from_secs(900));
    for turn in 0_u64.. {
        every.tick().await;
        if turn % 96 == 0 {
            match photos.collect_unnamed().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(photos = count, "photos that no record names removed"),
                Err(error) => {
                    tracing::warn!(error = %with_causes(&error), "photos that no record names are removed later");
                }
            }
        }
        match photos.sweep().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(uploads = count, "expired uploads removed"),
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "expired uploads are removed later")
            }
        }
        match photos.collect_orphans().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(objects = count, "photo bytes that nothing names removed"),
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "photo bytes that nothing names are removed later")
            }
        }
    }
}

/// Writes the refusals of the past minutes to the audit log.
pub(super) async fn write_refusals(audit: Audit) {
    let mut every = tokio::time::interval(Duration::from_secs(15));
    loop {
        every.tick().await;
        if let Err(error) = audit.write_refusals(false).await {
            tracing::warn!(error = %with_causes(&error), "refusals are written to the audit log later");
        }
    }
}

/// Removes the rows of the audit log that are older than the setting, once a day.
pub(super) async fn keep_audit(audit: Audit, days: i64, key: SecretKey) {
    let mut every = tokio::time::interval(Duration::from_secs(86_400));
    loop {
        every.tick().await;
        match audit.remove_old(days, &key).await {
            Ok(0) => {}
            Ok(rows) => {
                tracing::info!(rows, "rows of the audit log older than {days} days removed")
            }
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "old rows of the audit log are removed later");
            }
        }
    }
}
