//! `xuncha-sim bench`

use clap::Args;
use cli_simulator::bench::{Sizes, run, run_province, table};
use xuncha_server::{note, say};

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo xtask bench --json > bench.json")]
pub(crate) struct Bench {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Documents of the first measurements.
    #[arg(long, default_value_t = 10_000)]
    records: usize,
    /// Documents of the large measurements.
    #[arg(long, default_value_t = 100_000)]
    large: usize,
    /// Documents of a province on a temporary PostgreSQL; 0 skips the province.
    #[arg(long, default_value_t = 1_000_000)]
    province: usize,
    /// Measure only the province.
    #[arg(long)]
    province_only: bool,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let sizes = Sizes {
            records: self.records,
            large: self.large,
            province: self.province,
        };
        let all = if self.province_only {
            run_province
        } else {
            run
        };
        let done = all(folder.path(), sizes, &|line| note!("{line}"))?;
        if self.json {
            say!("{}", serde_json::to_string_pretty(&done)?);
        } else {
            say!("{}", table(&done));
        }
        Ok(())
    }
}
