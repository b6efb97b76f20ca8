//! `cargo xtask foreign`: programs of third parties against ours, and the core on a target without a system.

use crate::{
    sbom,
    steps::{self, Outcome, Step, has},
    tus, wasm,
};

const STEPS: [Step; 3] = [
    // First: later steps build this program again, and the compiler is called through it.
    ("core for WebAssembly", wasm::run),
    ("tus client from PyPI", || {
        if !has("python3", "--version") {
            return Ok(Outcome::Skipped(
                "python3: install Debian's python3 and python3-venv",
            ));
        }
        tus::run().map(|()| Outcome::Passed)
    }),
    ("bill of materials by the validator from PyPI", || {
        if !has("python3", "--version") {
            return Ok(Outcome::Skipped(
                "python3: install Debian's python3 and python3-venv",
            ));
        }
        sbom::validate().map(|()| Outcome::Passed)
    }),
];

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    steps::run(&STEPS)
}
