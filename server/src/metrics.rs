//! Counters for Prometheus: plain atomics, written out as text.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// What the server counts since it started.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: [AtomicU64; 6],
    request_micros: AtomicU64,
    changes_stored: AtomicU64,
    changes_refused: AtomicU64,
    photos_stored: AtomicU64,
    shed: AtomicU64,
}

impl Metrics {
    /// Counts a pack's changes.
    pub fn stored(&self, stored: usize, refused: usize) {
        self.changes_stored.fetch_add(stored as u64, Relaxed);
        self.changes_refused.fetch_add(refused as u64, Relaxed);
    }
    /// Counts a stored photo.
    pub fn photo(&self) {
        self.photos_stored.fetch_add(1, Relaxed);
    }
    /// Counts a request turned away because too many were in progress.
    pub fn shed(&self) {
        self.shed.fetch_add(1, Relaxed);
    }
    /// Counts an answered request.
    pub fn answered(&self, status: u16, micros: u64) {
        self.requests[usize::from(status / 100).min(5)].fetch_add(1, Relaxed);
        self.request_micros.fetch_add(micros, Relaxed);
    }

    /// As Prometheus reads it.
    pub fn text(&self, projection_lag: u64) -> String {
        let mut out = String::new();
        let mut counter = |name: &str, help: &str, value: u64| {
            let _ = writeln!(
                out,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}"
            );
        };
        counter(
            "xuncha_changes_stored_total",
            "Changes stored in the log.",
            self.changes_stored.load(Relaxed),
        );
        counter(
            "xuncha_changes_refused_total",
            "Changes refused or quarantined.",
            self.changes_refused.load(Relaxed),
        );
        counter(
            "xuncha_photos_stored_total",
            "Photos stored.",
            self.photos_stored.load(Relaxed),
        );
        counter(
            "xuncha_requests_shed_total",
            "Requests answered busy.",
            self.shed.load(Relaxed),
        );
        counter(
            "xuncha_request_microseconds_total",
            "Time spent answering.",
            self.request_micros.load(Relaxed),
        );
        let _ = writeln!(
            out,
            "# HELP xuncha_requests_total Requests by status class.\n# TYPE xuncha_requests_total counter"
        );
        for (class, count) in self.requests.iter().enumerate().skip(1) {
            let _ = writeln!(
                out,
                "xuncha_requests_total{{class=\"{class}xx\"}} {}",
                count.load(Relaxed)
            );
        }
        let _ = writeln!(
            out,
            "# HELP xuncha_projection_lag Numbers of the log not yet in the ledger.\n# TYPE xuncha_projection_lag gauge\nxuncha_projection_lag {projection_lag}"
        );
        out
    }
}
