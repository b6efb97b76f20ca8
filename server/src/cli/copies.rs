//! `xuncha admin backup`, `restore`, `verify`: copies of a server, and checks of its data.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use xuncha_server::{
    access::{embedded_key, shared_key},
    app::{open, system_clock},
    backup::{self, Restored},
    blobs::{Store, Target},
    config::Config,
    folder,
    storage::Storage,
};

/// Photos that are listed one by one; of the rest only the number is shown.
const NAMED: usize = 50;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder to write; must not exist.
    to: PathBuf,
    /// Also copy the signing key to this file, which must not exist; store it separately from the backup.
    #[arg(long)]
    with_key: Option<PathBuf>,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Folder of the backup.
    from: PathBuf,
    /// The copy of the server's signing key; not needed for backups of earlier versions, which contain it.
    #[arg(long)]
    key: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// 修复：删除字节已丢失或损坏的照片的登记，让仍保有照片的设备重新上传 / Delete the rows of photos whose bytes are lost or damaged, so that
    /// devices that still have them send them again.
    #[arg(long)]
    mend: bool,
    /// 照片存储已整体丢失，接受新的空存储 / With --mend: the whole photo store is lost, and the one named by --blobs takes its place.
    #[arg(long, requires = "mend")]
    store_lost: bool,
}

/// The embedded database if it is on a read-only disk; `None` if it is writable or not embedded.
///
/// If a killed server left changes in its write-ahead log, or an earlier version wrote the database, it is copied to the
/// system's temporary folder and read there.
pub(super) fn read_only(config: &Config) -> anyhow::Result<Option<Storage>> {
    let file = config.data.join("xuncha.db");
    if config.database.is_some() || !file.exists() || !folder::is_read_only(&config.data) {
        return Ok(None);
    }
    println!(
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

impl Backup {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let file = config.data.join("xuncha.db");
        ensure!(
            config.database.is_none(),
            "PostgreSQL is backed up with its own tools (pg_basebackup, pg_dump)"
        );
        ensure!(
            file.exists(),
            "{} is not there; name the folder with --data",
            file.display()
        );
        if let Some(key) = &self.with_key {
            ensure!(
                !key.exists(),
                "--with-key: {} exists; name a new file",
                key.display()
            );
            ensure!(
                !key.starts_with(&self.to),
                "--with-key: {} lies in the backup; keep the key apart from it",
                key.display()
            );
        }
        let (opening, read) = (config.clone(), config.clone());
        let storage = match tokio::task::spawn_blocking(move || read_only(&read)).await?? {
            Some(storage) => storage,
            None => {
                let opened = tokio::task::spawn_blocking(move || {
                    let opened = open(&opening, system_clock())?;
                    anyhow::Ok(opened.0)
                });
                opened.await??
            }
        };
        let target = Target::parse(config.blobs.as_deref(), &config.data)?;
        let done = backup::backup(&storage, target.folder(), &self.to).await?;
        println!(
            "备份完成 / backed up to {}: database, {} photos",
            self.to.display(),
            done.photos
        );
        if target.folder().is_none() {
            println!(
                "照片未复制 / photos are not copied: {target} has tools of its own, such as versioning and replication"
            );
        }
        if !done.missing.is_empty() {
            println!(
                "备份不完整 / the backup is INCOMPLETE: {} photos are listed whose bytes are lost or damaged; see `xuncha admin verify --mend`:",
                done.missing.len()
            );
            name(&done.missing);
        }
        match &self.with_key {
            Some(to) => {
                backup::copy_key(&config.key_file(), to)?;
                println!(
                    "密钥已复制 / signing key copied to {}: keep it apart from the backup",
                    to.display()
                );
            }
            None => println!(
                "密钥不在备份中 / the signing key is not in it: keep a copy of {} elsewhere; a restore needs it",
                config.key_file().display()
            ),
        }
        Ok(())
    }
}

fn name<T: std::fmt::Display>(all: &[T]) {
    for one in all.iter().take(NAMED) {
        println!("  {one}");
    }
    if all.len() > NAMED {
        println!("  … {} more", all.len() - NAMED);
    }
}

impl Restore {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        ensure!(
            config.database.is_none(),
            "restore is for SQLite; restore PostgreSQL with its own tools"
        );
        let target = Target::parse(config.blobs.as_deref(), &config.data)?;
        let (key, to) = (self.key.as_deref(), config.key_file());
        let restored = backup::restore(&self.from, &config.data, &target, key, &to).await?;
        let Restored {
            photos,
            logs,
            lost,
            complete,
        } = restored;
        println!(
            "已恢复 / restored: {photos} photos, {logs} logs with a new life; phones refill the rest"
        );
        if !complete {
            println!("备份不完整 / the backup had been marked incomplete when it was made");
        }
        if !lost.is_empty() {
            println!(
                "缺少照片 / {} photos are not in it and are unknown now; phones that still have them send them:",
                lost.len()
            );
            name(&lost);
        }
        Ok(())
    }
}

impl Verify {
    /// Refuses to mend against a store that is not the one of this server: every row of a photo would be deleted, and the
    /// next start would remove the photos themselves as orphans.
    async fn check_owner(
        &self,
        config: &Config,
        storage: &Storage,
        photos: &Store,
    ) -> anyhow::Result<()> {
        let key = match &config.database {
            Some(_) => shared_key(storage, config.key.as_deref())?,
            None => embedded_key(storage, &config.key_file())?,
        };
        let owned = photos.is_owned_by(&key.public()).await.context("--blobs")?;
        if self.store_lost && !owned {
            photos.claim(&key.public()).await.context("--blobs")?;
            return Ok(());
        }
        ensure!(
            owned,
            "{photos:?} 不是本服务器的照片存储 / is not the photo store of this server: name the right one with --blobs; if that is lost, add --store-lost"
        );
        Ok(())
    }

    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let found = self.compare(&config).await?;
        println!(
            "{} records, {} photos compared",
            found.records, found.photos
        );
        for (what, wrong) in [
            (
                "记录不符 / records differ from their sums",
                &found.records_wrong,
            ),
            ("路径合计不符 / sums of paths differ", &found.paths_wrong),
        ] {
            if !wrong.is_empty() {
                println!("{what}: {}", wrong.len());
                name(wrong);
            }
        }
        for (what, wrong) in [
            ("照片丢失 / photos whose bytes are lost", &found.missing),
            ("照片损坏 / photos whose bytes are damaged", &found.damaged),
        ] {
            if !wrong.is_empty() {
                println!("{what}: {}", wrong.len());
                name(wrong);
            }
        }
        ensure!(
            found.is_equal(),
            "the server does not hold what it says; see above{}",
            if self.mend {
                "; what could be mended is mended"
            } else {
                ""
            }
        );
        println!("一致 / everything is as it says");
        Ok(())
    }

    async fn compare(&self, config: &Config) -> anyhow::Result<backup::Verified> {
        let (opening, mend) = (config.clone(), self.mend);
        let opened = tokio::task::spawn_blocking(move || {
            let file = opening.data.join("xuncha.db");
            ensure!(
                opening.database.is_some() || file.exists(),
                "{} is not there; name the folder with --data",
                file.display()
            );
            match read_only(&opening)? {
                Some(storage) => {
                    ensure!(!mend, "--mend: the disk takes no writes");
                    Ok(storage)
                }
                None => Ok(open(&opening, system_clock())?.0),
            }
        });
        let storage = opened.await??;
        let target = Target::parse(config.blobs.as_deref(), &config.data)?;
        let photos = Store::open(&target)?;
        if self.mend {
            self.check_owner(config, &storage, &photos).await?;
        }
        let style = ProgressStyle::with_template("{msg:32} {bar:40} {pos}/{len} {eta}")?;
        let bar = ProgressBar::new(1).with_style(style);
        let say = |what: &'static str, done: u64, total: u64| {
            bar.set_message(what);
            bar.set_length(total.max(1));
            bar.set_position(done);
        };
        let found = backup::verify(&storage, &photos, &say).await?;
        bar.finish_and_clear();
        if self.mend {
            let unknown = backup::forget_missing(&storage, &found).await?;
            println!(
                "已标记 / {unknown} photos are unknown now; phones that still have them send them"
            );
        }
        Ok(found)
    }
}
