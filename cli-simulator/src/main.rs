//! The `xuncha-sim` binary.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program prints"
)]

mod cli;

use clap::Parser;

/// The allocator of the `xuncha` binary: the benchmarks and the demo run the server in this process.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    close_files();
    match cli::Arguments::parse().run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("错误 / error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Sets the umask: only the owner may read files that this process creates (databases, keys, photos).
fn close_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
