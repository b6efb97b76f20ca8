//! `cargo xtask test`: runs every step and prints its time; stops at the first failure.

use std::{process::Command, time::Instant};

use anyhow::{Context, bail, ensure};

use crate::{
    cargo::{built, cargo},
    postgres, schemas, tidy, tus,
};

pub(crate) fn has(program: &str, argument: &str) -> bool {
    let output = Command::new(program).arg(argument).output();
    output.is_ok_and(|o| o.status.success())
}

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    type Step = (&'static str, fn() -> anyhow::Result<()>);
    let steps: [Step; 10] = [
        ("format", || {
            cargo(&["fmt", "--all", "--check"]).context(
                "run `cargo fmt --all`; if it is missing: `rustup component add rustfmt clippy`",
            )
        }),
        ("tidy", tidy::run),
        ("lints", || {
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ])
        }),
        ("core is free of runtimes", core_is_free),
        ("build", || built("xuncha").map(drop)),
        ("schemas", || schemas::run(true)),
        ("examples in docs", || {
            cargo(&["test", "--doc", "--workspace", "--locked", "--quiet"])
        }),
        ("tus client", foreign_client),
        ("tests", tests),
        ("tests on PostgreSQL", on_postgres),
    ];
    let mut times = Vec::new();
    for (name, step) in steps {
        println!("\n── {name}");
        let started = Instant::now();
        step().with_context(|| format!("step {name:?} failed"))?;
        times.push((name, started.elapsed().as_secs_f64()));
    }
    println!("\nall steps passed:");
    for (name, seconds) in times {
        println!("  {seconds:7.1} s  {name}");
    }
    Ok(())
}

pub(crate) fn tests() -> anyhow::Result<()> {
    if has("cargo-nextest", "--version") {
        cargo(&["nextest", "run", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--tests"])
    }
}

fn on_postgres() -> anyhow::Result<()> {
    if postgres::run()? {
        return Ok(());
    }
    let missing = "PostgreSQL is missing: install Debian's postgresql";
    ensure!(std::env::var_os("CI").is_none(), missing);
    println!("skipped: {missing}");
    Ok(())
}

fn core_is_free() -> anyhow::Result<()> {
    let output = Command::new("cargo")
        .args([
            "tree",
            "-p",
            "sync-core",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--locked",
        ])
        .output()?;
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success() && tree.contains("automerge"),
        "cargo tree failed"
    );
    for runtime in ["tokio ", "axum ", "reqwest ", "hyper "] {
        if tree.lines().any(|line| line.starts_with(runtime)) {
            bail!(
                "sync-core depends on {runtime}; the core must stay free of runtimes and transports"
            );
        }
    }
    Ok(())
}

fn foreign_client() -> anyhow::Result<()> {
    if has("python3", "--version") {
        return tus::run();
    }
    ensure!(
        std::env::var_os("CI").is_none(),
        "python3 is missing: install Debian's python3 and python3-venv"
    );
    println!("skipped: the tus client test needs python3 (Debian: python3, python3-venv)");
    Ok(())
}
