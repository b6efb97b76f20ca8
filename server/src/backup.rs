//! Backup and restore of a data folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sync_core::record::LogId;

use crate::{
    access::{SIGNED, random},
    storage::{Storage, StorageError, blobs, spaces},
};

/// Copies a data folder that may be in use; returns the number of photos. `photos` is the folder they are in; without
/// one they are in a bucket, which has tools of its own.
///
/// The database first, photos after: every photo that the copied database lists is durable before it is listed. Only
/// these are copied; what comes later, or belongs to nothing, is not.
///
/// # Errors
/// If `to` exists or cannot be written, or a photo that is listed cannot be read.
pub async fn backup(
    storage: &Storage,
    data: &Path,
    photos: Option<&Path>,
    to: &Path,
) -> anyhow::Result<usize> {
    ensure!(!to.exists(), "{} exists; choose a new folder", to.display());
    fs::create_dir_all(to)?;
    if let Err(error) = storage.backup(&to.join("xuncha.db")).await {
        // The folder is made for nothing then, and would be in the way of the next try.
        let _ = fs::remove_dir_all(to);
        return Err(error).context("database");
    }
    fs::copy(data.join("server.key"), to.join("server.key")).context("server key")?;
    match photos {
        Some(from) => copy_photos(&Storage::open(&to.join("xuncha.db"))?, from, to).await,
        None => Ok(0),
    }
}

/// Copies the photos that a database lists, and their thumbnails.
async fn copy_photos(copied: &Storage, from: &Path, to: &Path) -> anyhow::Result<usize> {
    fs::create_dir_all(to.join("blobs")).context("photos")?;
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let after = last.clone();
        let page = copied.read(move |tx| blobs::objects(tx, &after, 1000));
        let page: Vec<String> = page.await?;
        let Some(end) = page.last() else {
            return Ok(count);
        };
        last.clone_from(end);
        count += page.len();
        let (from, to) = (from.to_owned(), to.to_owned());
        let copying = tokio::task::spawn_blocking(move || {
            page.iter()
                .try_for_each(|object| copy_photo(object, &from, &to))
        });
        copying.await.context("photos")??;
    }
}

fn copy_photo(object: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    for name in [object.to_owned(), format!("{object}.thumb")] {
        let target = to.join(&name);
        fs::create_dir_all(target.parent().unwrap_or(to)).context("photos")?;
        fs::copy(from.join(&name), target).with_context(|| format!("photo {name}"))?;
    }
    Ok(())
}

/// Copies a backup into an empty data folder and gives every log a new life, so that phones compare and refill
/// what it lacks. Photos go to the folder `photos`, if they are in one. Returns the number of photo files and of logs.
///
/// # Errors
/// If `from` is no backup or `data` already holds a database.
pub async fn restore(
    from: &Path,
    data: &Path,
    photos: Option<&Path>,
) -> anyhow::Result<(usize, usize)> {
    let database = data.join("xuncha.db");
    ensure!(
        from.join("xuncha.db").exists(),
        "{} is not a backup: xuncha.db is missing",
        from.display()
    );
    ensure!(
        !database.exists(),
        "{} holds a database; restore into an empty folder",
        data.display()
    );
    fs::create_dir_all(data)?;
    for name in ["xuncha.db", "server.key"] {
        fs::copy(from.join(name), data.join(name)).with_context(|| name.to_owned())?;
    }
    let photos = match photos {
        Some(to) if from.join("blobs").exists() => {
            copy_tree(&from.join("blobs"), &to.join("blobs")).context("photos")?
        }
        _ => 0,
    };
    let renew = |tx: &mut dyn crate::storage::Tx| {
        // A backup may be older than the server trusts its clock for; who restores has looked.
        spaces::delete_meta(tx, SIGNED)?;
        let all = spaces::list(tx)?;
        for space in &all {
            spaces::renew_log(tx, &space.id, LogId(random()))?;
        }
        Ok::<_, StorageError>(all.len())
    };
    let logs = Storage::open(&database)?.write(renew).await?;
    Ok((photos, logs))
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(to)?;
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            count += copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
            count += 1;
        }
    }
    Ok(count)
}
