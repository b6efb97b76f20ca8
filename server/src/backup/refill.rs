//! The photos of a restored database: copied from the backup, or looked for in the bucket.

use std::{fs, path::Path};

use sync_core::record::PhotoHash;

use super::{
    destination::{MARK, workshop},
    files::{copy_whole, sync_tree},
    pages::HeldPages,
};
use crate::{folder, photos::Store, storage::Storage};

/// Copies the photos that the database lists; returns those that are missing or damaged in the backup.
pub(super) async fn refill(
    storage: &Storage,
    from: &Path,
    data: &Path,
    to: &Path,
) -> anyhow::Result<Vec<PhotoHash>> {
    folder::make(to)?;
    let (aside, mut lost) = (workshop(to), Vec::new());
    folder::make(&aside)?;
    folder::write(&aside.join(MARK), &fs::read(workshop(data).join(MARK))?)?;
    folder::make(&aside.join("blobs"))?;
    folder::sync(to)?;
    let mut pages = HeldPages::of(storage);
    while let Some(page) = pages.next().await? {
        let (from, to) = (from.to_owned(), aside.clone());
        let copying = move || {
            let mut lost = Vec::new();
            for held in &page {
                let (source, target) = (from.join(&held.object), to.join(&held.object));
                folder::make(folder::above(&target))?;
                if copy_whole(&source, &target, Some(&held.hash))? {
                    let thumb = |path: &Path| folder::beside(path, ".thumb");
                    copy_whole(&thumb(&source), &thumb(&target), None)?;
                } else {
                    lost.push(held.hash);
                }
            }
            anyhow::Ok(lost)
        };
        lost.extend(tokio::task::spawn_blocking(copying).await??);
    }
    let copied = aside.join("blobs");
    tokio::task::spawn_blocking(move || sync_tree(&copied)).await??;
    Ok(lost)
}

/// Checks that a bucket contains the photos that the database lists; returns those that are missing or have another
/// size.
pub(super) async fn ask(storage: &Storage, store: &Store) -> anyhow::Result<Vec<PhotoHash>> {
    let (mut lost, mut pages) = (Vec::new(), HeldPages::of(storage));
    while let Some(page) = pages.next().await? {
        for held in &page {
            if store.size(&held.object).await? != Some(held.size) {
                lost.push(held.hash);
            }
        }
    }
    Ok(lost)
}
