//! Runs named steps in order, prints the time of each, and counts those that this machine cannot run.

use std::{process::Command, time::Instant};

use anyhow::{Context, ensure};

/// What became of a step.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran and passed.
    Passed,
    /// It did not run: this tool is missing, with how to install it.
    Skipped(&'static str),
}

/// A step: its name, and what it runs.
pub(crate) type Step = (&'static str, fn() -> anyhow::Result<Outcome>);

/// Runs the steps and stops at the first failure.
///
/// # Errors
/// A step that fails; with `CI` set, also a step that was skipped.
pub(crate) fn run(steps: &[Step]) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    let mut skipped = Vec::new();
    for (name, step) in steps {
        println!("\n── {name}");
        let started = Instant::now();
        let outcome = step().with_context(|| format!("step {name:?} failed"))?;
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Outcome::Passed => lines.push(format!("  {seconds:7.1} s  {name}")),
            Outcome::Skipped(tool) => {
                println!("skipped: {tool}");
                lines.push(format!("    skipped  {name}: {tool}"));
                skipped.push(tool);
            }
        }
    }
    println!("\n{} steps, {} skipped:", steps.len(), skipped.len());
    for line in lines {
        println!("{line}");
    }
    let complete = skipped.is_empty() || std::env::var_os("CI").is_none();
    ensure!(complete, "a step was skipped: {}", skipped.join("; "));
    Ok(())
}

/// Whether a program is installed.
pub(crate) fn has(program: &str, argument: &str) -> bool {
    let output = Command::new(program).arg(argument).output();
    output.is_ok_and(|o| o.status.success())
}
