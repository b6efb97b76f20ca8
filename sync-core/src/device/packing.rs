//! The limits of a pack.

use std::collections::BTreeSet;

use crate::{
    record::DocId,
    wire::{PACK_BYTES, PACK_CHANGES},
};

/// The limits of a pack, and the documents that are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packing {
    /// Changes at most; one always fits.
    pub(crate) changes: usize,
    /// Uncompressed bytes of changes at most; one change always fits.
    pub(crate) bytes: usize,
    /// Documents of which no change is sealed now.
    pub(crate) aside: BTreeSet<DocId>,
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            changes: PACK_CHANGES,
            bytes: PACK_BYTES,
            aside: BTreeSet::new(),
        }
    }
}
