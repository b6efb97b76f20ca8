//! Pages: the documents that a device lacks in a scope, and the cursor after them.

use minicbor::{Decode, Encode};

use super::Received;
use crate::{
    identity::{Proofs, SignedGrant, SignedNotice},
    record::{AreaPath, DeviceId, Digest, DocId, EncodedListRow, LogEpoch, ServerTime},
};

/// A page of one scope. A device applies it and moves the cursor to `next` in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// The log epoch. If it is not the one of the request, the rest is empty and the device reconciles.
    #[n(0)]
    pub log: LogEpoch,
    /// The cursor after this page.
    #[n(1)]
    pub next: Phase,
    /// Whether more pages follow this one.
    #[n(2)]
    pub more: bool,
    /// The documents.
    #[n(3)]
    pub items: Vec<Item>,
    /// Documents that left the scope.
    #[n(4)]
    pub exits: Vec<DocId>,
    /// Grants that these documents refer to and the device may lack.
    #[n(5)]
    pub grants: Vec<SignedGrant>,
    /// At the end of a cycle: the sum of what the device must hold now.
    #[n(6)]
    pub sum: Option<Sum>,
    /// Revocations after the last one that the cursor names; absent if there are none.
    #[n(7)]
    pub revoked: Option<Vec<Revocation>>,
    /// Documents that were requested by id, are available, and did not fit: to be requested next. Absent: none.
    #[n(8)]
    pub left: Option<Vec<DocId>>,
    /// Notices after the last one that the cursor names; absent if there are none.
    #[n(9)]
    pub notices: Option<Vec<NumberedNotice>>,
}

/// A notice with its number in the space.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NumberedNotice {
    /// Its number among the notices of the space, from 1.
    #[n(0)]
    pub number: u64,
    /// The notice.
    #[n(1)]
    pub sealed: SignedNotice,
}

/// The revocation of a device with grants in this space: its events count only if they are provably older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Revocation {
    /// Its number among the revocations of the space, from 1.
    #[n(0)]
    pub number: u64,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// When it was revoked.
    #[n(2)]
    pub at: ServerTime,
}

/// The two phases of a cursor: first all documents, then the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Phase {
    /// All documents by their immutable id, newest first.
    #[n(0)]
    Backfill {
        /// The last document received; `None` at the start.
        #[n(0)]
        after: Option<DocId>,
        /// The head when the backfill began; 0 at the start.
        #[n(1)]
        head: u64,
    },
    /// The log, in the order of commits.
    #[n(1)]
    Tail {
        /// The device is complete up to here.
        #[n(0)]
        base: u64,
        /// Pages of the current cycle were read up to here; `base ≤ pos`.
        #[n(1)]
        pos: u64,
    },
}

/// Count and digest of a scope's changes at the head; the device compares it with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Sum {
    /// Number of changes.
    #[n(0)]
    pub changes: u64,
    /// Digest of all of them.
    #[n(1)]
    pub digest: Digest,
}

impl Sum {
    /// The sum of this set and another, disjoint one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            changes: self.changes + other.changes,
            digest: self.digest.plus(other.digest),
        }
    }
}

/// One document of a page.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Item {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// Its area path; absent if it has not changed.
    #[n(1)]
    pub area: Option<AreaPath>,
    /// Its content.
    #[n(2)]
    pub content: Content,
    /// When the server received its changes: first those of the chunk in the order of their hashes, then those of
    /// `changes` in their order. Absent: not known.
    #[n(3)]
    pub received: Option<Received>,
    /// The proofs of its changes, in the order of `received`; empty ones for changes without proofs and for changes at or
    /// below the safe mark of the space. Absent: all of them are empty.
    #[n(4)]
    pub proofs: Option<Vec<Proofs>>,
}

/// The whole document, or its new changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// The whole document; it merges with anything that the device has.
    #[n(0)]
    Snapshot {
        /// An Automerge document, or empty if `changes` hold all.
        #[cbor(n(0), with = "minicbor::bytes")]
        chunk: Vec<u8>,
        /// Changes that are not in the chunk.
        #[n(1)]
        changes: Vec<minicbor::bytes::ByteVec>,
        /// Number and digest of all its changes.
        #[n(2)]
        sum: Sum,
        /// The list row, so that the device can show the document before it folds it; verified later.
        #[n(3)]
        row: Option<EncodedListRow>,
    },
    /// Changes newer than the cycle's base.
    #[n(1)]
    Delta {
        /// The changes.
        #[n(0)]
        changes: Vec<minicbor::bytes::ByteVec>,
    },
}
