//! A database and its photo store, and the progress of a move between two.

use crate::{photos::Store, storage::Storage};

/// A database and its photo store.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The database.
    pub storage: Storage,
    /// The photos.
    pub photos: Store,
}

/// Called with the progress: what is copied, how much is done, and the total.
pub type Progress<'p> = &'p dyn Fn(&'static str, u64, u64);
