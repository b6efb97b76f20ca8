//! Photos: resumable uploads, verified bytes, and receipts.
//!
//! A device states the hash of a photo before its first byte, then sends chunks. It gets a receipt only after the photo
//! was hashed again, decoded, written durably and listed. Bytes are objects of a store (a folder or a bucket). An
//! object is written once under a unique name, and it counts only when a row names it; so any number of processes may
//! share a store and a database. Photo bytes are never stored in a database row, and no referenced object is removed.

mod append;
mod bucket_client;
mod bucket_http;
mod bucket_setting;
mod failure;
mod finish;
mod inspect;
mod jpeg;
mod names;
mod orphans;
mod owner;
mod read;
mod store;
mod store_error;
mod target;
mod upload;

use std::{
    collections::HashSet,
    num::NonZero,
    sync::{Arc, Mutex},
};

use sync_core::identity::SecretKey;
use tokio::sync::Semaphore;

use crate::{
    clock::Clock,
    host::Now,
    storage::{Storage, held_photos},
    wake::Wake,
};

pub use bucket_setting::Bucket;
pub use read::Photo;
pub use store::Store;
pub use store_error::StoreError;
pub use target::Target;
pub use upload::{Created, MAX_PHOTO_BYTES, Received};

/// How long uploads, objects and photos are kept, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An unfinished upload.
    pub upload: i64,
    /// An object that no row names; not less than `upload`.
    pub orphan: i64,
    /// A stored photo that no document names.
    pub unnamed: i64,
}

/// The photo component of a server.
#[derive(Clone)]
pub struct Photos {
    storage: Storage,
    store: Store,
    key: SecretKey,
    now: Now,
    clock: Clock,
    wake: Wake,
    lifetimes: Lifetimes,
    /// Uploads that a request of this process is writing to. It only saves work: correctness depends on the rows.
    writing: Arc<Mutex<HashSet<String>>>,
    /// Permits to decode: one for each processor, so that photos neither exhaust the memory nor stall other requests.
    decoding: Arc<Semaphore>,
}

impl std::fmt::Debug for Photos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photos")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Photos {
    /// Photos in a store.
    ///
    /// # Errors
    /// [`StoreError::Setting`] if orphans would be kept for a shorter time than uploads.
    pub fn new(
        storage: Storage,
        store: Store,
        key: SecretKey,
        now: Now,
        wake: Wake,
        lifetimes: Lifetimes,
    ) -> Result<Self, StoreError> {
        if lifetimes.orphan < lifetimes.upload {
            return Err(StoreError::Setting(format!(
                "orphan_ms is {}, but an upload may take {} ms: bytes that nothing names yet must be kept at least as long",
                lifetimes.orphan, lifetimes.upload
            )));
        }
        Ok(Self {
            clock: Clock::new(storage.clone(), Arc::clone(&now)),
            storage,
            store,
            key,
            now,
            wake,
            lifetimes,
            writing: Arc::default(),
            decoding: Arc::new(Semaphore::new(processors())),
        })
    }

    /// Tests the store: writes, reads and removes a small object, and claims the store for this server.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with the error of the store.
    pub async fn probe(&self) -> anyhow::Result<()> {
        let some = self
            .storage
            .read(|tx| held_photos::held(tx, "", PROBED_OBJECTS))
            .await?;
        let some: Vec<String> = some.into_iter().map(|held| held.object).collect();
        Ok(self.store.probe(&self.key.public(), &some).await?)
    }
}

/// Objects of stored photos that are looked for in a store without an owner.
const PROBED_OBJECTS: i64 = 20;

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
