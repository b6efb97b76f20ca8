//! Takes a backup of a data folder that may be in use.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sync_core::record::PhotoHash;

use super::{
    files::{copy_whole, sync_tree},
    manifest::{FORMAT, Manifest, UNFINISHED},
    pages::HeldPages,
};
use crate::{
    folder,
    keys::PUBLIC_KEY,
    storage::{Storage, StorageError, held_photos::Held, spaces, tables},
};

/// The result of a backup.
#[derive(Debug)]
pub struct Done {
    /// Photos that were copied.
    pub photos: u64,
    /// Photos that the database lists and that the photo folder lacks or holds damaged.
    pub missing: Vec<PhotoHash>,
}

/// Copies a data folder that may be in use. `photos` is the photo folder; `None` if the photos are in a bucket, which
/// has its own tools for backups.
///
/// The database is copied first, the photos after it: every photo that the copied database lists is durable before it
/// is listed. Only these photos are copied, not later ones or ones that no row lists. If a photo is missing or damaged,
/// it is reported and the rest is copied; the manifest, written last, states that the backup is incomplete. If the
/// process is killed, nothing has the name `to`, and the next backup to it starts from the beginning.
///
/// # Errors
/// If `to` exists or cannot be written, or the database cannot be read.
pub async fn backup(storage: &Storage, photos: Option<&Path>, to: &Path) -> anyhow::Result<Done> {
    // Removes a trailing slash, because the unfinished folder would otherwise lie inside `to`.
    let to: &Path = &to.components().collect::<PathBuf>();
    ensure!(!to.exists(), "{} exists; choose a new folder", to.display());
    let part = folder::beside(to, UNFINISHED);
    let held = || {
        let held = folder::hold(&part).with_context(|| part.display().to_string())?;
        held.with_context(|| format!("另一个备份正在写入 / another backup is being written to {}; wait for it, or choose another folder", to.display()))
    };
    // The remains of an earlier attempt are locked until the new folder is: of two concurrent backups one is refused.
    let left = part.exists().then(held).transpose()?;
    clear(&part)?;
    folder::make(&part).with_context(|| part.display().to_string())?;
    let _held = held()?;
    drop(left);
    match fill(storage, photos, &part).await {
        Ok(done) => {
            let (part, to) = (part, to.to_owned());
            let name = move || {
                fs::rename(&part, &to)?;
                folder::sync(folder::above(&to))
            };
            tokio::task::spawn_blocking(name).await??;
            Ok(done)
        }
        Err(error) => {
            // A failed backup is useless, and occupies space that may be what is missing.
            let _ = fs::remove_dir_all(&part);
            Err(error)
        }
    }
}

/// Removes the remains of an earlier attempt of the same name.
fn clear(part: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} of an earlier attempt", part.display()))
        }
        _ => Ok(()),
    }
}

async fn fill(storage: &Storage, photos: Option<&Path>, part: &Path) -> anyhow::Result<Done> {
    let database = part.join("xuncha.db");
    storage.backup(&database).await.context("database")?;
    let copied = Storage::open_read_only(&database).context("the copied database")?;
    let mut done = Done {
        photos: 0,
        missing: Vec::new(),
    };
    if let Some(from) = photos {
        copy_photos(&copied, from, part, &mut done).await?;
    }
    let counted = copied.read(|tx| {
        let rows = tables::counts(tx)?;
        let key = spaces::meta(tx, PUBLIC_KEY)?;
        Ok::<_, StorageError>((rows, key))
    });
    let (rows, key) = counted.await?;
    drop(copied);
    let missing: Vec<String> = done.missing.iter().map(ToString::to_string).collect();
    let (part, copied_photos) = (part.to_owned(), photos.map(|_| done.photos));
    let seal = move || {
        fs::File::open(&database)?.sync_all()?;
        let (bytes, digest) = folder::digest(&database)?;
        folder::sync(&part)?;
        let manifest = Manifest {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            server_key: key.map(hex::encode),
            database_bytes: bytes,
            database_sha256: hex::encode(digest),
            rows,
            photos: copied_photos,
            complete: missing.is_empty(),
            missing,
        };
        manifest.write(&part)
    };
    tokio::task::spawn_blocking(seal).await??;
    Ok(done)
}

/// Copies the photos that a database lists, and their thumbnails.
async fn copy_photos(
    copied: &Storage,
    from: &Path,
    to: &Path,
    done: &mut Done,
) -> anyhow::Result<()> {
    folder::make(&to.join("blobs")).context("photos")?;
    let mut pages = HeldPages::of(copied);
    while let Some(page) = pages.next().await? {
        let (from, to) = (from.to_owned(), to.to_owned());
        let copying = move || {
            let copy = |held: &Held| Ok((held.hash, copy_photo(held, &from, &to)?));
            page.iter().map(copy).collect::<anyhow::Result<Vec<_>>>()
        };
        for (hash, whole) in tokio::task::spawn_blocking(copying).await?? {
            if whole {
                done.photos += 1;
            } else {
                done.missing.push(hash);
            }
        }
    }
    let written = to.join("blobs");
    tokio::task::spawn_blocking(move || sync_tree(&written)).await??;
    Ok(())
}

/// Copies a photo with its thumbnail; `false` if its bytes are missing or do not have the hash of its name. A damaged
/// photo is not copied.
fn copy_photo(held: &Held, from: &Path, to: &Path) -> anyhow::Result<bool> {
    let (source, target) = (from.join(&held.object), to.join(&held.object));
    folder::make(folder::above(&target)).context("photos")?;
    if !copy_whole(&source, &target, Some(&held.hash))? {
        return Ok(false);
    }
    let thumb = |path: &Path| folder::beside(path, ".thumb");
    // A lost thumbnail does not make the photo incomplete.
    copy_whole(&thumb(&source), &thumb(&target), None)?;
    Ok(true)
}
