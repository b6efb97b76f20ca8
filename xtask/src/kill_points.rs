//! Kills server commands at many of their system calls and checks that the next run completes the work.

use std::process::Command;

use anyhow::ensure;

use crate::{
    cargo::{built, program},
    postgres,
    steps::has,
};

/// Tries `points` points of each kind of system call, on SQLite and, if it is installed, on PostgreSQL.
pub(crate) fn run(points: usize) -> anyhow::Result<()> {
    ensure!(
        has("strace", "-V"),
        "strace is missing: install Debian's strace"
    );
    let simulator = built("xuncha-sim")?;
    let tests = [
        "nextest",
        "run",
        "--workspace",
        "--no-capture",
        "--profile",
        "kill-points",
        "-E",
        "package(promises) & test(kill_points::)",
    ];
    let own = Command::new(program())
        .args(tests)
        .env("XUNCHA_KILL_POINTS", points.to_string())
        .status()?;
    ensure!(
        own.success(),
        "a command that was killed was not made whole by its next run"
    );
    let moved = Command::new(simulator)
        .args(["with-postgres", "--"])
        .arg(program())
        .args(tests)
        .env("XUNCHA_KILL_POINTS", points.to_string())
        .status()?;
    ensure!(
        moved.code() != Some(postgres::MISSING),
        "{}",
        postgres::INSTALL
    );
    ensure!(
        moved.success(),
        "a move that was killed was not finished by its next run"
    );
    Ok(())
}
