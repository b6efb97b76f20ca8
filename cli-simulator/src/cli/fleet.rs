//! `xuncha-sim fleet`

use std::{path::Path, sync::Arc};

use anyhow::Context;
use clap::Args;
use cli_simulator::{
    fleet::{Cluster, Moving, Plan, Trouble, run},
    network::Profile,
    postgres::Server,
};
use indicatif::{ProgressBar, ProgressStyle};
use xuncha_server::say;

fn server() -> anyhow::Result<Server> {
    Server::start()?.context("PostgreSQL is missing: install Debian's postgresql")
}

/// Runs a fleet of real device stores through a bad network.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha-sim fleet --devices 50 --days 3 --network weak --seed 7\n  xuncha-sim fleet --devices 20 --processes 2 --kill-every 60 --crash-database\n  xuncha-sim fleet --devices 8 --days 2 --move-records 10000 --move-photos 500\n  xuncha-sim fleet --devices 12 --days 2 --damaged-photos --wrong-clocks --server-clock --restore --staff --city 2"
)]
pub(crate) struct Fleet {
    /// Number of devices.
    #[arg(long, default_value_t = 10)]
    devices: usize,
    /// Simulated days.
    #[arg(long, default_value_t = 1)]
    days: usize,
    /// Network profile: good, weak, 2g or tunnel.
    #[arg(long, default_value = "weak")]
    network: String,
    /// Seed; the same seed gives the same people and the same actions.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Number of server processes over a temporary PostgreSQL, instead of one server in this process.
    #[arg(long)]
    processes: Option<usize>,
    /// Calls after which one of the processes is killed and another is started.
    #[arg(long, default_value_t = 100, requires = "processes")]
    kill_every: u64,
    /// Crash the PostgreSQL server once, too.
    #[arg(long, requires = "processes")]
    crash_database: bool,
    /// Photo store of the processes, or of the server after its move, as for `xuncha serve --photos`; a folder of the run if absent.
    #[arg(long, alias = "blobs")]
    photos: Option<String>,
    /// Half way, move the server to a temporary PostgreSQL, with this many documents from before the run.
    #[arg(long, conflicts_with = "processes")]
    move_records: Option<usize>,
    /// Photos from before the run.
    #[arg(long, default_value_t = 100, requires = "move_records")]
    move_photos: usize,
    /// Damage photo files before they are sent.
    #[arg(long)]
    damaged_photos: bool,
    /// Give some devices wrong clocks.
    #[arg(long)]
    wrong_clocks: bool,
    /// Let the server's clock jump back and ahead.
    #[arg(long, conflicts_with_all = ["processes", "move_records"])]
    server_clock: bool,
    /// Half way, restore the server from an older backup of itself.
    #[arg(long, conflicts_with_all = ["processes", "move_records"])]
    restore: bool,
    /// Revoke, copy, share and move devices during the run, and enrol another one; with --restore, restore twice.
    #[arg(long, conflicts_with_all = ["processes", "move_records"])]
    staff: bool,
    /// Number of city officers in addition to the devices.
    #[arg(long, default_value_t = 0)]
    city: usize,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Fleet {
    fn cluster(&self) -> anyhow::Result<Option<Cluster>> {
        let Some(processes) = self.processes else {
            return Ok(None);
        };
        let server = server()?;
        let program = std::env::current_exe()?;
        Ok(Some(Cluster {
            database: server.create("fleet")?,
            photo_store: self.photos.clone(),
            program: vec![program.into(), "serve-here".into(), "--data".into()],
            processes: processes.max(1),
            kill_every: self.kill_every.max(1),
            server: Arc::new(server),
            crash_server: self.crash_database,
        }))
    }

    fn moving(&self, server: &Server, folder: &Path) -> anyhow::Result<Option<Moving>> {
        let Some(records) = self.move_records else {
            return Ok(None);
        };
        let shelf = || folder.join("moved-photos").display().to_string();
        Ok(Some(Moving {
            database: server.create("moved")?,
            photo_store: self.photos.clone().unwrap_or_else(shelf),
            records,
            photos: self.move_photos,
        }))
    }

    pub(crate) fn run(self) -> anyhow::Result<()> {
        let profile = Profile::named(&self.network)?;
        let cluster = self.cluster()?;
        let folder = tempfile::tempdir()?;
        let target = self.move_records.map(|_| server()).transpose()?;
        let moving = match &target {
            Some(server) => self.moving(server, folder.path())?,
            None => None,
        };
        let plan = Plan {
            devices: self.devices,
            days: self.days,
            network: self.network,
            profile,
            seed: self.seed,
            cluster,
            moving,
            trouble: Trouble {
                photos: self.damaged_photos,
                clocks: self.wrong_clocks,
                server_clock: self.server_clock,
                restore: self.restore,
                staff: self.staff,
                city: self.city,
            },
        };
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}")?;
        let bar = ProgressBar::new(1).with_style(style);
        let outcome = run(folder.path(), &plan, &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&outcome)?);
        } else {
            say!("{}", outcome.text());
        }
        anyhow::ensure!(
            outcome.is_kept(),
            "a promise was broken; repeat with --seed {}",
            self.seed
        );
        Ok(())
    }
}
