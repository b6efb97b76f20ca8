//! The commands a developer needs, written once: `cargo xtask <command>`.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

mod cargo;
mod ci;
mod kill_points;
mod postgres;
mod repeat;
mod schemas;
mod tidy;
mod tus;

use clap::{Parser, Subcommand};

/// 巡查开发命令 / Developer commands of Xuncha.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  cargo xtask test")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Format, tidy, lints, all tests, schema drift: what CI runs.
    Test,
    /// The rules of the house that fit in a regular expression.
    Tidy,
    /// Write the generated schemas; with --check only compare.
    Schemas {
        /// Compare with what is checked in, change nothing.
        #[arg(long)]
        check: bool,
    },
    /// The benchmarks, optimised: `cargo xtask bench --json`.
    Bench {
        /// Passed on.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The two test steps many times over while a build keeps the machine busy; goes on where an earlier run ended.
    Repeat {
        /// Rounds of both steps.
        #[arg(long, default_value_t = 20)]
        times: usize,
        /// Forget the rounds of earlier runs.
        #[arg(long)]
        fresh: bool,
    },
    /// Kill backup, restore, a change of the schema and a move at many system calls; needs strace.
    KillPoints {
        /// Points of each kind of call, of each command.
        #[arg(long, default_value_t = 40)]
        points: usize,
    },
    /// A foreign tus client uploads a photo, is killed half way and resumes.
    TusClient,
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(root())?;
    match Arguments::parse().command {
        Command::Test => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Schemas { check } => schemas::run(check),
        Command::Bench { arguments } => {
            let mut all = vec![
                "run",
                "--release",
                "--quiet",
                "-p",
                "cli-simulator",
                "--bin",
                "xuncha-sim",
                "--",
                "bench",
            ];
            all.extend(arguments.iter().map(String::as_str));
            cargo::cargo(&all)
        }
        Command::Repeat { times, fresh } => repeat::run(times, fresh),
        Command::KillPoints { points } => kill_points::run(points),
        Command::TusClient => tus::run(),
    }
}

/// The workspace's folder.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
