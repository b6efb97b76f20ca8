//! `xuncha admin verify`: checks the data of a server.

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use xuncha_server::{
    app::{open, system_clock},
    backup,
    config::Config,
    keys::{embedded_key, shared_key},
    photos::{Store, Target},
    say,
    storage::Storage,
};

use super::{named, read_only::read_only};

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// 修复：删除字节已丢失或损坏的照片的登记，让仍保有照片的设备重新上传 / Delete the rows of photos whose bytes are lost or damaged, so that
    /// devices that still have them send them again.
    #[arg(long)]
    mend: bool,
    /// 照片存储已整体丢失，接受新的空存储 / With --mend: the whole photo store is lost, and the one named by --photos takes its place.
    #[arg(long, requires = "mend")]
    store_lost: bool,
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
            Some(_) => shared_key(storage, config.shared_key())?,
            None => embedded_key(storage, &config.key_file())?,
        };
        let owned = photos
            .is_owned_by(&key.public())
            .await
            .context("--photos")?;
        if self.store_lost && !owned {
            photos.claim(&key.public()).await.context("--photos")?;
            return Ok(());
        }
        ensure!(
            owned,
            "{photos:?} 不是本服务器的照片存储 / is not the photo store of this server: name the right one with --photos; if that is lost, add --store-lost"
        );
        Ok(())
    }

    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let found = self.compare(&config).await?;
        say!(
            "{} records, {} photos compared",
            found.records,
            found.photos
        );
        for (what, wrong) in [
            (
                "记录不符 / records differ from their sums",
                &found.records_wrong,
            ),
            ("路径合计不符 / sums of paths differ", &found.paths_wrong),
        ] {
            if !wrong.is_empty() {
                say!("{what}: {}", wrong.len());
                named::list(wrong);
            }
        }
        for (what, wrong) in [
            ("照片丢失 / photos whose bytes are lost", &found.missing),
            ("照片损坏 / photos whose bytes are damaged", &found.damaged),
        ] {
            if !wrong.is_empty() {
                say!("{what}: {}", wrong.len());
                named::list(wrong);
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
        say!("一致 / everything is as it says");
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
        let target = Target::parse(config.photos.as_deref(), &config.data)?;
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
            say!(
                "已标记 / {unknown} photos are unknown now; devices that still have them send them again"
            );
        }
        Ok(found)
    }
}
