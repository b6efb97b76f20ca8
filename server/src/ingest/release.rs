//! Release: a person decides that a quarantined change enters the log and counts.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    identity::{PackClaims, Signed, server_notice::Subject},
    record::{ChangeHash, DeviceId, DeviceTime, ServerTime},
    wire::{Code, PACK_CHANGES},
};

use super::{
    admit,
    checked::{Checked, Verified},
    plan::Writer,
    verify,
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx, docs,
        quarantine::{self, Quarantined},
        server_notices,
    },
};

/// What became of the changes that a person released.
#[derive(Debug, Default)]
pub struct Released {
    /// Changes that are in the log now, and count as received now.
    pub done: Vec<ChangeHash>,
    /// Changes that stay in quarantine, each with the code of its refusal. With [`Code::Quarantined`] the reason is
    /// written to its row.
    pub left: Vec<(ChangeHash, Code)>,
}

/// Releases quarantined changes: each is checked again like a change that an active device sends. One that passes gets the
/// receive time `now`, and a notice that has it count in spite of a revoked device or an ended grant. What its
/// author may not state stays in quarantine.
pub(super) fn release(
    tx: &mut dyn Tx,
    found: &[Quarantined],
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Released, Refusal> {
    let mut by_author: BTreeMap<DeviceId, Vec<Checked>> = BTreeMap::new();
    for row in found {
        let change = verify::stored(row.doc, row.bytes.clone());
        // Checked as its author's device would have brought it: who brought it decides nothing here.
        let author = change.content.as_ref().ok();
        let author = author.map_or(row.device, |content| content.origin(row.device));
        by_author.entry(author).or_default().push(change);
    }
    let mut released = Released::default();
    for (device, mut changes) in by_author {
        // What a change depends on has operations with lower numbers.
        changes.sort_by_key(|change| {
            let first = change.content.as_ref().map_or(0, |content| content.ops.0);
            (first, change.hash)
        });
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(PACK_CHANGES));
            store(tx, device, changes, now, catalogue, &mut released)?;
            changes = rest;
        }
    }
    Ok(released)
}

fn store(
    tx: &mut dyn Tx,
    device: DeviceId,
    changes: Vec<Checked>,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
    released: &mut Released,
) -> Result<(), Refusal> {
    let signed = changes.iter().map(|change| Signed {
        doc: change.doc,
        change: change.hash,
    });
    let pack = Verified {
        claims: PackClaims {
            device,
            number: 0,
            previous: PackClaims::GENESIS,
            claimed: DeviceTime(now.0),
            repair: true,
            changes: signed.collect(),
        },
        signature: Vec::new(),
        changes,
    };
    let hash = pack.claims.hash();
    let packs = std::slice::from_ref(&pack);
    let decided = admit::store(tx, packs, &[hash], &[(0, Writer::Active)], now, catalogue)?;
    let refused = decided.into_iter().next().unwrap_or_default().refused;
    let refused: HashMap<usize, Code> = refused
        .iter()
        .map(|one| (one.entry as usize, one.code))
        .collect();
    let routes = docs::spaces_of(tx, pack.changes.iter().map(|change| change.doc))?;
    for (at, change) in pack.changes.iter().enumerate() {
        let space = routes.get(&change.doc);
        match (refused.get(&at), space) {
            (None, Some(space)) => {
                let subject = Subject::ChangeAccepted(change.doc, change.hash);
                server_notices::note(tx, space, subject, now)?;
                quarantine::remove(tx, change.hash)?;
                released.done.push(change.hash);
            }
            (code, _) => {
                let code = code.copied().unwrap_or(Code::Quarantined);
                released.left.push((change.hash, code));
            }
        }
    }
    Ok(())
}
