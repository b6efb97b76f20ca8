//! Hints: long polls that wait for the log of a space to grow.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use sync_core::{record::AreaPath, wire::Code};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{Storage, spaces},
    wake::Wake,
};

/// Longest wait of one poll; below the idle time-outs of usual proxies.
const LONGEST: Duration = Duration::from_secs(25);

/// Polls that began together must not end together: each is shorter than [`LONGEST`] by 0 to `STEPS - 1` steps.
const STEPS: u32 = 50;
const STEP: Duration = Duration::from_millis(100);

/// Interval between two responses that report growth. A push wakes thousands of polls; if all were answered at once,
/// they would delay the pushes and pulls that they announce.
const PACE: Duration = Duration::from_millis(1);

/// Time after which a waiting poll reads the head without being woken.
const LOOK: Duration = Duration::from_secs(5);

/// Polls that read the database concurrently. Thousands wake at once, and pushes and pulls have priority.
const ASKING: usize = 2;

/// The heads of all spaces as last read.
#[derive(Debug)]
struct Heads {
    /// The number of wake-ups before they were read.
    woken: u64,
    /// When they were read.
    at: Instant,
    by_space: HashMap<AreaPath, u64>,
}

/// Long polls of all callers.
#[derive(Debug, Clone)]
pub struct Hints {
    storage: Storage,
    wake: Wake,
    /// One read serves all polls of all spaces.
    heads: Arc<Mutex<Option<Heads>>>,
    asking: Arc<Semaphore>,
    /// When the next response that reports growth may be sent.
    next: Arc<Mutex<Instant>>,
    /// Polls so far; decides how much shorter than the longest wait each is.
    begun: Arc<AtomicU32>,
}

impl Hints {
    /// Hints about the logs of a storage.
    pub fn new(storage: Storage, wake: Wake) -> Self {
        Self {
            storage,
            wake,
            heads: Arc::default(),
            asking: Arc::new(Semaphore::new(ASKING)),
            next: Arc::new(Mutex::new(Instant::now())),
            begun: Arc::default(),
        }
    }

    /// The head of a space as soon as it is above `after`, or at the end of the wait.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the caller may read nothing in that space.
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
        let mut grown = self.wake.polls().subscribe();
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
                // The log may have grown during the wait; return the newest head.
                let woken = *grown.borrow();
                return self.head(&space, woken).await;
            }
            // A notification from another process may be lost, so the head is also read without one; that is cheap.
            let look = end.min(Instant::now() + LOOK);
            let _ = tokio::time::timeout_at(look, grown.changed()).await;
        }
    }

    /// When this caller's response may be sent: at once unless many wait for theirs.
    fn turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = Instant::now().max(*next);
        *next = turn + PACE;
        turn
    }

    /// The head of a space, read at this wake-up or later.
    async fn head(&self, space: &AreaPath, woken: u64) -> Result<u64, Refusal> {
        let known = || {
            let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            let heads = heads.as_ref()?;
            let fresh = heads.woken >= woken && heads.at.elapsed() < LOOK / 2;
            fresh.then(|| heads.by_space.get(space).copied().unwrap_or(0))
        };
        if let Some(head) = known() {
            return Ok(head);
        }
        let _turn = self.asking.acquire().await;
        // Another poll may have read the head while this one waited.
        if let Some(head) = known() {
            return Ok(head);
        }
        // The count is taken before the read, so that the cached heads are never older than their count.
        let (woken, at) = (*self.wake.polls().borrow(), Instant::now());
        let by_space = self.storage.read(|tx| spaces::heads(tx)).await?;
        let head = by_space.get(space).copied().unwrap_or(0);
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        *heads = Some(Heads {
            woken,
            at,
            by_space,
        });
        Ok(head)
    }
}
