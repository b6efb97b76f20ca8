//! The input of one round of the projection: the documents that changed after the mark, with their changes and grants,
//! read from one snapshot of the database.

use std::collections::HashMap;

use sync_core::{
    history::Revocations,
    record::{AreaPath, DocId, Grant, GrantId},
};

use super::intervals::Intervals;
use crate::storage::{
    StorageError, Tx,
    aliases::{self, Aliases},
    bodies::{self, Body},
    devices,
    docs::{self, Doc},
    grant_uses, server_notices, spaces, spans,
};

/// A document to fold.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) doc: Doc,
    pub(super) body: Body,
    /// The intervals that are stored.
    pub(super) intervals: Intervals,
}

/// The input of one round.
#[derive(Debug, Default)]
pub(super) struct Situation {
    pub(super) mark: u64,
    pub(super) upto: u64,
    pub(super) more: bool,
    pub(super) docs: Vec<Raw>,
    pub(super) grants: HashMap<GrantId, Grant>,
    pub(super) revoked: Revocations,
    pub(super) aliases: Aliases,
}

pub(super) fn gather(
    tx: &mut dyn Tx,
    space: &AreaPath,
    mark: u64,
    limit: usize,
) -> Result<Situation, StorageError> {
    let Some(head) = spaces::find(tx, space)?.map(|s| s.head) else {
        return Ok(Situation::default());
    };
    let mut docs = docs::tail(tx, space, space, mark, limit)?;
    let is_full = docs.len() == limit;
    let more = shorten(&mut docs) || is_full;
    // The documents are ordered by their newest change, so an incomplete round is complete up to that of the last one.
    let upto = if more {
        docs.last().map_or(head, |d| d.last_seq)
    } else {
        head
    };
    let situation = Situation {
        mark,
        upto,
        more,
        ..Situation::default()
    };
    of(tx, space, docs, situation)
}

/// The documents that are queued to be folded again although the log has not grown.
pub(super) fn again(
    tx: &mut dyn Tx,
    space: &AreaPath,
    mark: u64,
    limit: usize,
) -> Result<Situation, StorageError> {
    let mut docs = server_notices::next(tx, space, mark, limit)?;
    shorten(&mut docs);
    let situation = Situation {
        mark,
        upto: mark,
        ..Situation::default()
    };
    of(tx, space, docs, situation)
}

/// The changes of the documents of one round, which its duration depends on; a single document may have more.
const CHANGES: u64 = 4_096;

/// Leaves only as many documents as one round should fold. Returns whether it removed any.
fn shorten(docs: &mut Vec<Doc>) -> bool {
    let mut changes = 0;
    let fits = |doc: &&Doc| {
        changes += doc.changes;
        changes <= CHANGES
    };
    let count = docs.iter().take_while(fits).count().max(1);
    let removes = count < docs.len();
    docs.truncate(count);
    removes
}

/// Reads the documents with the grants and revocations that they depend on.
pub(super) fn of(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: Vec<Doc>,
    mut situation: Situation,
) -> Result<Situation, StorageError> {
    let ids: Vec<DocId> = docs.iter().map(|doc| doc.id).collect();
    let used = grant_uses::of_docs(tx, space, &ids)?;
    situation.grants = devices::grant_claims(tx, &used)?;
    situation.revoked = server_notices::revoked(tx, space)?;
    situation.aliases = aliases::all(tx)?;
    let bodies = bodies::of(tx, space, &docs)?;
    let mut stored = intervals(tx, space, &ids)?;
    let raw = |(doc, body): (Doc, Body)| Raw {
        intervals: stored.remove(&doc.id).unwrap_or_default(),
        doc,
        body,
    };
    situation.docs = docs.into_iter().zip(bodies).map(raw).collect();
    Ok(situation)
}

/// The stored intervals of documents.
fn intervals(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<HashMap<DocId, Intervals>, StorageError> {
    let spans::Stored {
        spans,
        quantities,
        visits,
        known,
    } = spans::of(tx, space, docs)?;
    let mut found: HashMap<DocId, Intervals> = HashMap::new();
    for (doc, known_at, known_receipts) in known {
        let of = found.entry(doc).or_default();
        (of.known_at, of.known_receipts) = (known_at, known_receipts);
    }
    // Intervals of a document whose newest receipt is not known are rebuilt.
    found.retain(|_, of| of.known_at.is_some());
    for row in spans {
        found.entry(row.doc).and_modify(|of| of.spans.push(row));
    }
    for row in quantities {
        found
            .entry(row.doc)
            .and_modify(|of| of.quantities.push(row));
    }
    for row in visits {
        found.entry(row.doc).and_modify(|of| of.visits.push(row));
    }
    Ok(found)
}
