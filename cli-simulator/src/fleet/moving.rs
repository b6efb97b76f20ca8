//! Moves a server to another database and photo store during the run.

use std::{path::PathBuf, thread::JoinHandle};

use anyhow::{Context, ensure};
use sync_core::{
    identity::SecretKey,
    record::{LocationKind, PhotoHash, PhotoRole},
    sync::Options,
};
use xuncha_server::{
    config::Config,
    migrate::{self, Comparison, Stores},
    photos::{Store, Target},
    storage::Storage,
};

use crate::{
    bench::Generator,
    phone::{Http, Phone},
    world::{World, observation, photo},
};

/// A move in progress.
pub(super) type Mover = JoinHandle<anyhow::Result<Comparison>>;

/// The target, and the amount of data to move in addition to the fleet's.
#[derive(Debug, Clone)]
pub struct Moving {
    /// `--to-database`.
    pub database: String,
    /// `--to-photos`.
    pub photo_store: String,
    /// Documents that exist before the run.
    pub records: usize,
    /// Photos that exist before the run.
    pub photos: usize,
}

impl Moving {
    /// Generates the documents that the server has before the run.
    pub(super) fn fill(&self, config: &Config, world: &World, seed: u64) -> anyhow::Result<()> {
        let mut generator = Generator::open(config, vec![world.clone()], 4, seed)?;
        generator.fill(self.records, 1, &|_| {})?;
        Ok(())
    }

    /// Takes the photos on a device and uploads them to the server.
    pub(super) fn take(
        &self,
        phone: &mut Phone,
        world: &World,
        direct: &Http,
    ) -> anyhow::Result<Vec<PhotoHash>> {
        let mut taken = Vec::new();
        for n in 0..self.photos {
            let shot = photo(&mut phone.device, 1_000 + n as u64, PhotoRole::Before)?;
            taken.push(shot.hash);
            let building = format!("{}栋", 1 + n % 40);
            let place = (building.as_str(), "1单元", "1层", LocationKind::Stairwell);
            let found = observation(
                &world.compounds[0],
                "EG-03",
                place,
                "楼梯间堆物",
                vec![shot],
            );
            phone.device.observe(found, None)?;
        }
        let report = phone.sync(&mut direct.clone(), Options::default())?;
        ensure!(report.complete, "the photos did not arrive: {report:?}");
        Ok(taken)
    }

    /// The server's settings after the move.
    pub(super) fn config(&self, old: &Config) -> Config {
        Config {
            database: Some(self.database.clone()),
            photos: Some(self.photo_store.clone()),
            data: old.data.join("moved"),
            // A move does not copy the signing key.
            key: Some(old.key_file()),
            ..old.clone()
        }
    }

    /// Starts the move in a thread, as `xuncha admin migrate-store` does in a process of its own.
    pub(super) fn begin(&self, data: PathBuf, key: SecretKey) -> Mover {
        let moving = self.clone();
        std::thread::spawn(move || moving.run(&data, &key))
    }

    fn run(&self, data: &std::path::Path, key: &SecretKey) -> anyhow::Result<Comparison> {
        let photos = |setting| anyhow::Ok(Store::open(&Target::parse(setting, data)?)?);
        let from = Stores {
            storage: Storage::open(&data.join("xuncha.db"))?,
            photos: photos(None)?,
        };
        let to = Stores {
            storage: Storage::connect(&self.database, None)?,
            photos: photos(Some(&self.photo_store))?,
        };
        let quiet = |_: &'static str, _: u64, _: u64| {};
        tokio::runtime::Runtime::new()?.block_on(async {
            // Two copies while the old server still serves, so that little is left to copy when it has stopped.
            migrate::copy(&from, &to, key, &quiet).await?;
            migrate::copy(&from, &to, key, &quiet).await?;
            from.storage.set_moved(true)?;
            migrate::copy(&from, &to, key, &quiet).await?;
            let comparison = migrate::compare(&from, &to, &quiet).await?;
            ensure!(comparison.is_equal(), "{}", comparison.text());
            migrate::finish(&from, &to).await?;
            Ok(comparison)
        })
    }
}

/// The comparison of a move that has ended.
pub(super) fn joined(mover: Mover) -> anyhow::Result<Comparison> {
    let ended = mover.join();
    ended
        .map_err(|_| anyhow::anyhow!("the mover died"))?
        .context("the move")
}
