//! Release: a person decides that a quarantined change enters the log and counts.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    identity::{PackClaims, Proofs, Signed, server_notice::Subject},
    record::{ChangeHash, DeviceId, DeviceTime, ServerTime},
    wire::{Code, PACK_CHANGES},
};

use super::{
    admit,
    checked::{Checked, Content, Verified},
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
    /// Changes that stay because nothing shows that their authors made them: another device brought them without proofs, and
    /// the person did not vouch for their authors.
    pub unproven: Vec<ChangeHash>,
}

/// Whether the author's device brought a change itself, or its proofs are those of its authors.
fn is_attested(row: &Quarantined, change: &Checked) -> bool {
    let own = |content: &Content| content.authors.iter().all(|of| of.device == row.device);
    row.proofs.is_some() || change.content.as_ref().is_ok_and(own)
}

/// Releases quarantined changes: each is checked again like a change that an active device sends. One that passes gets the
/// receive time `now`, and a notice that has it count in spite of a revoked device or an ended grant. What its
/// author may not state stays in quarantine, and so does what nothing attests unless a person vouches for it.
pub(super) fn release(
    tx: &mut dyn Tx,
    found: &[Quarantined],
    vouched: bool,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Released, Refusal> {
    let mut by_author: BTreeMap<DeviceId, Vec<Checked>> = BTreeMap::new();
    let mut released = Released::default();
    for row in found {
        let mut change = verify::stored(row.doc, row.bytes.clone());
        if !vouched && !is_attested(row, &change) {
            released.unproven.push(row.hash);
            continue;
        }
        change.proofs = row.proofs.clone().map(Proofs::from_bytes);
        quarantine::reconsider(tx, (row.doc, row.hash))?;
        // Checked as its author's device would have brought it: who brought it decides nothing here.
        let author = change.content.as_ref().ok();
        let author = author.map_or(row.device, |content| content.origin(row.device));
        by_author.entry(author).or_default().push(change);
    }
    let rejected: HashMap<ChangeHash, &Quarantined> = found
        .iter()
        .filter(|row| row.rejected_at.is_some())
        .map(|row| (row.hash, row))
        .collect();
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
    // What was rejected and may not enter stays rejected.
    for (hash, _) in &released.left {
        if let Some(row) = rejected.get(hash)
            && let (Some(at), Some(why)) = (row.rejected_at, &row.rejected_why)
        {
            quarantine::reject(tx, (row.doc, row.hash), why, at)?;
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
                quarantine::remove(tx, (change.doc, change.hash))?;
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
