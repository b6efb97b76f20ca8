//! Backup and restore of a data folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sync_core::record::LogId;

use crate::{
    access::random,
    storage::{Storage, StorageError, spaces},
};

/// Copies a data folder that may be in use; returns the number of photo files.
///
/// The database first, photos after: every photo that the copied database lists is durable before it is listed.
///
/// # Errors
/// If `to` exists or cannot be written.
pub async fn backup(storage: &Storage, data: &Path, to: &Path) -> anyhow::Result<usize> {
    ensure!(!to.exists(), "{} exists; choose a new folder", to.display());
    fs::create_dir_all(to)?;
    if let Err(error) = storage.backup(&to.join("xuncha.db")).await {
        // The folder is made for nothing then, and would be in the way of the next try.
        let _ = fs::remove_dir_all(to);
        return Err(error).context("database");
    }
    fs::copy(data.join("server.key"), to.join("server.key")).context("server key")?;
    copy_tree(&data.join("blobs"), &to.join("blobs")).context("photos")
}

/// Copies a backup into an empty data folder and gives every log a new life, so that phones compare and refill
/// what it lacks. Returns the number of photo files and of logs.
///
/// # Errors
/// If `from` is no backup or `data` already holds a database.
pub async fn restore(from: &Path, data: &Path) -> anyhow::Result<(usize, usize)> {
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
    let photos = copy_tree(&from.join("blobs"), &data.join("blobs")).context("photos")?;
    let renew = |tx: &mut dyn crate::storage::Tx| {
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
