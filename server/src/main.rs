//! The `xuncha` binary: serve, administer, write the schemas.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use anyhow::Context;
use clap::Parser;
use xuncha_server::{note, output};

/// The error of a command whose work is done.
const INCOMPLETE: &str =
    "命令已执行，但结果没有完整输出 / the command is done, but its output is incomplete";

/// Returns memory to the system within seconds, from a background thread. The C library keeps what a burst of small
/// requests allocated: a minute after one, 242 MB of 316 MB were still resident; with this allocator 63 MB of 322 MB.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    close_files();
    cli::log();
    let done = cli::Arguments::parse().run().await;
    match done.and_then(|()| output::finish().context(INCOMPLETE)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            note!("错误 / error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Restricts the files that this process creates (databases, keys, photos) to their owner.
fn close_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
