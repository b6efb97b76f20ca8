//! Admitting packs: reads what the log contains, plans, writes the rows, and signs the receipts.
//!
//! A group of packs is admitted in one transaction with the same result as one by one, in order. Their reads and their
//! writes are batched.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    identity::SecretKey,
    record::{AreaPath, DeviceId, DocId, PackHash, ServerTime},
    wire::{
        Code, encode,
        push::{Refused, Response},
    },
};

use super::{
    chain::{Standing, stand},
    checked::{Checked, Reject, Verified},
    gather,
    numbered::{Numbered, Write},
    plan::{Action, Writer},
    receipt::{came_before, stored},
    situation::Situation,
    write,
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx, devices,
        docs::Doc,
        log::Held,
        packs::{self, Pack},
        proofs,
        quarantine::{self, Quarantined},
    },
};

/// A disabled device may write nothing in a pack: nothing in it was received before.
const NEVER: ServerTime = ServerTime(i64::MIN);

/// The result of one pack.
pub(super) type Answer = Result<Response, Refusal>;

/// Admits verified packs in the caller's transaction; one answer for each pack.
pub(super) fn admit(
    tx: &mut dyn Tx,
    packs: &[Verified],
    server: &SecretKey,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Vec<Answer>, Refusal> {
    let hashes: Vec<PackHash> = packs.iter().map(|pack| pack.claims.hash()).collect();
    let senders: BTreeSet<DeviceId> = packs.iter().map(|pack| pack.claims.device).collect();
    // Two processes must not accept the next pack of a device concurrently.
    devices::lock(tx, senders.iter().copied())?;
    let mut answered = packs::find(tx, hashes.iter().copied())?;
    let mut chains = devices::find_all(tx, senders)?;
    let standings = (0..packs.len())
        .map(|at| stand(at, packs, &hashes, &mut answered, &mut chains))
        .collect::<Result<Vec<Standing>, Refusal>>()?;
    let new: Vec<(usize, Writer)> = standings
        .iter()
        .enumerate()
        .filter_map(|(at, standing)| match standing {
            Standing::New { active: true } => Some((at, Writer::Active)),
            Standing::New { active: false } => Some((at, Writer::Disabled { since: NEVER })),
            _ => None,
        })
        .collect();
    let decided = store(tx, packs, &hashes, &new, now, catalogue)?;
    let advanced: BTreeSet<DeviceId> = new.iter().map(|(at, _)| packs[*at].claims.device).collect();
    for device in advanced {
        let chain = &chains[&device];
        devices::advance_chain(tx, device, chain.pack_number, chain.pack_hash, now)?;
    }
    let mut decided = decided.into_iter();
    let mut answers: Vec<Answer> = Vec::with_capacity(packs.len());
    for (at, standing) in standings.into_iter().enumerate() {
        let (pack, hash) = (&packs[at], hashes[at]);
        let answer = match standing {
            Standing::Answered(received, refused) => {
                let known = came_before(tx, pack, hash, 0..pack.changes.len())?;
                Ok(stored(pack, hash, server, received, refused, known))
            }
            Standing::SameAs(earlier) => match &answers[earlier] {
                Ok(response) => Ok(response.clone()),
                Err(_) => Err(unknown()),
            },
            Standing::DeviceUnknown => Err(unknown()),
            Standing::Fork(number, hash) => {
                // A pack that is far ahead shows that this server was set back, and not that the device was copied.
                if pack.claims.number <= number {
                    devices::count_fork(tx, pack.claims.device)?;
                }
                Ok(Response::Fork { number, hash })
            }
            Standing::New { .. } => {
                let Decided { refused, again } = decided.next().unwrap_or_default();
                let known = came_before(tx, pack, hash, again.into_iter())?;
                Ok(stored(pack, hash, server, now, refused, known))
            }
        };
        answers.push(answer);
    }
    Ok(answers)
}

/// The decisions about a new pack.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) refused: Vec<Refused>,
    /// Entries that were in the log already, or that are stored unattested.
    again: Vec<usize>,
}

fn unknown() -> Refusal {
    Refusal::new(Code::DeviceUnknown, "enrol the phone again")
}

/// Stores new packs; returns the decisions about each.
pub(super) fn store(
    tx: &mut dyn Tx,
    packs: &[Verified],
    hashes: &[PackHash],
    new: &[(usize, Writer)],
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Vec<Decided>, Refusal> {
    let mut situation = gather::gather(tx, new.iter().map(|(at, _)| &packs[*at]), now, catalogue)?;
    let mut docs = situation.docs.clone();
    let mut by_space: BTreeMap<AreaPath, Vec<Numbered<'_>>> = BTreeMap::new();
    let (mut rows, mut all) = (Vec::with_capacity(new.len()), Vec::new());
    for (at, writer) in new {
        let pack = &packs[*at];
        let mut decided = Decided::default();
        let mut is_named = pack.claims.number > 0;
        for (index, action) in situation.plan(pack, *writer).into_iter().enumerate() {
            let change = &pack.changes[index];
            match action {
                Action::Known => {
                    let held = situation.known.get(&change.hash);
                    prove(tx, held.copied(), change, &docs)?;
                    decided.again.push(index);
                }
                Action::Reject(reject) => {
                    let entry = u32::try_from(index).unwrap_or(u32::MAX);
                    let code = reject_change(tx, &situation, pack, index, reject, now)?;
                    decided.refused.push(Refused { entry, code });
                }
                action @ (Action::Store { .. } | Action::Attest) => {
                    if situation.aside.contains_key(&(change.doc, change.hash)) {
                        quarantine::remove(tx, (change.doc, change.hash))?;
                    }
                    let write = match action {
                        Action::Store { new, unattested } => {
                            if let Some((space, path)) = new {
                                docs.insert(change.doc, write::new_doc(change.doc, space, path));
                            }
                            if unattested {
                                // The response states for such an entry that it has no effect yet.
                                decided.again.push(index);
                            }
                            Write::Insert { unattested }
                        }
                        _ => Write::Attest,
                    };
                    let carrier = pack.claims.device;
                    let origin = change.content.as_ref().map(|c| c.origin(carrier));
                    if let (Some(doc), Ok(device)) = (docs.get(&change.doc), origin) {
                        is_named |= change.first_pack.is_none();
                        let line = by_space.entry(doc.space.clone()).or_default();
                        line.push(Numbered {
                            change,
                            device,
                            pack: change.first_pack.map_or(hashes[*at], |(first, _)| first),
                            write,
                        });
                    }
                }
            }
        }
        // What a device gives back is in no pack of its chain. Its row holds the receive time of what has no earlier one.
        rows.extend(is_named.then(|| Pack {
            hash: hashes[*at],
            device: pack.claims.device,
            number: pack.claims.number,
            claims: pack.claims.to_bytes(),
            signature: pack.signature.clone(),
            received_at: now,
            refused: encode(&decided.refused),
        }));
        all.push(decided);
    }
    for (space, changes) in &by_space {
        write::space(tx, space, changes, &mut docs)?;
    }
    // The same changes may be given back twice in one millisecond, so that their rows are equal.
    let (given_back, rows): (Vec<Pack>, _) = rows.into_iter().partition(|row| row.number == 0);
    given_back.iter().try_for_each(|row| packs::keep(tx, row))?;
    packs::insert(tx, &rows)?;
    Ok(all)
}

/// Stores the proofs of a change that came without them before.
fn prove(
    tx: &mut dyn Tx,
    held: Option<Held>,
    change: &Checked,
    docs: &HashMap<DocId, Doc>,
) -> Result<(), Refusal> {
    let (Some(held), Some(proofs)) = (held, &change.proofs) else {
        return Ok(());
    };
    if let Some(doc) = docs.get(&held.doc).filter(|_| !held.proven) {
        proofs::prove(tx, &doc.space, change.hash, proofs.as_bytes())?;
    }
    Ok(())
}

/// The code for a rejected change. A change that cannot be judged yet is quarantined.
fn reject_change(
    tx: &mut dyn Tx,
    s: &Situation,
    pack: &Verified,
    index: usize,
    reject: Reject,
    now: ServerTime,
) -> Result<Code, Refusal> {
    let reason = match reject {
        Reject::Refuse(code) => return Ok(code),
        Reject::Quarantine(reason) => reason,
    };
    let (change, device) = (&pack.changes[index], pack.claims.device);
    let quarantined = Quarantined {
        hash: change.hash,
        doc: change.doc,
        device,
        reason: reason.to_owned(),
        received_at: now,
        bytes: change.bytes.clone(),
        rejected_at: None,
        rejected_why: None,
        proofs: change.proofs.as_ref().map(|of| of.as_bytes().to_vec()),
    };
    let which = (change.doc, change.hash);
    let content = change.content.as_ref().ok();
    let refutes = |aside| content.is_some_and(|content| content.refutes(aside));
    if s.aside.get(&which).is_some_and(refutes) {
        quarantine::reconsider(tx, which)?;
    }
    let own = content.is_some_and(|c| c.attested && c.origin(device) == device);
    quarantine::keep(tx, &quarantined, own)?;
    Ok(Code::Quarantined)
}
