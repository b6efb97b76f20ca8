//! `xuncha admin migrate-store`: moves a server from SQLite and a folder to PostgreSQL and a bucket.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use xuncha_server::{
    config::Config,
    folder,
    keys::embedded_key,
    migrate::{self, Stores},
    photos::{Store, Target},
    say,
    storage::Storage,
};

use super::settings::database_file;

/// Arguments of `migrate-store`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha admin migrate-store --data ./data --to-database postgres://xuncha@db/xuncha \\\n    --to-photos 's3://photos?endpoint=https://s3.example.org'\n\nMay be ended at any time and run again. The server may run during the copy; during the comparison at the end it answers devices that it is busy, and they retry.\nAfterwards start it with --database and --photos of the new place, and with --key-file: the move does not copy the signing key."
)]
pub(crate) struct MigrateStore {
    /// Database to fill; it must be empty, or partly filled by this command.
    #[arg(
        long,
        required_unless_present_any = ["undo", "to_database_file"],
        env = "XUNCHA_TO_DATABASE",
        hide_env_values = true
    )]
    to_database: Option<String>,
    /// File that holds the address of the database to fill, so that its password is in no list of processes.
    #[arg(long, conflicts_with = "to_database")]
    to_database_file: Option<PathBuf>,
    /// Certificates (PEM) of the authority that signed the database's certificate.
    #[arg(long)]
    to_database_ca: Option<PathBuf>,
    /// Photo store to fill: `s3://bucket?…` or a folder.
    #[arg(
        long,
        alias = "to-blobs",
        required_unless_present = "undo",
        env = "XUNCHA_TO_PHOTOS",
        hide_env_values = true
    )]
    to_photos: Option<String>,
    /// Only copy, to shorten the time in which the server accepts no writes; run again without it to finish.
    #[arg(long)]
    copy_only: bool,
    /// Let the old server accept writes again, if the new one is not to be used; not possible after the move is
    /// finished.
    #[arg(long, conflicts_with_all = ["to_database", "to_database_file", "to_photos", "copy_only"])]
    undo: bool,
}

impl MigrateStore {
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<()> {
        ensure!(
            config.database.is_none(),
            "records are moved from SQLite; leave out --database"
        );
        let file = config.data.join("xuncha.db");
        ensure!(
            file.exists(),
            "{} is not there; name the folder with --data",
            file.display()
        );
        let unfinished = config.data.join(folder::UNFINISHED);
        ensure!(
            !unfinished.exists(),
            "{} is there: a restore was not finished; run it again",
            unfinished.display()
        );
        let from = Stores {
            storage: Storage::open(&file).context("--data")?,
            photos: store(config.photos.as_deref(), &config).context("--photos")?,
        };
        if self.undo {
            from.storage.set_moved(false)?;
            say!("旧服务器继续接收 / the old server accepts writes of devices again");
            return Ok(());
        }
        let authority = self.to_database_ca.clone();
        let url = match &self.to_database_file {
            Some(file) => database_file(file)?,
            None => self.to_database.clone().context("--to-database")?,
        };
        let opening = move || Storage::connect(&url, authority.as_deref());
        let to = Stores {
            storage: tokio::task::spawn_blocking(opening)
                .await?
                .context("--to-database")?,
            photos: store(self.to_photos.as_deref(), &config).context("--to-photos")?,
        };
        if migrate::is_released(&from, &to).await? {
            migrate::finish(&from, &to).await?;
            say!(
                "已经迁移 / moved already; start the server with --database and --photos of the new place, and with --key-file {} or a copy of it",
                config.key_file().display()
            );
            return Ok(());
        }
        let key = embedded_key(&from.storage, &config.key_file())?;
        to.photos
            .probe(&key.public(), &[])
            .await
            .context("--to-photos")?;
        self.migrate(&from, &to, &config).await
    }

    async fn migrate(self, from: &Stores, to: &Stores, config: &Config) -> anyhow::Result<()> {
        let style = ProgressStyle::with_template("{msg:32} {bar:40} {pos}/{len} {eta}")?;
        let bar = ProgressBar::new(1).with_style(style);
        let say = |what: &'static str, done: u64, total: u64| {
            bar.set_message(what);
            bar.set_length(total.max(1));
            bar.set_position(done);
        };
        let key = embedded_key(&from.storage, &config.key_file())?;
        let lost = migrate::copy(from, to, &key, &say).await?;
        if !lost.is_empty() {
            bar.suspend(|| {
                say!("照片已丢失，将向设备索取 / {} photos are lost here; devices that have them are asked:", lost.len());
                lost.iter().for_each(|hash| say!("  {hash}"));
            });
        }
        if self.copy_only {
            bar.finish_and_clear();
            say!("已复制 / copied so far; run again without --copy-only to finish");
            return Ok(());
        }
        // The old server accepts no writes from here; devices retry later.
        from.storage.set_moved(true)?;
        let compared = async {
            migrate::copy(from, to, &key, &say).await?;
            migrate::compare(from, to, &say).await
        };
        let compared = compared.await;
        bar.finish_and_clear();
        let Ok(comparison) = &compared else {
            from.storage.set_moved(false)?;
            compared.context("nothing was given up: the old server continues; run again")?;
            return Ok(());
        };
        say!("{}", comparison.text().trim_end());
        if !comparison.is_equal() {
            from.storage.set_moved(false)?;
            anyhow::bail!(
                "the two differ; the old server continues and the new one is not released"
            );
        }
        migrate::finish(from, to).await?;
        say!(
            "迁移完成，签名密钥未复制到数据库 / moved; the signing key is not in the new database: start the server with --database and --photos of the new place, and with --key-file {} or a copy of it",
            config.key_file().display()
        );
        Ok(())
    }
}

fn store(setting: Option<&str>, config: &Config) -> anyhow::Result<Store> {
    Ok(Store::open(&Target::parse(setting, &config.data)?)?)
}
