//! Refused requests: one row for each cause and caller in a minute, with the number of requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sync_core::record::ServerTime;

use super::{Audit, Entry, Kind};
use crate::{
    refusal::Refusal,
    storage::{StorageError, Tx},
};

/// Milliseconds that are one row.
const MINUTE: i64 = 60_000;

/// Rows of one minute at most: further callers share one row for each cause.
const MOST_ROWS: usize = 1_000;

/// A cause, a caller, its address, and the route.
type Key = (&'static str, String, String);

/// Refusals that are not written yet, by minute.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<HashMap<i64, HashMap<Key, i64>>>);

impl Audit {
    /// Counts a refused request.
    pub fn refused(&self, cause: &'static str, actor: &str, address: &str) {
        let minute = (self.now)().0.div_euclid(MINUTE);
        let mut all = self
            .refused
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let rows = all.entry(minute).or_default();
        let key = (cause, actor.to_owned(), address.to_owned());
        let full = rows.len() >= MOST_ROWS && !rows.contains_key(&key);
        let key = if full {
            (cause, "others".to_owned(), String::new())
        } else {
            key
        };
        *rows.entry(key).or_default() += 1;
    }

    /// Writes the refusals of the minutes that are over; of the present one too if `all`.
    ///
    /// # Errors
    /// [`Refusal`]; they are written later.
    pub async fn write_refusals(&self, all: bool) -> Result<(), Refusal> {
        let now = (self.now)().0.div_euclid(MINUTE);
        let due: Vec<(i64, Key, i64)> = {
            let mut waiting = self
                .refused
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let over: Vec<i64> = waiting
                .keys()
                .copied()
                .filter(|minute| all || *minute != now)
                .collect();
            let mut due = Vec::new();
            for minute in over {
                let rows = waiting.remove(&minute).unwrap_or_default();
                due.extend(rows.into_iter().map(|(key, times)| (minute, key, times)));
            }
            due
        };
        if due.is_empty() {
            return Ok(());
        }
        let (this, rows) = (self.clone(), due.clone());
        let write = move |tx: &mut dyn Tx| {
            for (_, (cause, actor, address), times) in &rows {
                let entry = Entry::new(Kind::Refusal, actor).refused(cause);
                this.append(tx, &entry.from(address).times(*times))?;
            }
            Ok::<_, StorageError>(())
        };
        if let Err(error) = self.storage.write(write).await {
            let mut waiting = self
                .refused
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for (minute, key, times) in due {
                *waiting.entry(minute).or_default().entry(key).or_default() += times;
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// The server's clock.
    pub(super) fn now(&self) -> ServerTime {
        (self.now)()
    }
}
