//! The rate limit of log lines about refusals: a flood must not fill the disk.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

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

impl Noted {
    /// Whether a refusal must be logged now: the number of occurrences since the last line, or `None`.
    pub(super) fn note(&mut self, cause: &'static str, origin: &str, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now - since >= QUIET) {
            self.since = Some(now);
            self.lines = 0;
        }
        let key = (cause, origin.to_owned());
        if let Some(told) = self.by_origin.get_mut(&key) {
            told.silent += 1;
            if now - told.at < QUIET || self.lines >= MAX_LINES {
                return None;
            }
            let times = std::mem::take(&mut told.silent);
            told.at = now;
            self.lines += 1;
            return Some(times);
        }
        if self.lines >= MAX_LINES {
            return None;
        }
        if self.by_origin.len() >= MAX_ORIGINS {
            self.by_origin.retain(|_, told| now - told.at < QUIET);
        }
        self.lines += 1;
        self.by_origin.insert(key, Told { at: now, silent: 0 });
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_of_once_in_a_while_with_its_number() {
        let (mut noted, start) = (Noted::default(), Instant::now());
        assert_eq!(noted.note("code-invalid", "a", start), Some(1));
        for _ in 0..500 {
            assert_eq!(noted.note("code-invalid", "a", start), None);
        }
        assert_eq!(noted.note("busy", "a", start), Some(1));
        assert_eq!(noted.note("code-invalid", "a", start + QUIET), Some(501));
        let lines = (0..10_000)
            .filter(|n| noted.note("busy", &n.to_string(), start + QUIET).is_some())
            .count();
        assert!(lines < MAX_LINES as usize, "{lines}");
        assert!(noted.by_origin.len() <= MAX_ORIGINS);
        assert_eq!(noted.note("busy", "new", start + 2 * QUIET), Some(1));
    }
}
