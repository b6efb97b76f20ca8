//! `xuncha-sim fleet`

use clap::Args;
use cli_simulator::{
    fleet::{Plan, run},
    network::Profile,
};
use indicatif::{ProgressBar, ProgressStyle};

/// A fleet of real device stores through a bad network.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha-sim fleet --devices 50 --days 3 --network weak --seed 7"
)]
pub(crate) struct Fleet {
    /// Phones.
    #[arg(long, default_value_t = 10)]
    devices: usize,
    /// Simulated days.
    #[arg(long, default_value_t = 1)]
    days: usize,
    /// good, weak, 2g or tunnel.
    #[arg(long, default_value = "weak")]
    network: String,
    /// Same seed, same people doing the same things.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

impl Fleet {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let profile = Profile::named(&self.network)?;
        let plan = Plan {
            devices: self.devices,
            days: self.days,
            network: self.network,
            profile,
            seed: self.seed,
        };
        let folder = tempfile::tempdir()?;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}")?;
        let bar = ProgressBar::new(1).with_style(style);
        let outcome = run(folder.path(), &plan, &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&outcome)?);
        } else {
            println!("{}", outcome.text());
        }
        anyhow::ensure!(
            outcome.is_kept(),
            "a promise was broken; repeat with --seed {}",
            self.seed
        );
        Ok(())
    }
}
