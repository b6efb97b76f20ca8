//! `cargo xtask foreign`: programs of third parties against ours, and the core on a target without a system.

use crate::{
    steps::{self, Outcome, Step, has},
    tus, wasm,
};

const STEPS: [Step; 2] = [
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
];

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    steps::run(&STEPS)
}
