//! Breaks the folds on purpose, one fault at a time, and checks that the comparison with the independent model finds each.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::cargo::{program, target};

/// Faults with the comparison that must find them.
struct Faults {
    /// The folder of the patches.
    folder: &'static str,
    /// The test that compares.
    test: &'static str,
    /// The environment variable with the number of worlds.
    worlds: &'static str,
}

/// The faults of hazards, and those of activities and inspections.
const FAULTS: [Faults; 2] = [
    Faults {
        folder: "tests/model/mutants",
        test: "fold::the_fold_judges_every_world_as_the_rules_do",
        worlds: "XUNCHA_MODEL_WORLDS",
    },
    Faults {
        folder: "tests/model/mutants/records",
        test: "records::compare::the_folds_of_activities_and_inspections_judge_every_world_as_the_rules_do",
        worlds: "XUNCHA_MODEL_RECORDS",
    },
];

/// Applies each patch to a copy of the sources and compares up to `worlds` worlds. `only`: part of the names of patches.
pub(crate) fn run(worlds: u64, only: Option<&str>) -> anyhow::Result<()> {
    let copy = Copy::of_head()?;
    let target = std::path::absolute(target())?;
    let mut missed = Vec::new();
    for (faults, patch) in patches(only)? {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        copy.git(&["apply", "--whitespace=nowarn"], Some(&patch))?;
        let run = Command::new(program())
            .current_dir(&copy.folder)
            .env("CARGO_TARGET_DIR", &target)
            .env(faults.worlds, worlds.to_string())
            .args([
                "test",
                "--locked",
                "--quiet",
                "-p",
                "promises",
                "-p",
                "xuncha-server",
            ])
            .args(["-p", "cli-simulator", "-p", "sync-core", "--test", "model"])
            .args(["--", "--exact", faults.test])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .context("cargo test")?;
        copy.git(&["checkout", "--quiet", "."], None)?;
        let text = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
        // A program that does not compile finds nothing.
        ensure!(
            text.contains("1 passed") || text.contains("1 failed"),
            "{name}: the comparison did not run:\n{text}"
        );
        let first = text.lines().find_map(|line| line.strip_prefix("seed "));
        match first {
            Some(seed) => println!(
                "{name}: found, first in seed {}",
                seed.trim_end_matches(':')
            ),
            None => {
                println!("{name}: NOT found in {worlds} worlds");
                missed.push(name.into_owned());
            }
        }
    }
    ensure!(missed.is_empty(), "not found: {}", missed.join(", "));
    Ok(())
}

fn patches(only: Option<&str>) -> anyhow::Result<Vec<(&'static Faults, PathBuf)>> {
    let mut found = Vec::new();
    for faults in &FAULTS {
        let mut named = Vec::new();
        for entry in std::fs::read_dir(faults.folder).context(faults.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let wanted = only.is_none_or(|part| name.contains(part));
            if name.ends_with(".patch") && wanted {
                named.push(std::path::absolute(path)?);
            }
        }
        named.sort_unstable();
        found.extend(named.into_iter().map(|patch| (faults, patch)));
    }
    ensure!(!found.is_empty(), "no patch has such a name");
    Ok(found)
}

/// A copy of the committed sources, removed at the end.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of_head() -> anyhow::Result<Self> {
        let folder = std::path::absolute(target().join("mutants"))?;
        let path = folder.to_string_lossy().into_owned();
        // What an interrupted run left.
        let _ = git(
            Path::new("."),
            &["worktree", "remove", "--force", &path],
            None,
        );
        git(
            Path::new("."),
            &["worktree", "add", "--quiet", "--detach", &path, "HEAD"],
            None,
        )?;
        Ok(Self { folder })
    }

    fn git(&self, arguments: &[&str], file: Option<&Path>) -> anyhow::Result<()> {
        git(&self.folder, arguments, file)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let path = self.folder.to_string_lossy().into_owned();
        let _ = git(
            Path::new("."),
            &["worktree", "remove", "--force", &path],
            None,
        );
    }
}

fn git(folder: &Path, arguments: &[&str], file: Option<&Path>) -> anyhow::Result<()> {
    let run = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .args(file)
        .output()
        .context("git")?;
    let what = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "git {}: {what}", arguments.join(" "));
    Ok(())
}
