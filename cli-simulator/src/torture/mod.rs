//! Torture of the log on PostgreSQL: many writers at two processes, late commits, failed transactions and killed
//! connections. Concurrent readers must never see a sequence number before every lower number.
//!
//! Writers behave as devices do: they send a pack again until it is answered.

mod readers;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;
use sync_core::{record::DeviceId, wire::push};
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
    ingest::Ingest,
    storage::{StorageError, log, spaces},
};

use crate::{bench::Generator, postgres, world::World};

/// The plan of a torture.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Devices that push concurrently, each to one process and then to the other.
    pub writers: usize,
    /// Packs of each device.
    pub packs: usize,
    /// Changes in each pack.
    pub changes: usize,
    /// Counties that they write to.
    pub spaces: usize,
    /// Milliseconds between two kills of a busy database connection; 0 for no kills.
    pub kill_every_ms: u64,
    /// Seed; the same seed gives the same documents.
    pub seed: u64,
}

/// The result of a torture.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Changes that were acknowledged.
    pub acknowledged: u64,
    /// Changes in the logs at the end.
    pub stored: u64,
    /// Packs that had to be sent again.
    pub sent_again: u64,
    /// Killed busy connections.
    pub kills: u64,
    /// Reads by the readers.
    pub looks: u64,
    /// Reads that found new changes.
    pub grown: u64,
    /// Changes per second, from the first pack to the last.
    pub rate: f64,
    /// Violations: sequence numbers skipped or used twice, changes lost or duplicated.
    pub broken: Vec<String>,
}

impl Outcome {
    /// The report as text.
    pub fn text(&self) -> String {
        let verdict = if self.broken.is_empty() {
            "kept   every number was seen, once, in order; nothing acknowledged is missing"
                .to_owned()
        } else {
            format!("BROKEN {}", self.broken.join("\n       "))
        };
        format!(
            "acknowledged {} · stored {} · packs sent again {} · connections killed {} · looks {} ({} with news) · {:.0} changes/s\n{verdict}",
            self.acknowledged,
            self.stored,
            self.sent_again,
            self.kills,
            self.looks,
            self.grown,
            self.rate,
        )
    }
}

fn counties(count: usize) -> Vec<World> {
    let county = |n: usize| {
        World::of(
            format!("429999/4299{n:02}")
                .parse()
                .expect("codes of a path"),
        )
    };
    (0..count).map(county).collect()
}

/// Runs a plan on a new database of `server`.
///
/// # Errors
/// If the database cannot be created, or a pack is refused.
pub fn run(folder: &Path, server: &postgres::Server, plan: &Plan) -> anyhow::Result<Outcome> {
    let mut config = Config::new(folder, ([127, 0, 0, 1], 0).into());
    let address = server.create("torture")?;
    config.database = Some(address.clone());
    config.key_in_database = true;
    let mut generator = Generator::open(&config, counties(plan.spaces), plan.writers, plan.seed)?;
    let (other, components) = open(&config, system_clock())?;
    server.execute("torture", include_str!("harm.sql"))?;
    let lanes = lanes(&mut generator, plan)?;

    let over = Arc::new(AtomicBool::new(false));
    let readers = readers::start(&generator, [generator.storage.clone(), other], &over);
    let sent_again = Arc::new(AtomicU64::new(0));
    let processes = [
        generator.components.ingest.clone(),
        components.ingest.clone(),
    ];
    let started = Instant::now();
    let writers: Vec<_> = lanes
        .into_iter()
        .enumerate()
        .map(|(n, lane)| {
            let (processes, again) = (processes.clone(), Arc::clone(&sent_again));
            generator.spawn(write(n, lane, processes, again))
        })
        .collect();
    let mut kills = 0;
    while plan.kill_every_ms > 0 && writers.iter().any(|w| !w.is_finished()) {
        std::thread::sleep(Duration::from_millis(plan.kill_every_ms));
        kills += u64::from(
            server
                .execute("torture", include_str!("kill_backend.sql"))?
                .contains('t'),
        );
    }
    for writer in writers {
        generator.block_on(writer).context("a writer")??;
    }
    let seconds = started.elapsed().as_secs_f64();
    over.store(true, SeqCst);
    let acknowledged = (plan.writers * plan.packs * plan.changes) as u64;
    let mut seen = readers::finish(&generator, readers)?;
    let stored = stored(&generator)?;
    if stored != acknowledged {
        seen.broken.push(format!(
            "{acknowledged} changes were acknowledged, {stored} are stored"
        ));
    }
    Ok(Outcome {
        acknowledged,
        stored,
        sent_again: sent_again.load(SeqCst),
        kills,
        looks: seen.looks,
        grown: seen.grown,
        rate: acknowledged as f64 / seconds,
        broken: seen.broken,
    })
}

type Lane = Vec<(DeviceId, push::Request)>;

fn lanes(generator: &mut Generator, plan: &Plan) -> anyhow::Result<Vec<Lane>> {
    let at = system_clock()().0 + 60_000;
    let mut lanes = Vec::new();
    for writer in 0..plan.writers {
        let mut lane = Vec::new();
        for _ in 0..plan.packs {
            let entries = (0..plan.changes).map(|_| Ok(generator.record(writer, at)?.1));
            let entries = entries.collect::<anyhow::Result<Vec<_>>>()?;
            lane.push((
                generator.writers[writer].id,
                generator.seal(writer, entries),
            ));
        }
        lanes.push(lane);
    }
    Ok(lanes)
}

/// One device: sends each pack to one of the processes, and again to the other one until it is answered.
async fn write(
    n: usize,
    lane: Lane,
    processes: [Ingest; 2],
    sent_again: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    const TRIES: usize = 200;
    for (at, (device, pack)) in lane.into_iter().enumerate() {
        let mut attempt = 0;
        loop {
            let process = &processes[(n + at + attempt) % 2];
            match process.push(device, pack.clone()).await {
                Ok(push::Response::Stored { refused, .. }) => {
                    anyhow::ensure!(refused.is_empty(), "refused: {refused:?}");
                    break;
                }
                Ok(fork) => anyhow::bail!("a pack that follows was taken for a fork: {fork:?}"),
                Err(error) => {
                    attempt += 1;
                    sent_again.fetch_add(1, SeqCst);
                    anyhow::ensure!(attempt < TRIES, "never answered: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
    Ok(())
}

/// Changes in all logs.
fn stored(generator: &Generator) -> anyhow::Result<u64> {
    let count = generator.storage.read(|tx| {
        let mut count = 0;
        for space in spaces::list(tx)? {
            count += log::count(tx, &space.id, 0, u64::MAX >> 1)?;
        }
        Ok::<_, StorageError>(count)
    });
    Ok(generator.block_on(count)?)
}
