//! Copies photos: bytes first, then the row that lists them.

use sync_core::record::PhotoHash;

use super::{
    error::MigrateError,
    state::LOST,
    stores::{Progress, Stores},
};
use crate::refusal::Refusal;
use crate::storage::{
    StorageError, Tx, held_photos,
    photos::{self, PhotoRow},
    spaces,
    tables::Cell,
};

fn object(row: &[Cell]) -> Option<String> {
    match row.last() {
        Some(Cell::Text(object)) => Some(object.clone()),
        _ => None,
    }
}

/// Copies every photo that the target does not list. Returns those whose bytes are lost; the old database no longer
/// lists them.
pub(super) async fn copy(
    from: &Stores,
    to: &Stores,
    say: Progress<'_>,
) -> Result<Vec<PhotoHash>, MigrateError> {
    let mut lost = Vec::new();
    let total = from.storage.read(|tx| PhotoRow::TABLE.count(tx)).await?;
    let (mut after, mut done): (Option<Vec<Cell>>, u64) = (None, 0);
    loop {
        let key = after.take();
        let read = move |tx: &mut dyn Tx| PhotoRow::TABLE.page(tx, key.as_deref());
        let rows = from.storage.read(read).await?;
        let Some(last) = rows.last().cloned() else {
            break;
        };
        for row in rows {
            lost.extend(photo(from, to, row).await?);
            done += 1;
            say("照片 / photos", done, total.max(done));
        }
        after = Some(last);
    }
    Ok(lost)
}

/// Copies one photo; returns its hash if its bytes are lost.
async fn photo(
    from: &Stores,
    to: &Stores,
    row: Vec<Cell>,
) -> Result<Option<PhotoHash>, MigrateError> {
    let Some(object) = object(&row) else {
        return Ok(None);
    };
    let name = object.clone();
    let read = move |tx: &mut dyn Tx| photos::names(tx, &name);
    if to.storage.read(read).await? {
        return Ok(None);
    }
    let failed = |source: Refusal| MigrateError::Photo {
        object: object.clone(),
        source,
    };
    let copied = from.photos.copy_photo(&to.photos, &object).await;
    if !copied.map_err(failed)? {
        let Some(Cell::Bytes(hash)) = row.first() else {
            return Ok(None);
        };
        let hash = PhotoHash::from_slice(hash).map_err(StorageError::from)?;
        // Noted before the row is deleted: if the process ends between the two, the next run finds the loss again.
        to.storage
            .write(|tx| spaces::set_meta(tx, LOST, b"1"))
            .await?;
        let forget = move |tx: &mut dyn Tx| held_photos::forget_object(tx, hash, &object);
        from.storage.write(forget).await?;
        return Ok(Some(hash));
    }
    let write = move |tx: &mut dyn Tx| PhotoRow::TABLE.put(tx, std::slice::from_ref(&row));
    to.storage.write(write).await?;
    Ok(None)
}
