//! Hints: waking those who wait for a space's log to grow.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use sync_core::{record::AreaPath, wire::Code};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

use crate::{
    access::{Reach, Refusal},
    storage::{Storage, spaces},
};

/// Longest wait of one poll; below the idle time-outs of usual proxies.
const LONGEST: Duration = Duration::from_secs(25);

/// Polls that began together do not end together: each is shorter than the longest by one of so many steps.
const STEPS: u32 = 50;
const STEP: Duration = Duration::from_millis(100);

/// Time from one answer with news to the next. A push wakes thousands of polls; answered all at once they would hold up
/// the pushes and pulls that they are about.
const PACE: Duration = Duration::from_millis(1);

/// Time after which a waiting poll looks by itself.
const LOOK: Duration = Duration::from_secs(5);

/// Polls that ask the database at the same time: thousands wake at once, and pushes and pulls go before them.
const ASKING: usize = 2;

/// A head that was read: after how many wake-ups, when, and what it was.
type Read = (u64, Instant, u64);

/// Wakes waiting polls.
#[derive(Debug, Clone)]
pub struct Hints {
    storage: Storage,
    grown: watch::Sender<u64>,
    /// One read for all who wait for a space.
    heads: Arc<Mutex<HashMap<AreaPath, Read>>>,
    asking: Arc<Semaphore>,
    /// When the next answer with news may go.
    next: Arc<Mutex<Instant>>,
    /// Polls so far: decides how much shorter than the longest each is.
    begun: Arc<AtomicU32>,
}

impl Hints {
    /// Over a storage.
    pub fn new(storage: Storage) -> Self {
        Self {
            storage,
            grown: watch::Sender::new(0),
            heads: Arc::default(),
            asking: Arc::new(Semaphore::new(ASKING)),
            next: Arc::new(Mutex::new(Instant::now())),
            begun: Arc::default(),
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
        let step = self.begun.fetch_add(1, Relaxed) % STEPS;
        let end = Instant::now() + LONGEST - STEP * step;
        loop {
            let woken = *grown.borrow_and_update();
            let head = self.head(&space, woken).await?;
            if Instant::now() >= end {
                return Ok(head);
            }
            if head > after {
                tokio::time::sleep_until(end.min(self.turn())).await;
                // What was added meanwhile is news as well.
                let woken = *grown.borrow();
                return self.head(&space, woken).await;
            }
            // News of another process may be lost; looking again is cheap.
            let look = end.min(Instant::now() + LOOK);
            let _ = tokio::time::timeout_at(look, grown.changed()).await;
        }
    }

    /// When this caller's answer may go; at once unless many are waiting for theirs.
    fn turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = Instant::now().max(*next);
        *next = turn + PACE;
        turn
    }

    /// The head of a space, as it was after this wake-up or later.
    async fn head(&self, space: &AreaPath, woken: u64) -> Result<u64, Refusal> {
        let known = || {
            let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            let (after, at, head) = heads.get(space)?;
            (*after >= woken && at.elapsed() < LOOK / 2).then_some(*head)
        };
        if let Some(head) = known() {
            return Ok(head);
        }
        let _turn = self.asking.acquire().await;
        if let Some(head) = known() {
            return Ok(head);
        }
        let (id, began) = (space.clone(), (*self.grown.borrow(), Instant::now()));
        let found = self.storage.read(move |tx| spaces::find(tx, &id)).await?;
        let head = found.as_ref().map_or(0, |s| s.head);
        // Only spaces that exist are remembered, so that names that are made up take no memory.
        if found.is_some() {
            let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            heads.insert(space.clone(), (began.0, began.1, head));
        }
        Ok(head)
    }
}
