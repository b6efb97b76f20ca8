//! Photos: uploads that survive a cut, bytes that are what they say, receipts that can be relied on.
//!
//! In come chunks of a photo whose hash is known before its first byte; out comes a receipt, only after the whole
//! was hashed again, decoded, written durably and listed. Bytes are files named by their hash; no photo is ever
//! in a database row, and nothing referenced is removed.

mod files;
mod read;
mod upload;

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use sync_core::identity::SecretKey;

use crate::{access::Now, storage::Storage};

pub use read::Photo;
pub use upload::{Created, MAX_BLOB_BYTES, Received};

/// The photos of a server.
#[derive(Clone)]
pub struct Blobs {
    storage: Storage,
    root: PathBuf,
    key: SecretKey,
    now: Now,
    upload_ms: i64,
    /// Uploads that a request is writing to.
    writing: Arc<Mutex<HashSet<String>>>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Blobs {
    /// In a folder; its subfolders are made.
    ///
    /// # Errors
    /// From the file system.
    pub fn new(
        storage: Storage,
        root: PathBuf,
        key: SecretKey,
        now: Now,
        upload_ms: i64,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(root.join("uploads"))?;
        std::fs::create_dir_all(root.join("blobs"))?;
        Ok(Self {
            storage,
            root,
            key,
            now,
            upload_ms,
            writing: Arc::default(),
        })
    }
}
