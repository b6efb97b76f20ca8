//! The server process of a siege, and measurements of it from outside.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::{Duration, Instant},
};

use anyhow::Context;

/// A server process; killed when dropped.
pub(super) struct Besieged {
    child: Child,
    pub(super) url: String,
    pub(super) address: String,
    health: String,
}

impl Drop for Besieged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Besieged {
    pub(super) fn start(program: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--health-listen",
                "127.0.0.1:0",
            ])
            .arg("--data")
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("server program {}", program.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("output")?).lines();
        let mut next = |before: &str| {
            let line = lines.find_map(|line| {
                let line = line.ok()?;
                line.split_once(before)
                    .map(|(_, after)| after.trim().to_owned())
            });
            line.with_context(|| format!("the server did not say {before:?}"))
        };
        let address = next("serving on http://")?;
        let health = next("health and metrics: http://")?;
        // Later output is read and dropped: a full pipe would block the server.
        std::thread::spawn(move || lines.count());
        Ok(Self {
            child,
            url: format!("http://{address}"),
            address,
            health,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn health_urls(&self) -> [String; 2] {
        [
            format!("{}/healthz", self.url),
            format!("http://{}/healthz", self.health),
        ]
    }
}

/// Resident megabytes of a process.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    kilobytes
        .and_then(|k| k.trim().parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}

/// The highest resident memory until `over` is set, in megabytes.
pub(super) fn peak(pid: u32, over: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !over.load(SeqCst) {
        peak = peak.max(resident(pid));
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}

/// Waits until a process uses at most `below` megabytes; returns the megabytes and the seconds that passed.
pub(super) fn settles(pid: u32, below: u64, limit: Duration) -> (u64, u64) {
    let begun = Instant::now();
    loop {
        let found = resident(pid);
        if found <= below || begun.elapsed() >= limit {
            return (found, begun.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Requests the health endpoint repeatedly until `over` is set; returns each status and duration.
pub(super) fn health(urls: &[String], over: &AtomicBool) -> anyhow::Result<Vec<(u16, Duration)>> {
    // A new connection for each request, as a probe opens.
    let client = reqwest::blocking::Client::builder()
        .timeout(Duration::from_secs(5))
        .pool_max_idle_per_host(0)
        .build()?;
    let mut seen = Vec::new();
    while !over.load(SeqCst) {
        for url in urls {
            let begun = Instant::now();
            let status = client.get(url).send().map_or(0, |r| r.status().as_u16());
            seen.push((status, begun.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(seen)
}
