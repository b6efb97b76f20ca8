//! Hints: waking those who wait for a space's log to grow.

use std::time::Duration;

use sync_core::{record::AreaPath, wire::Code};
use tokio::sync::watch;

use crate::{
    access::{Reach, Refusal},
    storage::{Storage, spaces},
};

/// Longest wait of one poll; below the idle time-outs of usual proxies.
const LONGEST: Duration = Duration::from_secs(25);

/// Time after which a waiting poll looks by itself.
const LOOK: Duration = Duration::from_secs(5);

/// Wakes waiting polls.
#[derive(Debug, Clone)]
pub struct Hints {
    storage: Storage,
    grown: watch::Sender<u64>,
}

impl Hints {
    /// Over a storage.
    pub fn new(storage: Storage) -> Self {
        Self {
            storage,
            grown: watch::Sender::new(0),
        }
    }

    /// Says that some log has grown.
    pub fn wake(&self) {
        self.grown.send_modify(|n| *n += 1);
    }

    /// The head of a space once it has passed `after`, or at the end of the longest wait.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the caller holds nothing in that space.
    pub async fn wait(&self, reach: &Reach, space: &str, after: u64) -> Result<u64, Refusal> {
        let missing = || Refusal::new(Code::NotFound, "no such space");
        let space: AreaPath = space.parse().map_err(|_| missing())?;
        if !reach
            .areas()
            .iter()
            .any(|a| space.covers(a) || a.covers(&space))
        {
            return Err(missing());
        }
        let mut grown = self.grown.subscribe();
        let end = tokio::time::Instant::now() + LONGEST;
        loop {
            let id = space.clone();
            let found = self.storage.read(move |tx| spaces::find(tx, &id)).await?;
            let head = found.map_or(0, |s| s.head);
            if head > after || tokio::time::Instant::now() >= end {
                return Ok(head);
            }
            // News of another process may be lost; looking again is cheap.
            let look = end.min(tokio::time::Instant::now() + LOOK);
            let _ = tokio::time::timeout_at(look, grown.changed()).await;
        }
    }
}
