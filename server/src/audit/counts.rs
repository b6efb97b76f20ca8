//! Counts of refused requests that are not written yet.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Milliseconds that are one row.
pub(super) const MINUTE: i64 = 60_000;

/// Rows of one minute at most for strangers, and as many for callers that a person or a device is known of: further callers
/// share one row for each cause. A flood from many addresses hides no caller who has credentials.
const MOST_ROWS: usize = 1_000;

/// A cause, a caller, and its address.
pub(super) type Key = (&'static str, String, String);

/// Counts of one minute: of strangers, and of callers that a person or a device is known of.
type Rows = [HashMap<Key, i64>; 2];

/// Counts by minute.
type Minutes = HashMap<i64, Rows>;

/// Refused requests that are not written yet, by minute.
#[derive(Debug, Default)]
pub(super) struct RefusalCounts(Mutex<Minutes>);

impl RefusalCounts {
    fn all(&self) -> MutexGuard<'_, Minutes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request.
    pub(super) fn count(&self, minute: i64, key: Key, times: i64) {
        let is_known = key.1.starts_with("person:") || key.1.starts_with("device:");
        let others = if is_known { "person:others" } else { "others" };
        let mut all = self.all();
        let rows = &mut all.entry(minute).or_default()[usize::from(is_known)];
        let full = rows.len() >= MOST_ROWS && !rows.contains_key(&key);
        let key = if full {
            (key.0, others.to_owned(), String::new())
        } else {
            key
        };
        *rows.entry(key).or_default() += times;
    }

    /// Takes the counts of every minute but this one, or of all.
    pub(super) fn take(&self, except: Option<i64>) -> Vec<(i64, Key, i64)> {
        let mut all = self.all();
        let over: Vec<i64> = all
            .keys()
            .copied()
            .filter(|minute| Some(*minute) != except)
            .collect();
        let mut taken = Vec::new();
        for minute in over {
            let rows = all.remove(&minute).unwrap_or_default();
            let rows = rows.into_iter().flatten();
            taken.extend(rows.map(|(key, times)| (minute, key, times)));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_many_addresses_is_a_bounded_number_of_rows() {
        let counts = RefusalCounts::default();
        for n in 0..5_000 {
            let key = ("session-expired", "stranger".to_owned(), n.to_string());
            counts.count(7, key, 1);
        }
        assert!(counts.take(Some(7)).is_empty());
        let own = (
            "out-of-scope",
            "person:1".to_owned(),
            "192.0.2.1".to_owned(),
        );
        counts.count(7, own.clone(), 1);
        let taken = counts.take(None);
        assert!(taken.contains(&(7, own, 1)), "a known caller has a row");
        assert_eq!(taken.len(), MOST_ROWS + 2);
        assert_eq!(taken.iter().map(|(_, _, times)| times).sum::<i64>(), 5_001);
        assert!(counts.take(None).is_empty());
    }
}
