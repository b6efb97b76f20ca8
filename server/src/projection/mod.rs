//! The projection: a worker that follows the log of each space with a mark, folds what changed, and writes the ledger.
//!
//! It reads documents whose newest sequence number is after the mark. In one transaction it writes ledger rows,
//! snapshots of documents with many changes after their snapshot, and the moved mark. Everything written here is
//! derived: it can be deleted and rebuilt from the log. Several processes share the spaces by leases; the lock on the
//! mark decides.

mod activity;
mod amounts;
mod apply;
mod basis;
mod candidates;
mod compare;
mod completeness;
mod derived;
mod gather;

pub(crate) mod groups;

mod hazard;
mod intervals;
mod one_person;
mod open;
mod progress;
mod project;
mod refold;
mod rounds;
mod rows;
mod turns;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use sync_core::{catalogue::Catalogue, causes::with_causes};
use tokio::sync::Mutex;

use crate::{
    host::{Now, random},
    storage::{Storage, StorageError, marks},
    wake::Wake,
};

pub(crate) use basis::ledger_edition;
pub use one_person::OnePerson;
pub(crate) use open::open;
pub use progress::Progress;
pub use refold::{Change, Stated, renew_intervals};

/// Milliseconds that a worker keeps a space after it last moved the mark: long enough that several processes do not
/// fold the same documents, short enough that another process soon replaces one that died.
const LEASE_MS: i64 = 10_000;

/// Time after which the worker reads the log without being woken.
const QUIET: Duration = Duration::from_secs(2);

/// The worker that follows the log.
#[derive(Clone)]
pub struct Projection {
    storage: Storage,
    now: Now,
    worker: [u8; 16],
    wake: Wake,
    catalogue: Arc<Catalogue>,
    /// Held during a pass. Clones of one worker share its leases, so that leases do not prevent two passes at once: both
    /// would fold the same documents, and one would wait for the other's row locks up to their time limit.
    pass: Arc<Mutex<()>>,
    /// Whether this worker has compared the rules of the ledger with its own.
    follows_rules: Arc<AtomicBool>,
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projection").finish_non_exhaustive()
    }
}

impl Projection {
    /// A worker with a random id, over a storage. It folds by `catalogue`.
    pub fn new(storage: Storage, now: Now, wake: Wake, catalogue: Arc<Catalogue>) -> Self {
        Self {
            storage,
            now,
            worker: random(),
            wake,
            catalogue,
            pass: Arc::default(),
            follows_rules: Arc::default(),
        }
    }

    /// Projects every space up to its present head, except spaces leased to another process. Waits until a pass that
    /// runs in this process has ended.
    ///
    /// # Errors
    /// [`StorageError`]; what was projected before the error is kept.
    pub async fn catch_up(&self) -> Result<Progress, StorageError> {
        let _pass = self.pass.lock().await;
        self.project_all().await
    }

    /// A pass over all spaces; the caller holds [`Self::pass`].
    async fn project_all(&self) -> Result<Progress, StorageError> {
        if !self.follows_rules.load(Relaxed) {
            self.follow_rules().await?;
            self.follows_rules.store(true, Relaxed);
        }
        self.take_turns().await
    }

    /// Follows the log until the task is dropped. A lost notification does no harm: the log is also polled every 2
    /// seconds.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.catch_up().await {
                let text = with_causes(&error);
                if error.is_transient() {
                    tracing::warn!(error = %text, "projection failed and is tried again");
                } else {
                    tracing::error!(error = %text, "projection failed and is tried again");
                }
            }
            self.wake.projection(QUIET).await;
        }
    }

    /// Releases the leases, so that other processes need not wait for their end.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn release(&self) -> Result<(), StorageError> {
        let worker = self.worker;
        self.storage
            .write(move |tx| marks::release(tx, worker))
            .await
    }
}
