//! What devices give back to a restored server: grants and notices that this server signed, packs that it confirmed, and
//! changes with the proofs of their authors.
//!
//! Nothing here rests on the device that brings it. What this server signed is verified with its key, and each change
//! with the key in its author's grant.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    identity::{
        PackClaims, PackReceipt, PublicKey, ServerNotice, SignedGrant, server_notice::Subject,
    },
    record::{
        AreaPath, ChangeHash, DeviceId, DocId, Event, Grant, GrantId, LogEpoch, PackHash,
        ServerTime,
    },
    wire::{
        Code, PACK_CHANGES, Received, decode, encode,
        push::{Entry, Refused},
        resupply::{ConfirmedPack, MAX_EVIDENCE, Request, Response},
    },
};

use super::{
    accept, admit,
    checked::{Checked, Verified},
    plan::Writer,
    release, verify,
};
use crate::{
    host::random,
    refusal::Refusal,
    storage::{
        Tx, devices,
        devices::DeviceState,
        docs, log,
        packs::{self, Pack},
        proofs, quarantine,
        returned::Authority,
        server_notices,
    },
};

/// What a device gives back, after the checks that need no database.
pub(super) struct Returned {
    grants: Vec<(SignedGrant, Grant)>,
    notices: Vec<ServerNotice>,
    packs: Vec<Confirmed>,
    changes: Verified,
}

/// Checks the size of a request.
pub(super) fn check_size(request: &Request) -> Result<(), Refusal> {
    let parts = [
        request.grants.len(),
        request.packs.len(),
        request.notices.len(),
    ];
    if request.entries.len() > PACK_CHANGES || parts.iter().any(|part| *part > MAX_EVIDENCE) {
        let detail = format!("at most {PACK_CHANGES} changes, and {MAX_EVIDENCE} of anything else");
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    Ok(())
}

/// The grants that the events of these changes name.
pub(super) fn named_grants(entries: &[Entry]) -> Vec<GrantId> {
    let facts = entries
        .iter()
        .filter_map(|entry| sync_core::crdt::inspect(&entry.change).ok());
    let events = facts.flat_map(|facts| facts.events);
    let named = events.filter_map(|(_, bytes)| Some(Event::from_bytes(&bytes).ok()?.grant));
    named.collect()
}

/// Verifies what `carrier` gives back. `known`: grants that the server has. What this server did not sign is ignored.
pub(super) fn read(
    carrier: DeviceId,
    request: Request,
    server: &PublicKey,
    mut known: HashMap<GrantId, Grant>,
    now: ServerTime,
) -> Returned {
    let signed = request.grants.into_iter();
    let grants: Vec<(SignedGrant, Grant)> = signed
        .filter_map(|sealed| {
            let claims = sealed.open(server).ok()?;
            Some((sealed, claims))
        })
        .collect();
    for (sealed, claims) in &grants {
        known.entry(sealed.id()).or_insert_with(|| claims.clone());
    }
    let notices = request.notices.iter();
    let notices = notices.filter_map(|notice| notice.open(server).ok());
    let packs = request.packs.into_iter();
    let packs: Vec<Confirmed> = packs.filter_map(|pack| confirmed(pack, server)).collect();
    let mut first: HashMap<(DocId, ChangeHash), (DeviceId, PackHash, ServerTime)> = HashMap::new();
    for (claims, pack, refused) in &packs {
        // The receipt proves nothing about what was not stored: a disabled device would otherwise date what it made up.
        let stored = (0..).zip(&claims.changes);
        let stored = stored.filter(|(at, _)| !refused.iter().any(|one| one.entry == *at));
        for (_, signed) in stored {
            let this = (pack.device, pack.hash, pack.received_at);
            let held = first.entry((signed.doc, signed.change)).or_insert(this);
            if pack.received_at < held.2 {
                *held = this;
            }
        }
    }
    let mut changes = verify::resupplied(request.entries, &known);
    for change in &mut changes {
        first_pack(change, &first);
    }
    let claims = PackClaims {
        device: carrier,
        number: 0,
        previous: PackClaims::GENESIS,
        claimed: sync_core::record::DeviceTime(now.0),
        repair: true,
        changes: changes
            .iter()
            .map(|change| sync_core::identity::Signed {
                doc: change.doc,
                change: change.hash,
            })
            .collect(),
    };
    Returned {
        grants,
        notices: notices.collect(),
        packs,
        changes: Verified {
            claims,
            signature: Vec::new(),
            changes,
        },
    }
}

/// A change that its author's device sent in a confirmed pack is attested by this pack, and has its receive time.
fn first_pack(
    change: &mut Checked,
    first: &HashMap<(DocId, ChangeHash), (DeviceId, PackHash, ServerTime)>,
) {
    let (Ok(content), Some((device, pack, received))) =
        (&mut change.content, first.get(&(change.doc, change.hash)))
    else {
        return;
    };
    if content
        .authors
        .iter()
        .all(|author| author.device == *device)
    {
        content.attested = true;
        change.first_pack = Some((*pack, *received));
    }
}

/// A pack that this server confirmed, and the entries that it did not store.
type Confirmed = (PackClaims, Pack, Vec<Refused>);

/// A pack that this server confirmed; `None` if the receipt is not this server's, or is of another pack.
fn confirmed(pack: ConfirmedPack, server: &PublicKey) -> Option<Confirmed> {
    let receipt = PackReceipt::open(&pack.receipt, server).ok()?;
    let claims: PackClaims = decode(&pack.claims)?;
    let hash = PackHash::of(&pack.claims);
    let stated = (claims.device, claims.number, hash);
    if stated != (receipt.device, receipt.number, receipt.pack) {
        return None;
    }
    let refused = receipt.refused.unwrap_or_default().into_iter();
    let refused: Vec<Refused> = refused.map(Refused::of_numbered).collect();
    let row = Pack {
        hash,
        device: claims.device,
        number: claims.number,
        claims: pack.claims,
        signature: encode(&pack.signature),
        received_at: receipt.received,
        refused: encode(&refused),
    };
    Some((claims, row, refused))
}

impl Returned {
    /// Whether it has grants or notices.
    pub(super) fn has_authority(&self) -> bool {
        !(self.grants.is_empty() && self.notices.is_empty())
    }
}

/// Stores notices and grants, and gives effect to changes of the log that a returned notice accepts. In a transaction of its
/// own and before anything else, so that nothing that was revoked or ended has an effect in between; a transaction that
/// locks spaces for both could lock them in two orders.
pub(super) fn store_authority(
    tx: &mut dyn Tx,
    returned: &Returned,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<(), Refusal> {
    let authority = Authority {
        grants: &returned.grants,
        notices: &returned.notices,
    };
    authority.store(tx, || LogEpoch(random()))?;
    for notice in &returned.notices {
        let Some(Subject::ChangeAccepted(doc, change)) = notice.subject() else {
            continue;
        };
        // The change may have come before its acceptance.
        if let Some(found) = proofs::unattested_in(tx, &notice.space, change)? {
            accept::attest(tx, &found, now)?;
        } else if let Some(found) = quarantine::find(tx, (doc, change))?
            && found.rejected_at.is_none()
        {
            release::release(tx, &[found], true, now, catalogue)?;
        }
    }
    Ok(())
}

/// Stores the packs and changes that a device gave back, in the caller's transaction.
pub(super) fn store(
    tx: &mut dyn Tx,
    returned: &Returned,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Response, Refusal> {
    let carrier = returned.changes.claims.device;
    devices::lock(tx, [carrier])?;
    let unknown = || Refusal::new(Code::DeviceUnknown, "enrol the phone again");
    let device = devices::find(tx, carrier)?.ok_or_else(unknown)?;
    let writer = if device.state == DeviceState::Active {
        Writer::Active
    } else {
        let revoked = server_notices::last_revoked(tx, &[carrier].into())?;
        let since = revoked.get(&carrier).copied();
        Writer::Disabled {
            since: since.unwrap_or(ServerTime(i64::MIN)),
        }
    };
    // In one order: two devices may bring the same packs.
    let packs = returned.packs.iter().map(|(_, pack, _)| (pack.hash, pack));
    for pack in packs.collect::<BTreeMap<_, _>>().values() {
        packs::keep(tx, pack)?;
    }
    let hash = returned.changes.claims.hash();
    let one = std::slice::from_ref(&returned.changes);
    let decided = admit::store(tx, one, &[hash], &[(0, writer)], now, catalogue)?;
    let refused = decided.into_iter().next().unwrap_or_default().refused;
    advance_chain(tx, &device, &returned.packs, now)?;
    let received = received(tx, &returned.changes.changes, &refused)?;
    Ok(Response {
        refused,
        received,
        now,
    })
}

/// A device's chain continues after the packs that this server confirmed to it.
fn advance_chain(
    tx: &mut dyn Tx,
    device: &devices::Device,
    packs: &[Confirmed],
    now: ServerTime,
) -> Result<(), Refusal> {
    let mut own: Vec<_> = packs
        .iter()
        .filter(|(claims, ..)| claims.device == device.id)
        .collect();
    own.sort_by_key(|(claims, ..)| claims.number);
    let (mut number, mut last) = (device.pack_number, device.pack_hash);
    for (claims, pack, _) in own {
        if claims.number == number + 1 && claims.previous == last {
            (number, last) = (claims.number, pack.hash);
        }
    }
    if number > device.pack_number {
        devices::advance_chain(tx, device.id, number, last, now)?;
    }
    Ok(())
}

/// The receive time of each change: 0 for a refused one.
fn received(
    tx: &mut dyn Tx,
    changes: &[Checked],
    refused: &[Refused],
) -> Result<Received, Refusal> {
    let routes = docs::spaces_of(tx, changes.iter().map(|change| change.doc))?;
    let mut by_space: HashMap<&AreaPath, Vec<ChangeHash>> = HashMap::new();
    for change in changes {
        if let Some(space) = routes.get(&change.doc) {
            by_space.entry(space).or_default().push(change.hash);
        }
    }
    let mut times = HashMap::new();
    for (space, hashes) in by_space {
        times.extend(log::received(tx, space, &hashes)?);
    }
    let is_refused = |at: usize| refused.iter().any(|one| one.entry as usize == at);
    let time = |(at, change): (usize, &Checked)| {
        times.get(&change.hash).copied().filter(|_| !is_refused(at))
    };
    Ok(changes.iter().enumerate().map(time).collect())
}
