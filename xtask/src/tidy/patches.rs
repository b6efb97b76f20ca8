//! The patches of `cargo xtask mutants` apply to the sources.

use std::{fs, process::Command};

use anyhow::Context;

/// The folders of the patches.
const FOLDERS: [&str; 2] = ["tests/model/mutants", "tests/model/mutants/records"];

/// The patches that do not apply any more.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(folder).context(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_none_or(|extension| extension != "patch")
            {
                continue;
            }
            let run = Command::new("git")
                .args(["apply", "--check"])
                .arg(&path)
                .output()
                .context("git")?;
            if !run.status.success() {
                found.push(format!(
                    "{}: does not apply; write the same fault into the new code",
                    path.display()
                ));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
