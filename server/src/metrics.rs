//! Counters in the text format of Prometheus, and the rate limit of diagnostic log lines about refusals.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Refusals with the same cause and origin are logged once in this time.
const QUIET: Duration = Duration::from_secs(60);

/// Log lines about refusals in that time, from all origins together: a flood must not fill the disk.
const MAX_LINES: u32 = 120;

/// Origins that are remembered at most.
const MAX_ORIGINS: usize = 4_096;

/// The counters since the server started.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: [AtomicU64; 6],
    request_micros: AtomicU64,
    changes_stored: AtomicU64,
    changes_refused: AtomicU64,
    photos_stored: AtomicU64,
    shed: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    noted: Mutex<Noted>,
}

/// Which refusals were logged recently.
#[derive(Debug, Default)]
struct Noted {
    since: Option<Instant>,
    lines: u32,
    by_origin: HashMap<(&'static str, String), Told>,
}

/// When a cause from an origin was last logged, and how often it occurred since.
#[derive(Debug)]
struct Told {
    at: Instant,
    silent: u64,
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
    /// Counts a request refused because too many were in progress.
    pub fn shed(&self) {
        self.shed.fetch_add(1, Relaxed);
    }
    /// Counts refusals of a cause. A cause is one of a closed list: a code of the protocol, or the reason why a
    /// connection ended.
    pub fn refused(&self, cause: &'static str, times: u64) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(cause).or_default() += times;
    }

    /// Whether a refusal must be logged now: the number of occurrences since the last line, or `None`.
    pub fn note(&self, cause: &'static str, origin: &str) -> Option<u64> {
        self.note_at(cause, origin, Instant::now())
    }

    fn note_at(&self, cause: &'static str, origin: &str, now: Instant) -> Option<u64> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.since.is_none_or(|since| now - since >= QUIET) {
            noted.since = Some(now);
            noted.lines = 0;
        }
        let key = (cause, origin.to_owned());
        let lines = noted.lines;
        if let Some(told) = noted.by_origin.get_mut(&key) {
            told.silent += 1;
            if now - told.at < QUIET || lines >= MAX_LINES {
                return None;
            }
            let times = std::mem::take(&mut told.silent);
            told.at = now;
            noted.lines += 1;
            return Some(times);
        }
        if lines >= MAX_LINES {
            return None;
        }
        if noted.by_origin.len() >= MAX_ORIGINS {
            noted.by_origin.retain(|_, told| now - told.at < QUIET);
        }
        noted.lines += 1;
        noted.by_origin.insert(key, Told { at: now, silent: 0 });
        Some(1)
    }

    /// Counts an answered request.
    pub fn answered(&self, status: u16, micros: u64) {
        self.requests[usize::from(status / 100).min(5)].fetch_add(1, Relaxed);
        self.request_micros.fetch_add(micros, Relaxed);
    }

    /// The counters in the text format of Prometheus. Without the gauge of the ledger's lag if the lag is unknown.
    pub fn text(&self, projection_lag: Option<u64>) -> String {
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
            "# HELP xuncha_refusals_total Refusals by cause.\n# TYPE xuncha_refusals_total counter"
        );
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for (cause, count) in refused.iter() {
            let _ = writeln!(out, "xuncha_refusals_total{{cause=\"{cause}\"}} {count}");
        }
        if let Some(lag) = projection_lag {
            let _ = writeln!(
                out,
                "# HELP xuncha_projection_lag Numbers of the log not yet in the ledger.\n# TYPE xuncha_projection_lag gauge\nxuncha_projection_lag {lag}"
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_of_once_in_a_while_with_its_number() {
        let (metrics, start) = (Metrics::default(), Instant::now());
        assert_eq!(metrics.note_at("code-invalid", "a", start), Some(1));
        for _ in 0..500 {
            assert_eq!(metrics.note_at("code-invalid", "a", start), None);
        }
        assert_eq!(metrics.note_at("busy", "a", start), Some(1));
        assert_eq!(
            metrics.note_at("code-invalid", "a", start + QUIET),
            Some(501)
        );
        let lines = (0..10_000)
            .filter(|n| {
                metrics
                    .note_at("busy", &n.to_string(), start + QUIET)
                    .is_some()
            })
            .count();
        assert!(lines < MAX_LINES as usize, "{lines}");
        assert!(metrics.noted.lock().unwrap().by_origin.len() <= MAX_ORIGINS);
        assert_eq!(metrics.note_at("busy", "new", start + 2 * QUIET), Some(1));
    }

    #[test]
    fn refusals_are_counted_by_cause() {
        let metrics = Metrics::default();
        metrics.refused("busy", 2);
        metrics.refused("busy", 1);
        let text = metrics.text(Some(0));
        assert!(
            text.contains("xuncha_refusals_total{cause=\"busy\"} 3\n"),
            "{text}"
        );
    }
}
