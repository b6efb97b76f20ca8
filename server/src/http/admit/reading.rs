//! How many bytes each caller was sent today: a stolen token does not copy the whole store in a night.
//!
//! The counts are in memory: a restart begins them again, and each process has its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::caller::Caller;

/// Callers that are remembered at most. If there are more, those that were sent the least are removed.
const MAX_CALLERS: usize = 65_536;

#[derive(Debug, Default)]
struct Inner {
    /// The day (UTC) since 1970.
    day: i64,
    by_caller: HashMap<Caller, u64>,
}

/// The bytes that each caller was sent today.
#[derive(Debug)]
pub(super) struct Reading {
    most: u64,
    inner: Mutex<Inner>,
}

/// Counts the bytes of one response for its caller.
#[derive(Debug)]
pub(super) struct Counted {
    reading: Arc<Reading>,
    caller: Caller,
}

impl Reading {
    /// Limits each caller to this many bytes of responses in a day.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a caller may be sent more on this day.
    pub(super) fn may_read(&self, caller: Caller, day: i64) -> bool {
        let mut inner = self.inner();
        if inner.day != day {
            *inner = Inner {
                day,
                by_caller: HashMap::new(),
            };
        }
        let sent = inner.by_caller.get(&caller);
        sent.is_none_or(|sent| *sent < self.most)
    }

    /// The count of a response.
    pub(super) fn counted(self: &Arc<Self>, caller: Caller) -> Counted {
        Counted {
            reading: Arc::clone(self),
            caller,
        }
    }
}

impl Counted {
    /// Counts bytes that are sent.
    pub(super) fn add(&self, bytes: usize) {
        let mut inner = self.reading.inner();
        if inner.by_caller.len() >= MAX_CALLERS && !inner.by_caller.contains_key(&self.caller) {
            let mut sent: Vec<u64> = inner.by_caller.values().copied().collect();
            let (_, median, _) = sent.select_nth_unstable(MAX_CALLERS / 2);
            let median = *median;
            inner.by_caller.retain(|_, sent| *sent > median);
        }
        let sent = inner.by_caller.entry(self.caller).or_default();
        *sent = sent.saturating_add(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_reads_its_share_of_a_day_and_no_more() {
        let reading = Arc::new(Reading::new(100));
        let (one, other) = (Caller::Token([1; 32]), Caller::Token([2; 32]));
        assert!(reading.may_read(one, 7));
        reading.counted(one).add(99);
        assert!(reading.may_read(one, 7));
        reading.counted(one).add(1);
        assert!(!reading.may_read(one, 7) && reading.may_read(other, 7));
        assert!(reading.may_read(one, 8));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_keeps_those_that_read_most() {
        let reading = Arc::new(Reading::new(100));
        let caller = |n: u32| {
            let mut token = [0; 32];
            token[..4].copy_from_slice(&n.to_be_bytes());
            Caller::Token(token)
        };
        reading.counted(caller(0)).add(100);
        for n in 1..70_000 {
            reading.counted(caller(n)).add(1);
        }
        assert!(reading.inner().by_caller.len() <= MAX_CALLERS);
        assert!(!reading.may_read(caller(0), 0));
    }
}
