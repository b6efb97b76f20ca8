//! Every promise tried on a throw-away PostgreSQL.

use std::process::Command;

use anyhow::ensure;

use crate::cargo::{built, program};

/// What `with-postgres` ends with if there is none.
pub(crate) const MISSING: i32 = 3;

/// Runs the promises on PostgreSQL; `Ok(false)` if there is none on this machine.
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
