//! Limits on the size of a document. No organisation can use up the capacity of the others.

use std::collections::HashMap;

/// Whose share of a document's capacity a change uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charged {
    pub(super) organ: OrganId,
    /// Whether the role reviews what others report.
    pub(super) reviews: bool,
}

use sync_core::{
    crdt::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_CHANGES},
    record::{DocId, OrganId},
    wire::Code,
};

use super::checked::Reject;

/// What changes use of a document's capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Used {
    pub(super) changes: u64,
    pub(super) bytes: u64,
}

impl Used {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            changes: self.changes + other.changes,
            bytes: self.bytes + other.bytes,
        }
    }

    /// Whether this is at most so many quarters of the limits of a document.
    fn fits(self, quarters: u64) -> bool {
        self.changes <= MAX_DOCUMENT_CHANGES as u64 * quarters / 4
            && self.bytes <= MAX_DOCUMENT_BYTES as u64 * quarters / 4
    }
}

/// What organisations use of documents that are long enough for it to matter.
pub(super) type Shares = HashMap<(DocId, OrganId), Used>;

/// Whether a document is over half of its limits. Below that no organisation can have used up its share.
pub(super) fn is_long(used: Used) -> bool {
    !used.fits(2)
}

/// Checks that a document has capacity. `whole`: its size with this change; `share`: what the organisation uses with
/// it; `exempt`: the organisation reviews, or the change had its share before a restore.
///
/// An organisation that does not review may use at most half of a document. All of these together leave a quarter to
/// those that review.
pub(super) fn check(whole: Used, share: Used, exempt: bool) -> Result<(), Reject> {
    let fits = whole.fits(4) && (exempt || (whole.fits(3) && share.fits(2)));
    if fits {
        Ok(())
    } else {
        Err(Reject::Refuse(Code::DocumentFull))
    }
}
