//! The `xuncha-sim` binary.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use anyhow::Context;
use clap::Parser;
use xuncha_server::{note, output};

/// The error of a command whose work is done.
const INCOMPLETE: &str =
    "命令已执行，但结果没有完整输出 / the command is done, but its output is incomplete";

/// The allocator of the `xuncha` binary: the benchmarks and the demo run the server in this process.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    close_files();
    let done = cli::Arguments::parse().run();
    match done.and_then(|()| output::finish().context(INCOMPLETE)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            note!("错误 / error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Sets the umask: only the owner may read files that this process creates (databases, keys, photos).
fn close_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
