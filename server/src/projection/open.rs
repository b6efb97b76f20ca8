//! Opens documents from their stored snapshots and changes.

use std::sync::Arc;

use sync_core::{catalogue::Catalogue, crdt::CrdtError, document::OpenDocument};

use crate::storage::bodies::Body;

/// Opens a document from its snapshot and the changes after it.
pub(crate) fn open(body: &Body, catalogue: &Arc<Catalogue>) -> Result<OpenDocument, CrdtError> {
    let snapshot = (!body.chunk.is_empty()).then_some((body.chunk.as_slice(), &body.folded));
    let changes = body.changes.iter().enumerate();
    OpenDocument::open(
        snapshot,
        changes.map(|(at, bytes)| (bytes.as_slice(), body.received.at(at))),
        catalogue,
    )
}
