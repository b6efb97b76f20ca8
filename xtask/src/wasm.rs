//! Builds the core for `wasm32-unknown-unknown`, the target of the browser.
//!
//! rustup's target is used where it is installed. Elsewhere Debian's compiler of the same name builds the standard
//! library from its sources; that needs `RUSTC_BOOTSTRAP`, because building the standard library is not stable.

use std::{path::Path, process::Command};

use anyhow::ensure;

use crate::{
    cargo::{program, target},
    steps::{Outcome, has},
};

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, in a place that rustup's does not take.
const DEBIAN: (&str, &str) = ("/usr/bin/cargo", "/usr/bin/rustc");

/// Builds `sync-core`.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    let Some(compiler) = c_compiler() else {
        return Ok(Outcome::Skipped("clang: install Debian's clang-19"));
    };
    let mut build = if rustup_has_target() {
        Command::new(program())
    } else if Path::new("/usr/lib/rustlib/src/rust/library").exists() {
        let mut build = Command::new(DEBIAN.0);
        build
            .env("RUSTC", DEBIAN.1)
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTUP_TOOLCHAIN");
        build
    } else {
        return Ok(Outcome::Skipped(
            "the target: rustup target add wasm32-unknown-unknown, or Debian's rustc-web, cargo-web, rust-web-src, lld-19",
        ));
    };
    build.args(["build", "-p", "sync-core", "--locked", "--quiet"]);
    build.args(["--target", TARGET, "--ignore-rust-version"]);
    if !rustup_has_target() {
        build.arg("-Zbuild-std=std,panic_abort");
    }
    // Another compiler's results in the common folder would be discarded at each change of compiler.
    build.arg("--target-dir").arg(target().join("wasm"));
    build.env("CC_wasm32_unknown_unknown", compiler);
    ensure!(
        build.status()?.success(),
        "sync-core does not build for {TARGET}"
    );
    Ok(Outcome::Passed)
}

/// A C compiler that knows the target, for SQLite and zstd.
fn c_compiler() -> Option<&'static str> {
    ["clang-19", "clang"]
        .into_iter()
        .find(|name| has(name, "--version"))
}

fn rustup_has_target() -> bool {
    Command::new("rustup")
        .args(["target", "list", "--installed"])
        .output()
        .is_ok_and(|o| {
            String::from_utf8_lossy(&o.stdout)
                .lines()
                .any(|line| line == TARGET)
        })
}
