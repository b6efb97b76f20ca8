//! `xuncha admin catalogue`: shows the editions of the catalogue, and installs new ones.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Subcommand;
use sync_core::catalogue::Catalogue;
use xuncha_server::{
    editions::{Installable, present},
    http::Components,
    say,
    storage::Storage,
};

use super::refold;

/// Commands about the catalogue.
#[derive(Debug, Subcommand)]
pub(crate) enum Editions {
    /// 各版目录 / List the editions.
    List,
    /// 导出目录 / Print all editions with their tables as JSON: the text to edit for the next edition.
    #[command(after_help = "Example:\n  xuncha admin catalogue export > catalogue.json")]
    Export,
    /// 安装新版目录 / Install a catalogue with a newer edition. It holds from the next start of the server on.
    #[command(
        after_help = "Example:\n  xuncha admin catalogue export > catalogue.json\n  (add an edition in front, and new versions of the tables that change, in front of their earlier versions)\n  xuncha admin catalogue install catalogue.json --report > changes.txt\n  xuncha admin catalogue install catalogue.json\n  (restart every server process; devices get it with their next session)\n\nEarlier editions and versions stay as they are: what was recorded under them stays judged by them."
    )]
    Install {
        /// 目录文件 / The catalogue as JSON.
        file: PathBuf,
        /// 只列出变化，不安装 / Only list what would change in the ledger and in sealed reports.
        #[arg(long)]
        report: bool,
        /// 新版自今天或更早起施行也安装 / Install it also if it is in force today already or since an earlier day.
        #[arg(long)]
        retroactive: bool,
    },
}

impl Editions {
    pub(crate) async fn run(
        self,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        match self {
            Self::List => {
                list(components.editions.catalogue());
                Ok(())
            }
            Self::Export => {
                let storage = storage.clone();
                let read = tokio::task::spawn_blocking(move || present(&storage)).await??;
                say!("{}", String::from_utf8(read)?);
                Ok(())
            }
            Self::Install {
                file,
                report,
                retroactive,
            } => {
                let named = || file.display().to_string();
                let json = std::fs::read(&file).with_context(named)?;
                let storage = storage.clone();
                let reading = storage.clone();
                let read = move || Installable::read(&reading, &json);
                let new = tokio::task::spawn_blocking(read)
                    .await?
                    .with_context(named)?;
                if report {
                    return refold::report(&storage, components, new.catalogue()).await;
                }
                ensure!(
                    retroactive || !new.is_retroactive(components.access.now()),
                    "新版的施行日期不晚于今天，已登记的可能改判：把 valid_from 改为明天或以后，或先看 --report 再加 --retroactive / a new edition is in force today already, so that records may be judged again: set valid_from to a later day, or read --report and add --retroactive"
                );
                let catalogue = new.catalogue().clone();
                new.install(&storage).await?;
                list(&catalogue);
                say!(
                    "已安装，重启服务后生效；设备在下次会话时自动更新 / installed; restart the server to use it, devices get it with their next session"
                );
                Ok(())
            }
        }
    }
}

fn list(catalogue: &Catalogue) {
    for edition in catalogue.editions() {
        say!(
            "第{}版  自{}起  {} / {}",
            edition.number,
            edition.valid_from,
            edition.zh,
            edition.en
        );
    }
}
