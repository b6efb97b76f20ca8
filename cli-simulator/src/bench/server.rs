//! The measured server: this program in a process of its own.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;

/// A running server process; killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts a server on a data folder.
    pub(super) fn start(data: &Path) -> anyhow::Result<Self> {
        Self::start_on(data, None)
    }

    /// Starts a server on a data folder and a database of its own.
    pub(super) fn start_on(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve-here", "--data"])
            .arg(data)
            .env("RUST_LOG", "error")
            .env_remove("XUNCHA_DATABASE")
            .env_remove("XUNCHA_PHOTOS")
            .env_remove("XUNCHA_BLOBS")
            .stdout(Stdio::piped());
        if let Some(database) = database {
            command.env("XUNCHA_DATABASE", database);
        }
        let mut child = command.spawn()?;
        let out = child.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .with_context(|| format!("the server said {line:?}"))?;
        Ok(Self { child, address })
    }

    /// Resident memory in MB.
    pub(super) fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        kb.unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
