//! Photos: uploads that survive a cut, bytes that are what they say, receipts that can be relied on.
//!
//! In come chunks of a photo whose hash is known before its first byte; out comes a receipt, only after the whole
//! was hashed again, decoded, written durably and listed. Bytes are objects of a store (a folder or a bucket) that
//! are written once, under a name nobody else has, and count only when a row names them; so any number of processes
//! may share a store and a database. No photo is ever in a database row, and nothing referenced is removed.

mod finish;
mod jpeg;
mod orphans;
mod read;
mod store;
mod target;
mod upload;

use std::{
    collections::HashSet,
    num::NonZero,
    sync::{Arc, Mutex},
};

use sync_core::{
    identity::SecretKey,
    record::{BlobHash, DeviceId},
    wire::Code,
};
use tokio::sync::Semaphore;

use crate::{
    access::{Clock, Now, Refusal, random},
    storage::Storage,
};

pub use read::Photo;
pub use store::Store;
pub use target::{Bucket, StoreError, Target};
pub use upload::{Created, MAX_BLOB_BYTES, Received};

/// How long things are kept, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An unfinished upload.
    pub upload: i64,
    /// An object that no row names; not less than `upload`.
    pub orphan: i64,
    /// A stored photo that no record names.
    pub unnamed: i64,
}

/// The photos of a server.
#[derive(Clone)]
pub struct Blobs {
    storage: Storage,
    store: Store,
    key: SecretKey,
    now: Now,
    clock: Clock,
    lifetimes: Lifetimes,
    /// Uploads that a request of this process is writing to: saves work, decides nothing.
    writing: Arc<Mutex<HashSet<String>>>,
    /// Turns at decoding: one for each processor, so that photos neither fill the memory nor stall other requests.
    decoding: Arc<Semaphore>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Blobs {
    /// In a store.
    ///
    /// # Errors
    /// [`StoreError::Setting`] if orphans were to live shorter than uploads.
    pub fn new(
        storage: Storage,
        store: Store,
        key: SecretKey,
        now: Now,
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
            lifetimes,
            writing: Arc::default(),
            decoding: Arc::new(Semaphore::new(processors())),
        })
    }

    /// Tries the store: writes, reads and removes a small object, and claims the store for this server.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with what the store said.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe(&self.key.public()).await
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// A name for a photo's bytes that nobody else has.
fn photo_key(hash: &BlobHash) -> String {
    let name = hash.to_string();
    format!("blobs/{}/{name}.{}", &name[..2], hex::encode(random::<4>()))
}

/// Where the thumbnail of an object is.
fn thumb_key(object: &str) -> String {
    format!("{object}.thumb")
}

/// A name for a chunk that nobody else has.
fn part_key(upload: &str, start: u64) -> String {
    format!("uploads/{upload}/{start:09}.{}", hex::encode(random::<8>()))
}

fn gone() -> Refusal {
    Refusal::new(Code::UploadGone, "create the upload again")
}

/// A name for an upload.
fn upload_id() -> String {
    DeviceId(random()).to_string()
}
