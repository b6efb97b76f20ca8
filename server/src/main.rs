//! The `xuncha` binary: serve, administer, write the schemas.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use clap::Parser;
use xuncha_server::output;

/// Returns memory to the system within seconds, from a background thread. The C library keeps what a burst of small
/// requests allocated: a minute after one, 242 MB of 316 MB were still resident; with this allocator 63 MB of 322 MB.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    close_files();
    cli::log();
    output::end(cli::Arguments::parse().run().await)
}

/// Restricts the files that this process creates (databases, keys, photos) to their owner.
fn close_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
