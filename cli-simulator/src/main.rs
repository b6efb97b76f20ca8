//! The `xuncha-sim` binary.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use clap::Parser;
use xuncha_server::output;

/// The allocator of the `xuncha` binary: the benchmarks and the demo run the server in this process.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    close_files();
    output::end(cli::Arguments::parse().run())
}

/// Sets the umask: only the owner may read files that this process creates (databases, keys, photos).
fn close_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
