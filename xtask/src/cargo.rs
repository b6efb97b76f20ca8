//! Calling cargo.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, ensure};

/// The cargo that runs this program.
pub(crate) fn program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs cargo with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program())
        .args(arguments)
        .status()
        .context("cargo")?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}

/// A program of the workspace, built. Everything is built in one way, tests included: another selection of packages
/// would choose other features of what they share, and build all of that a second time.
pub(crate) fn built(program: &str) -> anyhow::Result<PathBuf> {
    cargo(&[
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
    ])?;
    Ok(target().join("debug").join(program))
}

/// The folder that builds go to.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}
