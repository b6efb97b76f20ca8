//! A server that moves to another database and photo store while the fleet is at work.

use std::{path::PathBuf, thread::JoinHandle};

use anyhow::{Context, ensure};
use sync_core::{
    identity::SecretKey,
    record::{BlobHash, LocationKind, PhotoRole},
    sync::Options,
};
use xuncha_server::{
    blobs::{Store, Target},
    config::Config,
    migrate::{self, Comparison, Place},
    storage::Storage,
};

use crate::{
    bench::Generator,
    phone::{Http, Phone},
    world::{World, observation, photo},
};

/// A move in progress.
pub(super) type Mover = JoinHandle<anyhow::Result<Comparison>>;

/// Where to, and how much there is to move beside what the fleet makes.
#[derive(Debug, Clone)]
pub struct Moving {
    /// `--to-database`.
    pub database: String,
    /// `--to-blobs`.
    pub blobs: String,
    /// Records that are there before the days begin.
    pub records: usize,
    /// Photos that are there before the days begin.
    pub photos: usize,
}

impl Moving {
    /// What the server has before the fleet begins.
    pub(super) fn fill(&self, config: &Config, world: &World, seed: u64) -> anyhow::Result<()> {
        let mut generator = Generator::open(config, vec![world.clone()], 4, seed)?;
        generator.fill(self.records, 1, &|_| {})?;
        Ok(())
    }

    /// Takes the photos with a phone and brings them to the server.
    pub(super) fn take(
        &self,
        phone: &mut Phone,
        world: &World,
        direct: &Http,
    ) -> anyhow::Result<Vec<BlobHash>> {
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
            blobs: Some(self.blobs.clone()),
            data: old.data.join("moved"),
            ..old.clone()
        }
    }

    /// Begins to move, as `xuncha admin migrate-store` does in a process of its own.
    pub(super) fn begin(&self, data: PathBuf, key: SecretKey) -> Mover {
        let moving = self.clone();
        std::thread::spawn(move || moving.run(&data, &key))
    }

    fn run(&self, data: &std::path::Path, key: &SecretKey) -> anyhow::Result<Comparison> {
        let photos = |setting| anyhow::Ok(Store::open(&Target::parse(setting, data)?)?);
        let from = Place {
            storage: Storage::open(&data.join("xuncha.db"))?,
            photos: photos(None)?,
        };
        let to = Place {
            storage: Storage::connect(&self.database, None)?,
            photos: photos(Some(&self.blobs))?,
        };
        let quiet = |_: &'static str, _: u64, _: u64| {};
        tokio::runtime::Runtime::new()?.block_on(async {
            // Twice while the old server serves, so that little is left for the last moments.
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

/// What the mover found, once it has ended.
pub(super) fn joined(mover: Mover) -> anyhow::Result<Comparison> {
    let ended = mover.join();
    ended
        .map_err(|_| anyhow::anyhow!("the mover died"))?
        .context("the move")
}
