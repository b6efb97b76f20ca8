//! Copies everything that the target lacks: the logs, the other tables, the photos.

use sync_core::{identity::SecretKey, record::PhotoHash};

use super::{
    error::MigrateError,
    photos, records, state,
    stores::{Progress, Stores},
};
use crate::storage::{Tx, tables};

/// Copies everything that the target lacks, while the old server continues to serve. Returns the photos whose bytes the
/// old store has lost: neither database lists them from then on, and devices that still have them send them again.
///
/// # Errors
/// [`MigrateError`]; what was copied stays, and the next call continues from there.
pub async fn copy(
    from: &Stores,
    to: &Stores,
    key: &SecretKey,
    say: Progress<'_>,
) -> Result<Vec<PhotoHash>, MigrateError> {
    state::begin(&to.storage, key).await?;
    records::copy(from, to, say).await?;
    whole(from, to, say).await?;
    photos::copy(from, to, say).await
}

/// Copies all rows of the tables without a log.
async fn whole(from: &Stores, to: &Stores, say: Progress<'_>) -> Result<(), MigrateError> {
    let total = tables::WHOLE.len() as u64;
    for (done, table) in tables::WHOLE.iter().enumerate() {
        say("其他表 / other tables", done as u64, total);
        let mut after: Option<Vec<tables::Cell>> = None;
        if tables::TRANSIENT.contains(&table.name) {
            to.storage.write(move |tx| table.clear(tx)).await?;
        }
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
