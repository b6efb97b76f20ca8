//! A record as it is loaded for folding, with the times at which its changes were received.

use std::collections::HashMap;

use sync_core::{
    crdt::{CrdtError, Document, change_hash},
    record::{ChangeHash, ServerTime},
    wire::Received,
};

use crate::storage::bodies::Body;

/// A loaded record.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) document: Document,
    pub(crate) received: HashMap<ChangeHash, ServerTime>,
}

/// Loads a record from what the log keeps of it.
pub(crate) fn load(body: &Body) -> Result<Whole, CrdtError> {
    let snapshot = (!body.chunk.is_empty()).then_some(body.chunk.as_slice());
    let tail = body.changes.iter().map(Vec::as_slice);
    let (document, mut received) = match snapshot {
        None => (Document::load(None, tail.clone())?, HashMap::new()),
        Some(chunk) => {
            let mut document = Document::load(Some(chunk), [])?;
            let mut hashes = document.change_hashes();
            hashes.sort_unstable();
            document.merge(&[], tail.clone())?;
            (document, timed(hashes.into_iter(), &body.folded))
        }
    };
    received.extend(timed(tail.map(change_hash), &body.received));
    Ok(Whole { document, received })
}

fn timed(
    hashes: impl Iterator<Item = ChangeHash>,
    received: &Received,
) -> HashMap<ChangeHash, ServerTime> {
    let time = |(at, hash)| Some((hash, received.at(at)?));
    hashes.enumerate().filter_map(time).collect()
}

/// The times of changes in the order of their hashes, as they are kept beside a snapshot.
pub(super) fn in_order(
    mut hashes: Vec<ChangeHash>,
    received: &HashMap<ChangeHash, ServerTime>,
) -> Received {
    hashes.sort_unstable();
    hashes
        .iter()
        .map(|hash| received.get(hash).copied())
        .collect()
}
