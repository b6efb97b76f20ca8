//! Developer commands: `cargo xtask <command>`.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

mod cargo;
mod deny;
mod foreign;
mod gate;
mod kill_points;
mod measure;
mod members;
mod mutants;
mod postgres;
mod python;
mod repeat;
mod sbom;
mod schemas;
mod steps;
mod tidy;
mod tree;
mod tus;
mod wasm;
mod worlds;

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
    /// Run format, tidy, licences, lints, all tests on both engines and the schema check.
    Test,
    /// Run programs of third parties against ours, and build the core for WebAssembly.
    Foreign,
    /// Check the project's rules that a program can check.
    Tidy,
    /// Write the generated schemas; with --check only compare them.
    Schemas {
        /// Compare with the files in the repository and change nothing.
        #[arg(long)]
        check: bool,
    },
    /// Run the optimised benchmarks: `cargo xtask bench --json`.
    Bench {
        /// Arguments for the benchmarks.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the two test steps many times while a build loads the machine; resumes an interrupted run.
    Repeat {
        /// Number of rounds of both steps.
        #[arg(long, default_value_t = 20)]
        times: usize,
        /// Delete the results of earlier runs first.
        #[arg(long)]
        fresh: bool,
        /// Start no build: one that loads the machine already runs.
        #[arg(long)]
        loaded: bool,
    },
    /// Kill backup, restore, a schema migration and a move at many system calls; needs strace.
    KillPoints {
        /// Points of each kind of system call, for each command.
        #[arg(long, default_value_t = 40)]
        points: usize,
    },
    /// Break the folds on purpose, one fault at a time; the comparison with the independent model must find each.
    Mutants {
        /// The most worlds that are compared for each fault.
        #[arg(long, default_value_t = 20_000)]
        worlds: u64,
        /// Only faults whose names contain this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Compare very many random worlds with the independent models; resumes an interrupted run.
    Worlds {
        /// Worlds of the fold.
        #[arg(long, default_value_t = 1_000_000)]
        fold: u64,
        /// Worlds of the figures, on SQLite; on PostgreSQL with `xuncha-sim with-postgres`.
        #[arg(long, default_value_t = 10_000)]
        figures: u64,
        /// Worlds of activities and inspections.
        #[arg(long, default_value_t = 1_000_000)]
        records: u64,
        /// Worlds of the hierarchy of areas.
        #[arg(long, default_value_t = 100_000)]
        hierarchy: u64,
        /// Worlds of editions of the catalogue.
        #[arg(long, default_value_t = 100_000)]
        editions: u64,
    },
    /// Write the bill of materials of the server program (CycloneDX 1.6, JSON).
    Sbom {
        /// File to write.
        #[arg(long, default_value = "target/xuncha.cdx.json")]
        out: std::path::PathBuf,
    },
    /// Print sizes, comments and cycles of the source tree.
    Measure,
}

fn main() -> anyhow::Result<()> {
    if let Some(code) = wasm::compile_if_wrapping()? {
        std::process::exit(code);
    }
    std::env::set_current_dir(root())?;
    match Arguments::parse().command {
        Command::Test => gate::run(),
        Command::Foreign => foreign::run(),
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
        Command::Repeat {
            times,
            fresh,
            loaded,
        } => repeat::run(times, fresh, loaded),
        Command::KillPoints { points } => kill_points::run(points),
        Command::Mutants { worlds, only } => mutants::run(worlds, only.as_deref()),
        Command::Worlds {
            fold,
            figures,
            records,
            hierarchy,
            editions,
        } => worlds::run([fold, figures, records, hierarchy, editions]),
        Command::Sbom { out } => sbom::run(&out),
        Command::Measure => measure::run(),
    }
}

/// The workspace's folder.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
