//! The contents of a page: whole documents, their approximate size, and the grants that they need.

use minicbor::bytes::ByteVec;
use sync_core::{
    crdt::change_hash,
    identity::{Proofs, SignedGrant},
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
    grant_uses, hazards, proofs, spaces,
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
        notices: None,
    }
}

/// Approximate bytes of an item in a page.
pub(super) fn size(item: &Item) -> usize {
    let all = |changes: &[ByteVec]| changes.iter().map(|c| c.len()).sum::<usize>();
    let proofs = item.proofs.iter().flatten().map(|p| p.as_bytes().len());
    let proofs: usize = proofs.sum();
    match &item.content {
        Content::Snapshot { chunk, changes, .. } => chunk.len() + all(changes) + proofs + 200,
        Content::Delta { changes } => all(changes) + proofs,
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
            proofs: None,
        }
    };
    let mut items: Vec<Item> = docs.iter().zip(bodies).map(item).collect();
    let mut all: Vec<&mut Item> = items.iter_mut().collect();
    prove(tx, space, docs, &mut all)?;
    Ok(items)
}

/// Adds the proofs of changes after the safe mark of the space. Below it a backup has them, so no device needs them to
/// give its changes back.
pub(super) fn prove(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[Doc],
    items: &mut [&mut Item],
) -> Result<(), StorageError> {
    let safe = spaces::safe_mark(tx, space)?;
    let newer = docs.iter().filter(|doc| doc.last_seq > safe);
    let newer: Vec<DocId> = newer.map(|doc| doc.id).collect();
    if newer.is_empty() {
        return Ok(());
    }
    let mut found = proofs::of(tx, space, &newer, safe)?;
    for item in items {
        let Some(mut hashed) = found.remove(&item.doc) else {
            continue;
        };
        let (changes, folded) = match &item.content {
            Content::Snapshot { chunk, changes, .. } => (changes, !chunk.is_empty()),
            Content::Delta { changes } => (changes, false),
        };
        let mut tail = Vec::with_capacity(changes.len());
        for bytes in changes {
            let hash = change_hash(bytes);
            let at = hashed.iter().position(|(known, _)| *known == hash);
            tail.push(at.map(|at| hashed.remove(at).1).unwrap_or_default());
        }
        let folded = hashed
            .into_iter()
            .filter(|_| folded)
            .map(|(_, proofs)| proofs);
        let all = folded.chain(tail).map(Proofs::from_bytes);
        let all: Vec<Proofs> = all.collect();
        item.proofs = all.iter().any(|proofs| !proofs.is_empty()).then_some(all);
    }
    Ok(())
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
