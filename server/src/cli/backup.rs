//! `xuncha admin backup`: copies a server.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use xuncha_server::{
    app::{open, system_clock},
    backup,
    config::Config,
    photos::Target,
    say,
};

use super::{named, read_only::read_only};

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder to write; must not exist.
    to: PathBuf,
    /// Also copy the signing key to this file, which must not exist; store it separately from the backup.
    #[arg(long)]
    with_key: Option<PathBuf>,
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
        let target = Target::parse(config.photos.as_deref(), &config.data)?;
        let done = backup::backup(&storage, target.folder(), &self.to).await?;
        say!(
            "备份完成 / backed up to {}: database, {} photos",
            self.to.display(),
            done.photos
        );
        if target.folder().is_none() {
            say!(
                "照片未复制 / photos are not copied: {target} has tools of its own, such as versioning and replication"
            );
        }
        if !done.missing.is_empty() {
            say!(
                "备份不完整 / the backup is INCOMPLETE: {} photos are listed whose bytes are lost or damaged; see `xuncha admin verify --mend`:",
                done.missing.len()
            );
            named::list(&done.missing);
        }
        match &self.with_key {
            Some(to) => {
                backup::copy_key(&config.key_file(), to)?;
                say!(
                    "密钥已复制 / signing key copied to {}: keep it apart from the backup",
                    to.display()
                );
            }
            None => say!(
                "密钥不在备份中 / the signing key is not in it: keep a copy of {} elsewhere; a restore needs it",
                config.key_file().display()
            ),
        }
        Ok(())
    }
}
