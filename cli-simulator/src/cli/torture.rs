//! `xuncha-sim torture`

use anyhow::Context;
use clap::Args;
use cli_simulator::{
    postgres::Server,
    torture::{Plan, run},
};

/// Writers, late commits, transactions given up and killed connections on a throw-away PostgreSQL.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha-sim torture --writers 32 --packs 100 --kill-every-ms 50"
)]
pub(crate) struct Torture {
    /// Devices that push at the same time.
    #[arg(long, default_value_t = 32)]
    writers: usize,
    /// Packs of each.
    #[arg(long, default_value_t = 60)]
    packs: usize,
    /// Changes of each pack.
    #[arg(long, default_value_t = 20)]
    changes: usize,
    /// Counties they write to.
    #[arg(long, default_value_t = 4)]
    spaces: usize,
    /// Milliseconds between two kills of a database connection at work; 0 for none.
    #[arg(long, default_value_t = 50)]
    kill_every_ms: u64,
    /// Same seed, same records.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The report as JSON.
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
            println!("{}", serde_json::to_string_pretty(&outcome)?);
        } else {
            println!("{}", outcome.text());
        }
        anyhow::ensure!(outcome.broken.is_empty(), "the log broke its promise");
        Ok(())
    }
}
