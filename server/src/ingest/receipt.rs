//! The response for a stored pack: its receipt, and what other packs had brought before.

use std::collections::BTreeSet;

use sync_core::{
    identity::{PackReceipt, SecretKey},
    record::{AreaPath, ChangeHash, DocId, PackHash, ServerTime},
    wire::push::{Known, Refused, Response},
};

use super::checked::Verified;
use crate::{
    refusal::Refusal,
    storage::{Tx, docs, log},
};

/// The signed response for a pack.
pub(super) fn stored(
    pack: &Verified,
    hash: PackHash,
    server: &SecretKey,
    received: ServerTime,
    refused: Vec<Refused>,
    known: Vec<Known>,
) -> Response {
    let (device, number) = (pack.claims.device, pack.claims.number);
    let receipt = PackReceipt {
        device,
        number,
        pack: hash,
        received,
        refused: Some(refused.iter().map(Refused::numbered).collect()),
    };
    Response::Stored {
        receipt: receipt.seal(server),
        refused,
        known: (!known.is_empty()).then_some(known),
    }
}

/// The entries that another pack had brought before, with their receive times.
pub(super) fn came_before(
    tx: &mut dyn Tx,
    pack: &Verified,
    hash: PackHash,
    entries: impl Iterator<Item = usize>,
) -> Result<Vec<Known>, Refusal> {
    let entries: Vec<usize> = entries.collect();
    let docs: BTreeSet<DocId> = entries.iter().map(|at| pack.changes[*at].doc).collect();
    let mut known = Vec::new();
    if docs.is_empty() {
        return Ok(known);
    }
    let routes = docs::spaces_of(tx, docs)?;
    let spaces: BTreeSet<&AreaPath> = routes.values().collect();
    let hashes: Vec<ChangeHash> = entries.iter().map(|at| pack.changes[*at].hash).collect();
    for space in spaces {
        let times = log::came_before(tx, space, hash, &hashes)?;
        known.extend(entries.iter().filter_map(|at| {
            Some(Known {
                entry: u32::try_from(*at).unwrap_or(u32::MAX),
                received: *times.get(&pack.changes[*at].hash)?,
            })
        }));
    }
    Ok(known)
}
