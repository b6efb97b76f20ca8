//! The `xuncha` binary: serve, administer, write the schemas.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

mod cli;

use clap::Parser;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    cli::log();
    match cli::Arguments::parse().run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            println!("错误 / error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
