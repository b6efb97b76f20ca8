//! Opens the database of a read-only disk.

use anyhow::Context;
use xuncha_server::{config::Config, folder, say, storage::Storage};

/// The embedded database if it is on a read-only disk; `None` if it is writable or not embedded.
///
/// If a killed server left changes in its write-ahead log, or an earlier version wrote the database, it is copied to the
/// system's temporary folder and read there.
pub(super) fn read_only(config: &Config) -> anyhow::Result<Option<Storage>> {
    let file = config.data.join("xuncha.db");
    if config.database.is_some() || !file.exists() || !folder::is_read_only(&config.data) {
        return Ok(None);
    }
    say!(
        "只读磁盘 / the disk of {} is read-only: the database is only read",
        config.data.display()
    );
    let log = folder::beside(&file, "-wal");
    let unsaved = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    if !unsaved {
        let storage = Storage::open_read_only(&file)?;
        if storage.is_newest_schema()? {
            return Ok(Some(storage));
        }
    }
    let aside = std::env::temp_dir().join(format!("xuncha-read-{}", std::process::id()));
    folder::make(&aside)?;
    let copy = aside.join("xuncha.db");
    let copied = folder::copy(&file, &copy)
        .and_then(|_| match unsaved {
            true => folder::copy(&log, &folder::beside(&copy, "-wal")).map(drop),
            false => Ok(()),
        })
        .with_context(|| format!("{} must have room for the database", aside.display()));
    let opened = copied.and_then(|_| Ok(Storage::open(&copy)?));
    if cfg!(unix) {
        // Files that are open stay readable after their removal, so nothing remains on the disk.
        let _ = std::fs::remove_dir_all(&aside);
    }
    opened.map(Some)
}
