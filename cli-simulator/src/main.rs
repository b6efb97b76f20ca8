//! The `xuncha-sim` binary.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program prints"
)]

mod cli;

use clap::Parser;

fn main() -> std::process::ExitCode {
    match cli::Arguments::parse().run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("错误 / error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
