//! `cargo demo`

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use cli_simulator::demo::play;
use indicatif::{ProgressBar, ProgressStyle};
use xuncha_server::say;

/// Play one week of a small county, then serve its ledger.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo demo --exit")]
pub(crate) struct Demo {
    /// End after the table instead of serving.
    #[arg(long)]
    exit: bool,
    /// Address to serve on; a free port if it is in use or absent.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the demo; by default a temporary one that is removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let temporary = tempfile::tempdir()?;
        let folder = self
            .data
            .clone()
            .unwrap_or_else(|| temporary.path().to_owned());
        let style = ProgressStyle::with_template("{bar:30.cyan} {pos}/{len} {msg}")?;
        let bar = ProgressBar::new(1).with_style(style);
        let played = play(&folder, self.listen, &mut |done, total, words| {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(words.to_owned());
        })?;
        bar.finish_and_clear();
        say!("巡查演示 / Xuncha demo: 一个县、两个网格、八部手机、一周");
        say!("{}", played.ledger.text());
        let address = format!("http://{}", played.app.address);
        if !self.exit {
            say!("服务仍在运行 / still serving (Ctrl-C ends):");
            say!("  API 文档 / API viewer   {address}/docs");
            say!(
                "  台账 / ledger           curl -H 'Authorization: Bearer {}' {address}/v1/hazards",
                played.token
            );
            say!(
                "  表格 / spreadsheet      curl -H 'Authorization: Bearer {}' {address}/v1/exports/hazards.csv",
                played.token
            );
            played.runtime.block_on(tokio::signal::ctrl_c())?;
        }
        played.runtime.block_on(played.app.stop())
    }
}
