//! The contents of a page: whole documents, their approximate size, and the grants that they need.

use minicbor::bytes::ByteVec;
use sync_core::{
    identity::SignedGrant,
    record::{AreaPath, DocId, LogEpoch},
    wire::{
        page::{Content, Item, Page, Sum},
        pull::Phase,
    },
};

use crate::storage::{
    StorageError, Tx,
    bodies::{self, Body},
    devices,
    docs::Doc,
    grant_uses, hazards,
};

/// Documents read in one batch: few round trips to the database, and little is read in vain once the page is full.
pub(super) const PART: usize = 64;

/// A page without documents.
pub(super) fn empty(log: LogEpoch, next: Phase) -> Page {
    let (items, exits, grants) = (Vec::new(), Vec::new(), Vec::new());
    Page {
        log,
        next,
        more: false,
        items,
        exits,
        grants,
        sum: None,
        revoked: None,
        left: None,
    }
}

/// Approximate bytes of an item in a page.
pub(super) fn size(item: &Item) -> usize {
    let all = |changes: &[ByteVec]| changes.iter().map(|c| c.len()).sum::<usize>();
    match &item.content {
        Content::Snapshot { chunk, changes, .. } => chunk.len() + all(changes) + 200,
        Content::Delta { changes } => all(changes),
    }
}

/// Documents of one space, complete.
pub(super) fn snapshots(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[Doc],
) -> Result<Vec<Item>, StorageError> {
    let bodies = bodies::of(tx, space, docs)?;
    let mut rows = hazards::list_rows(tx, space, docs)?;
    let item = |(doc, body): (&Doc, Body)| {
        let mut received = body.folded;
        received.0.extend(body.received.0);
        Item {
            doc: doc.id,
            area: Some(doc.path.clone()),
            content: Content::Snapshot {
                chunk: body.chunk,
                changes: body.changes.into_iter().map(ByteVec::from).collect(),
                sum: Sum {
                    changes: doc.changes,
                    digest: doc.digest,
                },
                row: rows.remove(&doc.id),
            },
            received: Some(received),
        }
    };
    Ok(docs.iter().zip(bodies).map(item).collect())
}

/// The grants that these documents need, without those that a device at `base` already has.
pub(super) fn grants(
    tx: &mut dyn Tx,
    space: &AreaPath,
    items: &[Item],
    known: Option<(&AreaPath, u64)>,
) -> Result<Vec<SignedGrant>, StorageError> {
    let docs: Vec<DocId> = items.iter().map(|item| item.doc).collect();
    let mut wanted = grant_uses::of_docs(tx, space, &docs)?;
    if let Some((area, base)) = known
        && !items.is_empty()
    {
        for id in grant_uses::of_area(tx, space, area, base)? {
            wanted.remove(&id);
        }
    }
    devices::grants(tx, &wanted)
}
