//! The clock for signed times. The server signs nothing while the clock is implausible.
//!
//! Receipts, sessions and grants carry the server's time, and devices judge events by it. A signature cannot be
//! withdrawn, so the newest time signed is kept in the database. If the clock is more than five minutes before it or
//! seven days after it, the server signs nothing until an administrator accepts the clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use sync_core::{record::ServerTime, wire::Code};

use crate::{
    host::Now,
    refusal::Refusal,
    storage::{Storage, StorageError, Tx, spaces},
};

/// The name of the stored time in the database: 8 bytes, big-endian, milliseconds.
pub const SIGNED: &str = "signed_until";

/// The stored time is this much later than the time signed, so that it is written at most once in this interval.
const AHEAD_MS: i64 = 60_000;
/// How far the clock may be behind the newest time signed.
const BEHIND_MS: i64 = 5 * 60_000;
/// How far the clock may be ahead of the stored time.
const LEAP_MS: i64 = 7 * 86_400_000;

/// The server's clock and the newest time that it signed.
#[derive(Clone)]
pub struct Clock {
    storage: Storage,
    now: Now,
    /// The stored time as last read or written; 0: not read yet.
    until: Arc<AtomicI64>,
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

fn plausible(now: i64, until: i64) -> bool {
    now >= until - AHEAD_MS - BEHIND_MS && now <= until.saturating_add(LEAP_MS)
}

fn refused(now: i64, until: i64) -> Refusal {
    let signed = until - AHEAD_MS;
    let detail = format!(
        "the clock says {now} ms, the newest time signed is about {signed} ms; set the clock right, or run `xuncha admin clock accept`"
    );
    tracing::error!(now, signed, "nothing is signed: the clock cannot be right");
    Refusal::new(Code::Clock, detail)
}

fn kept(tx: &mut dyn Tx) -> Result<Option<i64>, StorageError> {
    let bytes = spaces::meta(tx, SIGNED)?;
    let number = |bytes: Vec<u8>| {
        let bytes = bytes.try_into();
        bytes.map(i64::from_be_bytes).map_err(|_| {
            StorageError::Damaged(format!("the value {SIGNED} is not a time of 8 bytes"))
        })
    };
    bytes.map(number).transpose()
}

impl Clock {
    /// A clock that is checked against the time stored in this database.
    pub fn new(storage: Storage, now: Now) -> Self {
        Self {
            storage,
            now,
            until: Arc::default(),
        }
    }

    /// The time of the clock, unchecked.
    pub fn now(&self) -> ServerTime {
        (self.now)()
    }

    /// The time for a signature. The stored time covers it, durably, before this returns.
    ///
    /// # Errors
    /// [`Code::Clock`] if the clock is implausible.
    pub async fn signing(&self) -> Result<ServerTime, Refusal> {
        let now = self.now();
        let known = self.until.load(SeqCst);
        if known != 0 && now.0 <= known && plausible(now.0, known) {
            return Ok(now);
        }
        let until = self
            .storage
            .write(move |tx| match kept(tx)? {
                Some(until) if !plausible(now.0, until) => Err(refused(now.0, until)),
                Some(until) if now.0 <= until => Ok(until),
                _ => Ok(write(tx, now.0)?),
            })
            .await?;
        self.until.store(until, SeqCst);
        Ok(now)
    }

    /// The time for judging signed times, checked in the caller's snapshot. Writes nothing.
    ///
    /// # Errors
    /// [`Code::Clock`] if the clock is implausible.
    pub fn judging(&self, tx: &mut dyn Tx) -> Result<ServerTime, Refusal> {
        let now = self.now();
        let known = self.until.load(SeqCst);
        if known != 0 && plausible(now.0, known) {
            return Ok(now);
        }
        match kept(tx)? {
            Some(until) if !plausible(now.0, until) => Err(refused(now.0, until)),
            _ => Ok(now),
        }
    }

    /// Accepts the clock as it is, by decision of an administrator. Returns the newest time signed before, if any.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn accept(&self) -> Result<Option<ServerTime>, StorageError> {
        let now = self.now();
        let before = self
            .storage
            .write(move |tx| {
                let before = kept(tx)?;
                write(tx, now.0)?;
                Ok::<_, StorageError>(before)
            })
            .await?;
        Ok(before.map(|until| ServerTime(until - AHEAD_MS)))
    }

    /// The newest time signed, if there is one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn signed(&self) -> Result<Option<ServerTime>, StorageError> {
        let kept = self.storage.read(kept).await?;
        Ok(kept.map(|until| ServerTime(until - AHEAD_MS)))
    }
}

fn write(tx: &mut dyn Tx, now: i64) -> Result<i64, StorageError> {
    let until = now.saturating_add(AHEAD_MS);
    spaces::set_meta(tx, SIGNED, &until.to_be_bytes())?;
    Ok(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_behind_and_seven_days_ahead_are_the_bounds() {
        let (signed, day) = (1_711_328_400_000, 86_400_000);
        let until = signed + AHEAD_MS;
        assert!(plausible(signed, until));
        assert!(plausible(signed - BEHIND_MS, until));
        assert!(!plausible(signed - BEHIND_MS - 1, until));
        assert!(plausible(signed + 7 * day, until));
        assert!(!plausible(signed + 7 * day + AHEAD_MS + 1, until));
    }
}
