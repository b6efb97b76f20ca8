//! `cargo xtask test`: format, rules, lints, all tests on both engines, schemas.

use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::{
    cargo::{built, cargo},
    deny, postgres, schemas,
    steps::{self, Outcome, Step, has},
    tidy,
};

const STEPS: [Step; 10] = [
    ("format", || {
        passed(cargo(&["fmt", "--all", "--check"]).context(
            "run `cargo fmt --all`; if it is missing: `rustup component add rustfmt clippy`",
        ))
    }),
    ("tidy", || passed(tidy::run())),
    ("licences and bans", deny::run),
    ("lints", || passed(lints())),
    ("core is free of runtimes", || passed(core_is_free())),
    ("build", || passed(built("xuncha").map(drop))),
    ("schemas", || passed(schemas::run(true))),
    ("examples in docs", || {
        passed(cargo(&[
            "test",
            "--doc",
            "--workspace",
            "--locked",
            "--quiet",
        ]))
    }),
    ("tests", || passed(tests())),
    ("tests on PostgreSQL", postgres::run),
];

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    steps::run(&STEPS)
}

fn passed(result: anyhow::Result<()>) -> anyhow::Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

/// All tests, on SQLite.
pub(crate) fn tests() -> anyhow::Result<()> {
    if has("cargo-nextest", "--version") {
        cargo(&["nextest", "run", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--tests"])
    }
}

fn lints() -> anyhow::Result<()> {
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
}

fn core_is_free() -> anyhow::Result<()> {
    let output = Command::new("cargo")
        .args(["tree", "-p", "sync-core", "-e", "normal"])
        .args(["--prefix", "none", "--locked"])
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
