//! The input of one round of the projection: the documents that changed after the mark, with their changes and grants,
//! read from one snapshot of the database.

use std::collections::HashMap;

use sync_core::record::{AreaPath, DeviceId, DocId, Grant, GrantId, ServerTime};

use crate::storage::{
    StorageError, Tx,
    aliases::{self, Aliases},
    bodies::{self, Body},
    devices,
    docs::{self, Doc},
    grant_uses, revocations, spaces,
};

/// A document to fold.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) doc: Doc,
    pub(super) body: Body,
}

/// The input of one round.
#[derive(Debug, Default)]
pub(super) struct Situation {
    pub(super) mark: u64,
    pub(super) upto: u64,
    pub(super) more: bool,
    pub(super) docs: Vec<Raw>,
    pub(super) grants: HashMap<GrantId, Grant>,
    pub(super) revoked: HashMap<DeviceId, ServerTime>,
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
    let docs = docs::tail(tx, space, space, mark, limit)?;
    let more = docs.len() == limit;
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
    let docs = revocations::next(tx, space, mark, limit)?;
    let situation = Situation {
        mark,
        upto: mark,
        more: docs.len() == limit,
        ..Situation::default()
    };
    of(tx, space, docs, situation)
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
    situation.revoked = revocations::all(tx, space)?;
    situation.aliases = aliases::all(tx)?;
    let bodies = bodies::of(tx, space, &docs)?;
    let raw = docs.into_iter().zip(bodies);
    situation.docs = raw.map(|(doc, body)| Raw { doc, body }).collect();
    Ok(situation)
}
