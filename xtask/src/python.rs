//! Python environments with packages from PyPI, below the target folder.

use std::{path::PathBuf, process::Command};

use anyhow::ensure;

use crate::cargo::target;

/// The interpreter of an environment of this name, with this package in it.
pub(crate) fn with(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let venv = target().join(name);
    let python = venv.join("bin/python");
    if !python.exists() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .status()?;
        ensure!(
            made.success(),
            "python3 -m venv failed: install Debian's python3-venv"
        );
    }
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let installed = Command::new(&python).args(pip).arg(package).status()?;
    ensure!(installed.success(), "pip could not install {package}");
    Ok(python)
}
