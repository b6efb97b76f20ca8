//! Licences, banned crates and sources of all dependencies; known vulnerabilities where their database can be had.

use std::process::Command;

use anyhow::ensure;

use crate::{cargo::program, steps::Outcome};

/// Checks `deny.toml` with cargo-deny.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    if !Command::new("cargo-deny")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        return Ok(Outcome::Skipped(
            "cargo-deny: cargo install cargo-deny --locked",
        ));
    }
    let kept = Command::new(program())
        .args([
            "deny",
            "--all-features",
            "check",
            "licenses",
            "bans",
            "sources",
        ])
        .status()?;
    ensure!(kept.success(), "a dependency breaks deny.toml");
    let advisories = Command::new(program())
        .args(["deny", "--all-features", "check", "advisories"])
        .output()?;
    let said = String::from_utf8_lossy(&advisories.stderr);
    if said.contains("failed to fetch advisory database") {
        // The database is on another host than the crates; a closed network reaches only one of them.
        println!("skipped: advisories, their database cannot be reached");
        return Ok(Outcome::Passed);
    }
    ensure!(
        advisories.status.success(),
        "a dependency has an advisory:\n{said}"
    );
    Ok(Outcome::Passed)
}
