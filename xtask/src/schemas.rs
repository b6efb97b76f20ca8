//! `cargo xtask schemas`: writes or compares the generated schemas.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::ensure;

use crate::cargo::built;

fn generate(out: &Path) -> anyhow::Result<()> {
    let mut xuncha = Command::new(built("xuncha")?);
    let status = xuncha.args(["schemas", "--out"]).arg(out).status()?;
    ensure!(status.success(), "`xuncha schemas` failed");
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The place of a generated file: pages for people in `docs/`, everything else in `schemas/`.
fn home(name: &Path) -> PathBuf {
    if name.starts_with("docs") {
        name.to_owned()
    } else {
        Path::new("schemas").join(name)
    }
}

/// Generates the files and writes them, or compares them with those in the repository.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let fresh = std::env::temp_dir().join(format!("xuncha-schemas-{}", std::process::id()));
    generate(&fresh)?;
    let mut stale = Vec::new();
    for path in files(&fresh)? {
        let name = home(path.strip_prefix(&fresh)?);
        let made = fs::read(&path)?;
        if made == fs::read(&name).unwrap_or_default() {
            continue;
        }
        if check {
            stale.push(name.display().to_string());
        } else {
            fs::write(&name, made)?;
        }
    }
    fs::remove_dir_all(&fresh)?;
    ensure!(
        stale.is_empty(),
        "out of date: {}; run `cargo xtask schemas`",
        stale.join(", ")
    );
    Ok(())
}
