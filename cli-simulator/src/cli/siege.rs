//! `xuncha-sim siege`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use cli_simulator::siege::{Plan, run};
use xuncha_server::say;

/// Attacks a server process of its own with everything that strangers and rogue devices can do at the same time.
#[derive(Debug, Args)]
#[command(
    after_help = "Needs some 10,000 open files here and in the server: both raise their limit as far as they may; `ulimit -Hn` shows how far.\n\nExample:\n  xuncha-sim siege --server target/release/xuncha"
)]
pub(crate) struct Siege {
    /// The server program [default: `xuncha` in the folder of this program].
    #[arg(long)]
    server: Option<PathBuf>,
    /// Number of stalled connections.
    #[arg(long, default_value_t = 600)]
    stalled: usize,
    /// Number of endless bodies of 7 MB, and as many within the size limit of their route.
    #[arg(long, default_value_t = 60)]
    unfinished: usize,
    /// Number of image bombs, and as many of the largest accepted photos.
    #[arg(long, default_value_t = 20)]
    bombs: usize,
    /// Number of concurrent long polls.
    #[arg(long, default_value_t = 4_000)]
    polls: usize,
    /// Number of connections of one device that pulls, and of one reviewer that exports and reads statistics.
    #[arg(long, default_value_t = 32)]
    greedy: usize,
    /// Duration in seconds; memory is measured for up to one minute more.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Print the table as JSON.
    #[arg(long)]
    json: bool,
}

impl Siege {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let beside = std::env::current_exe()?.with_file_name("xuncha");
        let plan = Plan {
            program: self.server.unwrap_or(beside),
            stalled: self.stalled,
            unfinished: self.unfinished,
            bombs: self.bombs,
            polls: self.polls,
            greedy: self.greedy,
            seconds: self.seconds,
        };
        open_files(&plan)?;
        let outcome = run(&plan)?;
        if self.json {
            say!("{}", serde_json::to_string_pretty(&outcome)?);
        } else {
            say!("{}", outcome.text());
        }
        anyhow::ensure!(outcome.holds(), "the server broke its promise");
        Ok(())
    }
}

/// Raises the limit of open files; fails if it is still too low.
#[cfg(unix)]
fn open_files(plan: &Plan) -> anyhow::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted =
        (plan.polls + 2 * plan.stalled + 2 * plan.unfinished + 3 * plan.greedy + 500) as u64;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("limit of open files")?;
    let found = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    anyhow::ensure!(
        found >= wanted,
        "{wanted} open files are needed, {found} are allowed: raise `ulimit -Hn`, or ask for fewer --polls"
    );
    Ok(())
}

#[cfg(not(unix))]
fn open_files(_: &Plan) -> anyhow::Result<()> {
    None.context("a siege needs Linux")
}
