//! Every promise tried on a throw-away PostgreSQL.

use std::process::Command;

use anyhow::ensure;

use crate::cargo::cargo;

/// What `with-postgres` ends with if there is none.
const MISSING: i32 = 3;

/// Runs the promises on PostgreSQL; `Ok(false)` if there is none on this machine.
pub(crate) fn run() -> anyhow::Result<bool> {
    cargo(&["build", "-p", "cli-simulator", "--locked", "--quiet"])?;
    let mut tests = Command::new(crate::cargo::program());
    tests.args([
        "run",
        "-p",
        "cli-simulator",
        "--locked",
        "--quiet",
        "--",
        "with-postgres",
        "--",
    ]);
    tests.arg(crate::cargo::program());
    if crate::ci::has("cargo-nextest", "--version") {
        tests.args(["nextest", "run", "--profile", "postgres"]);
    } else {
        tests.arg("test");
    }
    tests.args(["-p", "promises", "--locked", "--test", "promises"]);
    let status = tests.status()?;
    if status.code() == Some(MISSING) {
        return Ok(false);
    }
    ensure!(status.success(), "the promises do not hold on PostgreSQL");
    Ok(true)
}
