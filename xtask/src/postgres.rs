//! Runs all promise tests on a temporary PostgreSQL server.

use std::process::Command;

use anyhow::ensure;

use crate::{
    cargo::{built, program},
    steps::{Outcome, has},
};

/// Exit code of `with-postgres` if PostgreSQL is missing.
pub(crate) const MISSING: i32 = 3;

/// What to install.
pub(crate) const INSTALL: &str = "PostgreSQL: install Debian's postgresql";

/// Runs the promise tests on PostgreSQL.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    let mut tests = Command::new(built("xuncha-sim")?);
    tests.args(["with-postgres", "--"]).arg(program());
    if has("cargo-nextest", "--version") {
        tests.args(["nextest", "run", "--profile", "postgres"]);
        tests.args(["--filterset", "package(promises) & binary(promises)"]);
    } else {
        tests.args(["test", "--test", "promises"]);
    }
    tests.args(["--workspace", "--locked"]);
    let status = tests.status()?;
    if status.code() == Some(MISSING) {
        return Ok(Outcome::Skipped(INSTALL));
    }
    ensure!(status.success(), "the promises do not hold on PostgreSQL");
    Ok(Outcome::Passed)
}
