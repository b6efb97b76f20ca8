//! Photos: bytes first, then the row that says they are stored.

use super::{MigrateError, Place, Progress};
use crate::storage::{
    Tx,
    tables::{BLOB, Cell},
};

fn object(row: &[Cell]) -> Option<String> {
    match row.last() {
        Some(Cell::Text(object)) => Some(object.clone()),
        _ => None,
    }
}

/// Copies every photo that the target has not listed.
pub(super) async fn copy(from: &Place, to: &Place, say: Progress<'_>) -> Result<(), MigrateError> {
    let total = from.storage.read(|tx| BLOB.count(tx)).await?;
    let (mut after, mut done): (Option<Vec<Cell>>, u64) = (None, 0);
    loop {
        let key = after.take();
        let read = move |tx: &mut dyn Tx| BLOB.page(tx, key.as_deref());
        let rows = from.storage.read(read).await?;
        let Some(last) = rows.last().cloned() else {
            break;
        };
        for row in rows {
            photo(from, to, row).await?;
            done += 1;
            say("照片 / photos", done, total.max(done));
        }
        after = Some(last);
    }
    Ok(())
}

async fn photo(from: &Place, to: &Place, row: Vec<Cell>) -> Result<(), MigrateError> {
    let Some(object) = object(&row) else {
        return Ok(());
    };
    let name = object.clone();
    let read = move |tx: &mut dyn Tx| crate::storage::blobs::names(tx, &name);
    if to.storage.read(read).await? {
        return Ok(());
    }
    let failed = |cause: String| MigrateError::Photo {
        object: object.clone(),
        cause,
    };
    let copied = from.photos.copy_photo(&to.photos, &object).await;
    copied.map_err(|e| failed(e.to_string()))?;
    let write = move |tx: &mut dyn Tx| BLOB.put(tx, std::slice::from_ref(&row));
    to.storage.write(write).await?;
    Ok(())
}
