//! Backup and restore of a data folder, and the proof that rows and photos belong together.
//!
//! In come a database that may be in use and a folder of photos; out comes a folder that is whole or is not there, and
//! back. Whatever is made is made aside under a name that says so, is checked, and gets its own name last. The signing
//! key is no part of a backup: whoever can read one must not be able to speak as the server.

mod manifest;
mod restore;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use sync_core::record::BlobHash;

use crate::{
    folder,
    storage::{Storage, blobs, spaces, tables},
};

pub use manifest::Manifest;
pub use restore::{Restored, restore};
pub use verify::{Progress, Verified, forget_missing, verify};

/// What the names of unfinished backups end in.
const UNFINISHED: &str = ".xuncha-part";

/// What a backup holds.
#[derive(Debug)]
pub struct Done {
    /// Photos that were copied.
    pub photos: u64,
    /// Photos that the database lists and the photo folder does not hold whole.
    pub missing: Vec<BlobHash>,
}

/// Copies a data folder that may be in use. `photos` is the folder they are in; without one they are in a bucket,
/// which has tools of its own.
///
/// The database first, photos after: every photo that the copied database lists is durable before it is listed. Only
/// these are copied; what comes later, or belongs to nothing, is not. A photo that is missing or damaged is named and
/// the rest is copied: the manifest, written last, says that the backup is incomplete. Killed at any point, nothing has
/// the name `to`; the next backup to it begins again.
///
/// # Errors
/// If `to` exists or cannot be written, or the database cannot be read.
pub async fn backup(storage: &Storage, photos: Option<&Path>, to: &Path) -> anyhow::Result<Done> {
    // Without a slash at its end, or the unfinished one would lie inside.
    let to: &Path = &to.components().collect::<PathBuf>();
    ensure!(!to.exists(), "{} exists; choose a new folder", to.display());
    let part = folder::beside(to, UNFINISHED);
    let held = || {
        let held = folder::hold(&part).with_context(|| part.display().to_string())?;
        held.with_context(|| format!("另一个备份正在写入 / another backup is being written to {}; wait for it, or choose another folder", to.display()))
    };
    // What an earlier attempt left is held until the new folder is: of two that begin at once one is refused.
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
            // It was made for nothing, and would keep space that may be what is missing.
            let _ = fs::remove_dir_all(&part);
            Err(error)
        }
    }
}

/// Removes what an earlier attempt of the same name has left.
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
        let key = spaces::meta(tx, crate::access::PUBLIC_KEY)?;
        Ok::<_, crate::storage::StorageError>((rows, key))
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
            format: manifest::FORMAT,
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
    let mut last = String::new();
    loop {
        let after = last.clone();
        let page = copied.read(move |tx| blobs::held(tx, &after, 200)).await?;
        let Some(end) = page.last() else {
            let blobs = to.join("blobs");
            tokio::task::spawn_blocking(move || sync_tree(&blobs)).await??;
            return Ok(());
        };
        last.clone_from(&end.object);
        let (from, to) = (from.to_owned(), to.to_owned());
        let copying = move || {
            let copy = |held: &blobs::Held| Ok((held.hash, copy_photo(held, &from, &to)?));
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
}

/// Copies a photo with its thumbnail; `false` if its bytes are not there or are not what their name says. What is wrong
/// is not copied.
fn copy_photo(held: &blobs::Held, from: &Path, to: &Path) -> anyhow::Result<bool> {
    let (source, target) = (from.join(&held.object), to.join(&held.object));
    folder::make(folder::above(&target)).context("photos")?;
    if !copy_whole(&source, &target, Some(&held.hash))? {
        return Ok(false);
    }
    let thumb = |path: &Path| folder::beside(path, ".thumb");
    // A thumbnail that is lost makes no photo lost.
    copy_whole(&thumb(&source), &thumb(&target), None)?;
    Ok(true)
}

/// Copies a file; `false` if it cannot be read or has other contents than its name says. An error of the target ends
/// the whole: nothing more can be written there.
fn copy_whole(source: &Path, target: &Path, hash: Option<&BlobHash>) -> anyhow::Result<bool> {
    if !source.is_file() || fs::File::open(source).is_err() {
        return Ok(false);
    }
    let (_, digest) = match folder::copy(source, target) {
        Ok(copied) => copied,
        Err(error) if folder::digest(source).is_err() => {
            tracing::warn!(%error, file = %source.display(), "a photo cannot be read");
            let _ = fs::remove_file(target);
            return Ok(false);
        }
        Err(error) => bail!("{}: {error}", target.display()),
    };
    let right = hash.is_none_or(|hash| hash.as_bytes() == digest);
    if !right {
        fs::remove_file(target)?;
    }
    Ok(right)
}

/// Makes the names in a folder and in those below it durable.
fn sync_tree(root: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    folder::sync(root)
}

/// Copies the signing key to a file of its own, which must not be there.
///
/// # Errors
/// If the key cannot be read, or the file is there or cannot be written.
pub fn copy_key(from: &Path, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists; choose a new file", to.display());
    let bytes = fs::read(from).with_context(|| format!("key {}", from.display()))?;
    folder::make(folder::above(to))?;
    folder::write(to, &bytes).with_context(|| to.display().to_string())
}

/// The folder in a data folder where a restore works.
fn workshop(data: &Path) -> PathBuf {
    data.join(folder::UNFINISHED)
}
