//! Runs all promise tests on a temporary PostgreSQL server.

use std::process::Command;

use anyhow::ensure;

use crate::cargo::{built, program};

/// Exit code of `with-postgres` if PostgreSQL is missing.
pub(crate) const MISSING: i32 = 3;

/// Runs the promise tests on PostgreSQL; `Ok(false)` if it is missing on this machine.
pub(crate) fn run() -> anyhow::Result<bool> {
    let mut tests = Command::new(built("xuncha-sim")?);
    tests.args(["with-postgres", "--"]).arg(program());
    if crate::ci::has("cargo-nextest", "--version") {
        tests.args(["nextest", "run", "--profile", "postgres"]);
        tests.args(["--filterset", "package(promises) & binary(promises)"]);
    } else {
        tests.args(["test", "--test", "promises"]);
    }
    tests.args(["--workspace", "--locked"]);
    let status = tests.status()?;
    if status.code() == Some(MISSING) {
        return Ok(false);
    }
    ensure!(status.success(), "the promises do not hold on PostgreSQL");
    Ok(true)
}
