//! Calls cargo.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, ensure};

/// The cargo program that runs this one.
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

/// Builds the workspace and returns the path of a program. All packages and tests are always built together: another
/// selection of packages would enable other features of shared dependencies and compile them a second time.
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

/// The target folder of builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}
