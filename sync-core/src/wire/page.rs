//! Pages: what a phone lacks, document by document, and where it stands afterwards.

use minicbor::{Decode, Encode};

use super::Received;
use crate::{
    identity::SignedGrant,
    record::{AreaPath, DeviceId, Digest, DocId, LogId, ListRow, ServerTime},
};

/// A page of one scope. Applying it and moving the cursor to `next` is one transaction on the phone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// The life of the log; if it is not the one the phone asked with, the rest is empty and the phone repairs.
    #[n(0)]
    pub log: LogId,
    /// The cursor after this page.
    #[n(1)]
    pub next: Phase,
    /// Whether more is waiting behind this page.
    #[n(2)]
    pub more: bool,
    /// The documents.
    #[n(3)]
    pub items: Vec<Item>,
    /// Documents that left the scope.
    #[n(4)]
    pub exits: Vec<DocId>,
    /// Grants that these documents need and the phone may lack.
    #[n(5)]
    pub grants: Vec<SignedGrant>,
    /// At the end of a cycle: what the phone must hold now.
    #[n(6)]
    pub sum: Option<Sum>,
    /// Phones that were revoked, after those the cursor says are known; absent if there are none.
    #[n(7)]
    pub revoked: Option<Vec<Revocation>>,
    /// Documents that were asked for by name, are there, and did not fit: to be asked for next. Absent: none.
    #[n(8)]
    pub left: Option<Vec<DocId>>,
}

/// That a phone with grants in this space was revoked: what it wrote counts only if it is provably older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Revocation {
    /// Its number among those of the space, from 1.
    #[n(0)]
    pub number: u64,
    /// The phone.
    #[n(1)]
    pub device: DeviceId,
    /// When.
    #[n(2)]
    pub at: ServerTime,
}

/// First everything there is, then what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Phase {
    /// Walking all documents by their immutable id, newest first.
    #[n(0)]
    Backfill {
        /// The last document received; `None` at the start.
        #[n(0)]
        after: Option<DocId>,
        /// The head when the walk began; 0 at the start.
        #[n(1)]
        head: u64,
    },
    /// Following the log.
    #[n(1)]
    Tail {
        /// Everything up to here is on the phone.
        #[n(0)]
        base: u64,
        /// Pages of the present cycle were taken up to here; `base ≤ pos`.
        #[n(1)]
        pos: u64,
    },
}

/// What a scope holds at the head: compared by the phone with its own.
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
    /// This set and another, disjoint one.
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
    /// Its place in the administrative tree; absent if it has not changed.
    #[n(1)]
    pub area: Option<AreaPath>,
    /// Its content.
    #[n(2)]
    pub content: Content,
    /// When the server received its changes: those of the chunk in the order of their hashes, then `changes` in their
    /// order. Absent: not known.
    #[n(3)]
    pub received: Option<Received>,
}

/// The whole document, or what is new in it.
#[expect(
    clippy::large_enum_variant,
    reason = "one for each document of a page, and most are whole"
)]
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// Everything; merges with whatever the phone has.
    #[n(0)]
    Snapshot {
        /// An Automerge document, or empty if `changes` hold all.
        #[cbor(n(0), with = "minicbor::bytes")]
        chunk: Vec<u8>,
        /// Changes on top.
        #[n(1)]
        changes: Vec<minicbor::bytes::ByteVec>,
        /// Number and digest of all its changes.
        #[n(2)]
        sum: Sum,
        /// The row for the list, so that the phone can show it before it folds; verified later.
        #[n(3)]
        row: Option<ListRow>,
    },
    /// Changes newer than the cycle's base.
    #[n(1)]
    Delta {
        /// The changes.
        #[n(0)]
        changes: Vec<minicbor::bytes::ByteVec>,
    },
}
