//! The rate limit of log lines about refusals: a flood must not fill the disk.

use std::{
    collections::HashMap,
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::Metrics;

/// Refusals with the same cause and origin are logged once in this time.
const QUIET: Duration = Duration::from_secs(60);

/// Log lines about refusals in that time, from all origins together: a flood must not fill the disk.
const MAX_LINES: u32 = 120;

/// Origins that are remembered at most.
const MAX_ORIGINS: usize = 4_096;

/// Which refusals were logged recently.
#[derive(Debug, Default)]
pub(super) struct Noted {
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
}
