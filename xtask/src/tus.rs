//! The client tuspy, from PyPI, uploads to our server.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::cargo::{built, target};

fn venv() -> anyhow::Result<PathBuf> {
    let venv = target().join("tuspy-venv");
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
    let installed = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "tuspy==1.1.0",
        ])
        .status()?;
    ensure!(installed.success(), "pip could not install tuspy");
    Ok(python)
}

/// Starts a server and runs the Python driver on it.
pub(crate) fn run() -> anyhow::Result<()> {
    let python = venv()?;
    let mut server = Command::new(built("xuncha-sim")?)
        .arg("tus-fixture")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().context("output")?).read_line(&mut line)?;
    let driver = Command::new(python)
        .arg("tests/python/tuspy_resume.py")
        .arg(line.trim())
        .status();
    drop(server.stdin.take());
    let _ = server.kill();
    let _ = server.wait();
    ensure!(driver?.success(), "the tus client did not succeed");
    Ok(())
}
