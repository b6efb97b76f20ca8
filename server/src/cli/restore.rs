//! `xuncha admin restore`: restores a backup.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use xuncha_server::{
    backup::{self, Restored},
    config::Config,
    photos::Target,
    say,
};

use super::named;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Folder of the backup.
    from: PathBuf,
    /// The copy of the server's signing key; not needed for backups of earlier versions, which contain it.
    #[arg(long)]
    key: Option<PathBuf>,
}

impl Restore {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        ensure!(
            config.database.is_none(),
            "restore is for SQLite; restore PostgreSQL with its own tools"
        );
        let target = Target::parse(config.photos.as_deref(), &config.data)?;
        let (key, to) = (self.key.as_deref(), config.key_file());
        let restored = backup::restore(&self.from, &config.data, &target, key, &to).await?;
        let Restored {
            photos,
            logs,
            codes,
            sessions,
            lost,
            complete,
        } = restored;
        say!(
            "已恢复 / restored: {photos} photos, {logs} logs begin a new log epoch; devices send the rest again"
        );
        if codes + sessions > 0 {
            say!(
                "备份里未用的登记码、登录码 {codes} 个和未结束的会话 {sessions} 个已作废：备份之后可能用过 / {codes} unused codes and {sessions} sessions of the backup are ended: they may have been used since; make new codes"
            );
        }
        if !complete {
            say!("备份不完整 / the backup had been marked incomplete when it was made");
        }
        if !lost.is_empty() {
            say!(
                "缺少照片 / {} photos are not in it and are unknown now; devices that still have them send them again:",
                lost.len()
            );
            named::list(&lost);
        }
        Ok(())
    }
}
