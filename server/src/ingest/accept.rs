//! Acceptance: a reviewer vouches for a change that no proof attests.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    identity::{PackClaims, Signed, server_notice::Subject},
    record::{DeviceId, DeviceTime, ServerTime},
    wire::{encode, push::Refused},
};

use super::{
    numbered::{Numbered, Write},
    verify, write,
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx, docs, log,
        packs::{self, Pack},
        proofs::Unattested,
        server_notices, spaces,
    },
};

/// The device that the row of an acceptance names: no device has this identifier.
const NO_DEVICE: DeviceId = DeviceId([0; 16]);

/// Gives an unattested change effect, with the receive time `now`, and notes it for every device of the space: a restored
/// server gets the acceptance back. `false` if it is attested already, or the log does not have it.
pub(super) fn accept(
    tx: &mut dyn Tx,
    found: &Unattested,
    now: ServerTime,
) -> Result<bool, Refusal> {
    spaces::lock(tx, &BTreeSet::from([found.space.clone()]))?;
    if !attest(tx, found, now)? {
        return Ok(false);
    }
    let subject = Subject::ChangeAccepted(found.doc, found.hash);
    server_notices::note(tx, &found.space, subject, now)?;
    Ok(true)
}

/// Gives an unattested change effect, with the receive time `now`; the caller has locked the space. `false` if it is
/// attested already, or the log does not have it.
pub(super) fn attest(
    tx: &mut dyn Tx,
    found: &Unattested,
    now: ServerTime,
) -> Result<bool, Refusal> {
    let space = &found.space;
    let still = log::known(tx, space, &[found.hash])?.pop();
    if !still.is_some_and(|(_, held)| held.unattested) {
        return Ok(false);
    }
    let change = verify::stored(found.doc, found.bytes.clone());
    let author = change.content.as_ref().map(|c| c.origin(found.device));
    let claims = PackClaims {
        device: NO_DEVICE,
        number: 0,
        previous: PackClaims::GENESIS,
        claimed: DeviceTime(now.0),
        repair: true,
        changes: vec![Signed {
            doc: found.doc,
            change: found.hash,
        }],
    };
    let row = Pack {
        hash: claims.hash(),
        device: NO_DEVICE,
        number: 0,
        claims: claims.to_bytes(),
        signature: Vec::new(),
        received_at: now,
        refused: encode(&Vec::<Refused>::new()),
    };
    packs::keep(tx, &row)?;
    let numbered = Numbered {
        change: &change,
        device: author.unwrap_or(found.device),
        pack: row.hash,
        write: Write::Attest,
    };
    let held = docs::of(tx, space, &[found.doc])?.into_iter();
    let mut held: HashMap<_, _> = held.map(|doc| (doc.id, doc)).collect();
    write::space(tx, space, &[numbered], &mut held)?;
    Ok(true)
}
