//! A document as an Automerge document: the only module that uses automerge.
//!
//! The document is one map: event id → event bytes; `v`, the version of this layout; and `id`, the document's id.
//! Events are only added. The module converts event bytes, changes and snapshots into each other. It does not read the
//! content of events and does not store anything.

mod document;
mod inspect;

pub use document::{Actor, Document, NewChange};
pub use inspect::{ChangeFacts, admit, change_hash, inspect, last_op};

use crate::causes::Cause;

/// Version of the document layout that this code writes.
pub const LAYOUT: u64 = 1;
/// Bytes of one change at most: the largest event and Automerge's frame around it.
pub const MAX_CHANGE_BYTES: usize = 24 * 1024;
/// Bytes of a whole document at most; real hazards take 1 to 5 KB with their whole history.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Changes of one document at most; a hazard is open for weeks and gets fewer than 50.
pub const MAX_DOCUMENT_CHANGES: usize = 1_000;

const KEY_VERSION: &str = "v";
/// The document's id makes equal observations in two documents two different changes.
const KEY_DOCUMENT: &str = "id";

/// Bytes that are no valid change or document. A retry with the same bytes fails too, except for
/// [`Self::MissingDependencies`].
#[derive(Debug, thiserror::Error)]
pub enum CrdtError {
    /// Over a limit.
    #[error("{what} has {size} bytes, at most {limit} are taken")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Damaged, truncated or not from this program.
    #[error("not an Automerge change or document")]
    Malformed(#[source] Cause),
    /// A layout that this version does not write or read.
    #[error("written by another version of the document layout ({0}); update this program")]
    Foreign(String),
    /// An event whose id is not the hash of its bytes.
    #[error("an event does not match its id; it was altered on the way")]
    Altered,
    /// Dependencies of a change are missing.
    #[error("{0} changes that this one builds on are missing")]
    MissingDependencies(usize),
    /// Two different changes with the same actor and sequence number: a copied or restored device.
    #[error(
        "the same author number was used twice for different changes (a copied or restored phone)"
    )]
    Equivocation,
}

fn malformed(cause: impl Into<Cause>) -> CrdtError {
    CrdtError::Malformed(cause.into())
}
