//! The counters of the server, and the rate limit of diagnostic log lines about refusals.
//!
//! Counts what others report, and returns the counts in the text format of Prometheus. It decides nothing.

mod noted;
mod text;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use self::noted::Noted;

/// The counters since the server started.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: [AtomicU64; 6],
    request_micros: AtomicU64,
    changes_stored: AtomicU64,
    changes_refused: AtomicU64,
    photos_stored: AtomicU64,
    shed: AtomicU64,
    /// When the certificate ends, in seconds since 1970; 0 without TLS.
    certificate_ends: AtomicU64,
    certificates: [AtomicU64; 2],
    refused: Mutex<BTreeMap<&'static str, u64>>,
    noted: Mutex<Noted>,
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
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.note(cause, origin, Instant::now())
    }

    /// Notes when the certificate of the public address ends, in seconds since 1970.
    pub fn certificate_ends(&self, seconds: u64) {
        self.certificate_ends.store(seconds, Relaxed);
    }

    /// Counts a changed certificate: whether it replaced the one before.
    pub fn certificate_read(&self, replaced: bool) {
        self.certificates[usize::from(replaced)].fetch_add(1, Relaxed);
    }

    /// Counts an answered request.
    pub fn answered(&self, status: u16, micros: u64) {
        self.requests[usize::from(status / 100).min(5)].fetch_add(1, Relaxed);
        self.request_micros.fetch_add(micros, Relaxed);
    }
}
