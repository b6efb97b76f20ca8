//! Backup and restore of a data folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sync_core::record::LogId;
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
    storage::{Storage, spaces},
};

/// The database first, photos after: every photo that the copied database lists is durable before it is listed.
pub(super) async fn backup(storage: &Storage, config: &Config, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists; choose a new folder", to.display());
    fs::create_dir_all(to)?;
    storage
        .backup(&to.join("xuncha.db"))
        .await
        .context("database")?;
    fs::copy(config.data.join("server.key"), to.join("server.key")).context("server key")?;
    let photos = copy_tree(&config.data.join("blobs"), &to.join("blobs")).context("photos")?;
    println!(
        "备份完成 / backed up to {}: database, key, {photos} photo files",
        to.display()
    );
    Ok(())
}

/// Copies a backup into an empty folder and gives every log a new life, so that phones offer what it lacks.
pub(super) async fn restore(from: &Path, config: &Config) -> anyhow::Result<()> {
    let data = &config.data;
    ensure!(
        from.join("xuncha.db").exists(),
        "{} is not a backup: xuncha.db is missing",
        from.display()
    );
    ensure!(
        !data.join("xuncha.db").exists(),
        "{} holds a database; restore into an empty folder",
        data.display()
    );
    fs::create_dir_all(data)?;
    for name in ["xuncha.db", "server.key"] {
        fs::copy(from.join(name), data.join(name)).with_context(|| name.to_owned())?;
    }
    let photos = copy_tree(&from.join("blobs"), &data.join("blobs")).context("photos")?;
    let (storage, _) = open(config, system_clock())?;
    let count = renew_logs(&storage).await?;
    println!(
        "已恢复 / restored: {photos} photo files, {count} logs with a new life; phones refill the rest"
    );
    Ok(())
}

async fn renew_logs(storage: &Storage) -> anyhow::Result<usize> {
    let renewed = storage
        .write(|tx| {
            let all = spaces::list(tx)?;
            for space in &all {
                let mut log = [0; 8];
                let random = getrandom::fill(&mut log);
                random.map_err(|e| xuncha_server::storage::StorageError::Engine(e.to_string()))?;
                spaces::renew_log(tx, &space.id, LogId(log))?;
            }
            Ok::<_, xuncha_server::storage::StorageError>(all.len())
        })
        .await?;
    Ok(renewed)
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
