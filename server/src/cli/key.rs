//! `xuncha admin key`: the server's signing key.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use sync_core::identity::SecretKey;
use xuncha_server::{
    config::{Config, KeyPlace},
    folder,
    keys::KeyId,
    say,
};

/// What to do with the key.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// 显示公钥、编号与存放处 / Show the public key, its id and its place.
    Show,
    /// 导出私钥到新文件 / Copy the signing key to a new file that only its owner can read.
    #[command(
        after_help = "Example:\n  xuncha admin key export --to /mnt/safe/server.key --confirm\n\nDanger: the holder of the file can sign grants and receipts in the server's name. Keep it separate from backups."
    )]
    Export(Export),
}

/// Arguments of `key export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// File to write; must not exist.
    #[arg(long)]
    to: PathBuf,
    /// 确认：持有该文件者可冒充本服务器，须另行保管 / Confirm: the holder of the file can act as this server, and it is kept separate from backups.
    #[arg(long)]
    confirm: bool,
}

impl Key {
    pub(super) fn run(self, config: &Config, key: &SecretKey) -> anyhow::Result<()> {
        match self {
            Self::Show => {
                show(config, key);
                Ok(())
            }
            Self::Export(export) => export.run(key),
        }
    }
}

fn show(config: &Config, key: &SecretKey) {
    let public = key.public();
    let place = match (&config.database, config.shared_key()) {
        (None, _) => config.key_file().display().to_string(),
        (Some(_), KeyPlace::File(file)) => file.display().to_string(),
        (Some(_), _) => "PostgreSQL, meta".to_owned(),
    };
    say!("公钥 / public key: {}", hex::encode(public.0));
    say!("密钥编号 / key id: {}", KeyId::of(&public));
    say!("私钥存放处 / the secret key is in: {place}");
}

impl Export {
    fn run(self, key: &SecretKey) -> anyhow::Result<()> {
        let to = &self.to;
        ensure!(
            self.confirm,
            "未导出。持有该文件者可冒充本服务器；确认另行保管后加 --confirm / nothing was written: the holder of the file can act as this server; add --confirm if you keep it separate from backups"
        );
        folder::write_new(to, &key.to_seed()).with_context(|| {
            format!(
                "--to: {}（须为新文件 / expected a file that does not exist）",
                to.display()
            )
        })?;
        say!(
            "私钥已导出 / signing key written to {} (key id {}): keep it separate from the backups",
            to.display(),
            KeyId::of(&key.public())
        );
        Ok(())
    }
}
