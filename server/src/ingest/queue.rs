//! Queues of packs by space: packs that arrive while a group is being stored form the next group.
//!
//! A busy county is then limited by the cost of its rows, not by round trips and commits for each pack.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use sync_core::{catalogue::Catalogue, identity::SecretKey, record::AreaPath, wire::Code};
use tokio::sync::oneshot;

use super::{
    admit::{Answer, admit},
    checked::Verified,
};
use crate::{host::Now, refusal::Refusal, storage::Storage};

/// Packs and changes of a group at most: a transaction locks its space for a few tenths of a second at most.
const PACKS: usize = 64;
const CHANGES: usize = 4_096;

/// The space that a pack mostly writes to; `None` if its device has none.
type Home = Option<AreaPath>;

struct Waiting {
    pack: Verified,
    answer: oneshot::Sender<Answer>,
}

/// Packs that are stored together, and the channels for their answers.
type Batch = (Arc<Vec<Verified>>, Vec<oneshot::Sender<Answer>>);

/// The queues of all spaces. A space has a queue exactly while a worker stores its packs.
#[derive(Clone)]
pub(super) struct Queues {
    storage: Storage,
    key: SecretKey,
    now: Now,
    catalogue: Arc<Catalogue>,
    waiting: Arc<Mutex<Lines>>,
}

type Lines = HashMap<Home, Vec<Waiting>>;

/// The worker of a queue. If it ends early, it removes the queue, so that no request waits for a dead worker: the
/// devices are asked to send again.
struct Shift {
    waiting: Arc<Mutex<Lines>>,
    home: Home,
    over: bool,
}

impl Drop for Shift {
    fn drop(&mut self) {
        if !self.over {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.remove(&self.home);
        }
    }
}

fn closed() -> Refusal {
    Refusal::new(Code::Busy, "the server is shutting down; send it again")
}

impl Queues {
    pub(super) fn new(
        storage: Storage,
        key: SecretKey,
        now: Now,
        catalogue: Arc<Catalogue>,
    ) -> Self {
        Self {
            storage,
            key,
            now,
            catalogue,
            waiting: Arc::default(),
        }
    }

    /// Stores a pack together with others that wait for its space; returns when the answer is durable.
    pub(super) async fn store(&self, home: Home, pack: Verified) -> Answer {
        if self.storage.is_embedded() {
            // The single writer of an embedded database already combines waiting writes into one transaction.
            let alone = self.admit(&home, &Arc::new(vec![pack]), 0..1).await?;
            return alone.into_iter().next().unwrap_or_else(|| Err(closed()));
        }
        let (answer, answered) = oneshot::channel();
        if self.enter(&home, Waiting { pack, answer }) {
            tokio::spawn(self.clone().work(home));
        }
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Adds a pack to its queue; `true` if the queue has no worker yet.
    fn enter(&self, home: &Home, pack: Waiting) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = !waiting.contains_key(home);
        waiting.entry(home.clone()).or_default().push(pack);
        idle
    }

    /// Stores group after group until the queue is empty.
    async fn work(self, home: Home) {
        let mut shift = Shift {
            waiting: Arc::clone(&self.waiting),
            home: home.clone(),
            over: false,
        };
        while let Some((packs, answers)) = self.next(&home) {
            let count = packs.len();
            let mut results = self.admit(&home, &packs, 0..count).await;
            if results.is_err() && count > 1 {
                // One of them may have caused the error: admit each in its own transaction.
                let mut each = Vec::with_capacity(count);
                for at in 0..count {
                    let alone = self.admit(&home, &packs, at..at + 1).await;
                    each.push(
                        alone.and_then(|one| {
                            one.into_iter().next().unwrap_or_else(|| Err(closed()))
                        }),
                    );
                }
                results = Ok(each);
            }
            let results = results.unwrap_or_else(|error| vec![Err(error)]);
            for (answer, result) in answers.into_iter().zip(results) {
                // A caller that has disconnected sends the pack again and gets the same answer.
                let _ = answer.send(result);
            }
        }
        shift.over = true;
    }

    /// The next group. If the queue is empty: removes it and returns `None`.
    fn next(&self, home: &Home) -> Option<Batch> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.get_mut(home)?;
        let mut changes = 0;
        let fits = |w: &&Waiting| {
            changes += w.pack.changes.len();
            changes <= CHANGES
        };
        let count = queue.iter().take(PACKS).take_while(fits).count();
        // A single pack is a group, even if it exceeds the limit.
        let count = count.max(1).min(queue.len());
        if count == 0 {
            // Removed under the lock: a pack that comes later finds no queue and starts a new worker.
            waiting.remove(home);
            return None;
        }
        let group = queue.drain(..count).map(|w| (w.pack, w.answer));
        let (packs, answers) = group.unzip();
        Some((Arc::new(packs), answers))
    }

    async fn admit(
        &self,
        home: &Home,
        packs: &Arc<Vec<Verified>>,
        which: Range<usize>,
    ) -> Result<Vec<Answer>, Refusal> {
        let (packs, key, now) = (Arc::clone(packs), self.key.clone(), (self.now)());
        let catalogue = Arc::clone(&self.catalogue);
        self.storage
            .write_in(home.clone(), move |tx| {
                admit(tx, &packs[which.clone()], &key, now, &catalogue)
            })
            .await
    }
}
