//! `xuncha-sim torture`

use anyhow::Context;
use clap::Args;
use cli_simulator::{
    postgres::Server,
    torture::{Plan, run},
};
use xuncha_server::say;

/// Runs writers, late commits, rolled-back transactions and killed connections on a temporary PostgreSQL.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha-sim torture --writers 32 --packs 100 --kill-every-ms 50"
)]
pub(crate) struct Torture {
    /// Number of devices that push concurrently.
    #[arg(long, default_value_t = 32)]
    writers: usize,
    /// Packs of each device.
    #[arg(long, default_value_t = 60)]
    packs: usize,
    /// Changes in each pack.
    #[arg(long, default_value_t = 20)]
    changes: usize,
    /// Number of counties that they write to.
    #[arg(long, default_value_t = 4)]
    spaces: usize,
    /// Milliseconds between two kills of a busy database connection; 0 for no kills.
    #[arg(long, default_value_t = 50)]
    kill_every_ms: u64,
    /// Seed; the same seed gives the same documents.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Torture {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let server =
            Server::start()?.context("PostgreSQL is missing: install Debian's postgresql")?;
        let plan = Plan {
            writers: self.writers,
            packs: self.packs,
            changes: self.changes,
            spaces: self.spaces.max(1),
            kill_every_ms: self.kill_every_ms,
            seed: self.seed,
        };
        let folder = tempfile::tempdir()?;
        let outcome = run(folder.path(), &server, &plan)?;
        if self.json {
            say!("{}", serde_json::to_string_pretty(&outcome)?);
        } else {
            say!("{}", outcome.text());
        }
        anyhow::ensure!(outcome.broken.is_empty(), "the log broke its promise");
        Ok(())
    }
}
