//! The progress of photos in one sync.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::PhotoHash;

/// Bytes of one chunk: a broken connection costs at most this.
const CHUNK: u64 = 256 * 1024;

/// The progress of one photo in this sync.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tried {
    /// The highest offset that the server confirmed.
    pub(super) reached: u64,
    /// Calls in a row without progress.
    pub(super) tries: u32,
    /// Of these, the answered ones: a lost call is no fault of the photo.
    pub(super) stuck: u32,
}

/// The progress of all photos.
#[derive(Debug)]
pub(super) struct PhotoProgress {
    /// The offset that the server confirmed in this sync, for the current photo.
    pub(super) current: Option<(PhotoHash, u64)>,
    /// Photos that this sync does not try (again).
    pub(super) aside: BTreeSet<PhotoHash>,
    pub(super) tried: BTreeMap<PhotoHash, Tried>,
    /// Bytes of one chunk of a photo.
    pub(super) chunk: u64,
}

impl Default for PhotoProgress {
    fn default() -> Self {
        Self {
            current: None,
            aside: BTreeSet::new(),
            tried: BTreeMap::new(),
            chunk: CHUNK,
        }
    }
}
