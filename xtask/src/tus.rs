//! The client tuspy, from PyPI, uploads to our server.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::{cargo::built, python};

/// Starts a server and runs the Python driver on it.
pub(crate) fn run() -> anyhow::Result<()> {
    let python = python::with("tuspy-venv", "tuspy==1.1.0")?;
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
