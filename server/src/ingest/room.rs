//! The room of a document: limits that no organisation can use up for the others.

use std::collections::HashMap;

use sync_core::{
    crdt::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_CHANGES},
    record::{DocId, OrganId},
    wire::Code,
};

use super::{Reject, authority::Charged};

/// What takes room.
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

    /// At most this part of a whole document, in quarters.
    fn fits(self, quarters: u64) -> bool {
        self.changes <= MAX_DOCUMENT_CHANGES as u64 * quarters / 4
            && self.bytes <= MAX_DOCUMENT_BYTES as u64 * quarters / 4
    }
}

/// Room used by organisations, of documents that are long enough for it to matter.
pub(super) type Shares = HashMap<(DocId, OrganId), Used>;

/// Below this no organisation can have used up its share, so nobody needs to count.
pub(super) fn is_long(used: Used) -> bool {
    !used.fits(2)
}

/// Checks that a document has room. `whole`: what it will take with this change; `share`: what the organisation will.
///
/// An organisation that does not review takes half of a document at most; all of those together leave a quarter to
/// those that review.
pub(super) fn check(whole: Used, share: Used, charged: Charged) -> Result<(), Reject> {
    let fits = whole.fits(4) && (charged.reviews || (whole.fits(3) && share.fits(2)));
    if fits {
        Ok(())
    } else {
        Err(Reject::Refuse(Code::DocumentFull))
    }
}
