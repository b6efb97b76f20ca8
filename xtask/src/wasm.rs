//! Builds the core for `wasm32-unknown-unknown`, the target of the browser.
//!
//! rustup's target is used where it is installed. Elsewhere Debian's compiler for the web builds the standard library
//! from its sources; that needs `RUSTC_BOOTSTRAP`, because building the standard library is not stable. That compiler is
//! older than the dependencies ask for: what became stable since is enabled for each crate, by this program in the role
//! of cargo's `RUSTC_WRAPPER`.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};

use crate::{
    cargo::{program, target},
    steps::{Outcome, has},
};

const TARGET: &str = "wasm32-unknown-unknown";

/// The sources of Debian's standard library.
const LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";

/// Debian's compiler, in a place that rustup's does not take.
const DEBIAN: (&str, &str) = ("/usr/bin/cargo", "/usr/bin/rustc");

/// Set for this program where cargo calls it in place of the compiler.
const WRAPS: &str = "XUNCHA_WRAPS_RUSTC";

/// What the dependencies use and Debian's compiler (1.85) knows as unstable.
const FEATURES: [&str; 6] = [
    "slice_as_chunks",
    "let_chains",
    "unsigned_is_multiple_of",
    "generic_arg_infer",
    "const_eq_ignore_ascii_case",
    "integer_sign_cast",
];

/// Calls the compiler if cargo started this program in its place, and returns the exit code.
///
/// # Errors
/// If the compiler cannot be started.
pub(crate) fn compile_if_wrapping() -> anyhow::Result<Option<i32>> {
    if std::env::var_os(WRAPS).is_none() {
        return Ok(None);
    }
    let mut arguments = std::env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next().context("cargo names the compiler first")?);
    let arguments: Vec<_> = arguments.collect();
    let given = |text: &str| arguments.iter().any(|argument| *argument == *text);
    // Cargo asks for the compiler's version with a crate of this name. The standard library names its features itself.
    let of_the_library = arguments
        .iter()
        .any(|argument| Path::new(argument).starts_with(LIBRARY));
    if given("--crate-name") && !given("___") && !of_the_library {
        compiler.args(FEATURES.map(|feature| format!("-Zcrate-attr=feature({feature})")));
    }
    let status = compiler.args(arguments).status()?;
    Ok(Some(status.code().unwrap_or(1)))
}

/// Builds `sync-core`.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    let Some(compiler) = c_compiler() else {
        return Ok(Outcome::Skipped("clang: install Debian's clang-19"));
    };
    let own = rustup_has_target();
    let mut build = if own {
        Command::new(program())
    } else if Path::new(LIBRARY).exists() {
        // A copy, because another build may replace this program while the compiler is called through it.
        let folder = target().join("wasm");
        std::fs::create_dir_all(&folder)?;
        let wrapper = std::path::absolute(folder.join("rustc-wrapper"))?;
        std::fs::copy(std::env::current_exe()?, &wrapper)?;
        let mut build = Command::new(DEBIAN.0);
        build
            .env("RUSTC", DEBIAN.1)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC_WRAPPER", wrapper)
            .env(WRAPS, "1")
            // `cargo run` points these to rustup's compiler.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("LD_LIBRARY_PATH");
        build
    } else {
        return Ok(Outcome::Skipped(
            "the target: rustup target add wasm32-unknown-unknown, or Debian's rustc-web, cargo-web, rust-web-src, lld-19",
        ));
    };
    build.args(["build", "-p", "sync-core", "--locked", "--quiet"]);
    build.args(["--target", TARGET, "--ignore-rust-version"]);
    if !own {
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
