//! Admitting packs: gather what the log knows, plan, write the rows, and seal the receipts.
//!
//! A group of packs is admitted in one transaction as if each came by itself, in order: what all of them need is read
//! together and what all of them add is written together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    campaign::Family,
    crdt,
    identity::{PackReceipt, SecretKey},
    record::{AreaPath, ChangeHash, DeviceId, DocId, Event, Grant, PackHash, ServerTime},
    wire::{
        Code, decode, encode,
        push::{Known, Refused, Response},
    },
};

use super::{
    Checked, Reject, Verified,
    plan::{Action, Situation},
    room::{self, Shares, Used},
    write::{self, Numbered, Write},
};
use crate::{
    access::Refusal,
    storage::{
        Tx,
        devices::{self, Device},
        docs, log,
        packs::{self, Pack},
        spaces,
    },
};

/// Changes of a document that are read to learn how it began; the beginning is the first unless it was attested late.
const FIRST: i64 = 8;

/// What becomes of one pack.
pub(super) type Answer = Result<Response, Refusal>;

/// How a pack stands to what its device sent before.
enum Standing {
    /// Answered before, then and with these refusals.
    Answered(ServerTime, Vec<Refused>),
    /// The same as an earlier one of the group.
    SameAs(usize),
    DeviceUnknown,
    /// It does not follow the last one the server has, which is this.
    Fork(u64, PackHash),
    /// New, by a device that may write or not.
    New {
        active: bool,
    },
}

/// Admits verified packs in the caller's transaction; an answer for each.
pub(super) fn admit(
    tx: &mut dyn Tx,
    packs: &[Verified],
    server: &SecretKey,
    now: ServerTime,
) -> Result<Vec<Answer>, Refusal> {
    let hashes: Vec<PackHash> = packs.iter().map(|pack| pack.claims.hash()).collect();
    let senders: BTreeSet<DeviceId> = packs.iter().map(|pack| pack.claims.device).collect();
    devices::lock(tx, senders.iter().copied())?;
    let mut answered = packs::find(tx, hashes.iter().copied())?;
    let mut chains = devices::find_all(tx, senders)?;
    let standings: Vec<Standing> = (0..packs.len())
        .map(|at| stand(at, packs, &hashes, &mut answered, &mut chains))
        .collect();
    let new: Vec<(usize, bool)> = standings
        .iter()
        .enumerate()
        .filter_map(|(at, standing)| match standing {
            Standing::New { active } => Some((at, *active)),
            _ => None,
        })
        .collect();
    let decided = store(tx, packs, &hashes, &new, now)?;
    let advanced: BTreeSet<DeviceId> = new.iter().map(|(at, _)| packs[*at].claims.device).collect();
    for device in advanced {
        let chain = &chains[&device];
        devices::advance_chain(tx, device, chain.pack_number, chain.pack_hash, now.0)?;
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
                devices::count_fork(tx, pack.claims.device)?;
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

/// What was decided of a new pack.
#[derive(Default)]
struct Decided {
    refused: Vec<Refused>,
    /// Entries that were in the log already.
    again: Vec<usize>,
}

fn unknown() -> Refusal {
    Refusal::new(Code::DeviceUnknown, "enrol the phone again")
}

/// Compares a pack with its device's chain, and moves the chain if it follows.
fn stand(
    at: usize,
    packs: &[Verified],
    hashes: &[PackHash],
    answered: &mut HashMap<PackHash, (i64, Vec<u8>)>,
    chains: &mut HashMap<DeviceId, Device>,
) -> Standing {
    if let Some((received, refused)) = answered.get(&hashes[at]) {
        return Standing::Answered(ServerTime(*received), decode(refused).unwrap_or_default());
    }
    if let Some(earlier) = hashes[..at].iter().position(|hash| *hash == hashes[at]) {
        return Standing::SameAs(earlier);
    }
    let claims = &packs[at].claims;
    let Some(chain) = chains.get_mut(&claims.device) else {
        return Standing::DeviceUnknown;
    };
    if claims.number != chain.pack_number + 1 || claims.previous != chain.pack_hash {
        return Standing::Fork(chain.pack_number, chain.pack_hash);
    }
    (chain.pack_number, chain.pack_hash) = (claims.number, hashes[at]);
    Standing::New {
        active: chain.state == "active",
    }
}

fn stored(
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
    };
    Response::Stored {
        receipt: receipt.seal(server),
        refused,
        known: (!known.is_empty()).then_some(known),
    }
}

/// Those of these entries that another pack had brought before, with when that was.
fn came_before(
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

/// Stores new packs; what was decided of each.
fn store(
    tx: &mut dyn Tx,
    packs: &[Verified],
    hashes: &[PackHash],
    new: &[(usize, bool)],
    now: ServerTime,
) -> Result<Vec<Decided>, Refusal> {
    let mut situation = gather(tx, new.iter().map(|(at, _)| &packs[*at]), now)?;
    let mut docs = situation.docs.clone();
    let mut by_space: BTreeMap<AreaPath, Vec<Numbered<'_>>> = BTreeMap::new();
    let (mut rows, mut all) = (Vec::with_capacity(new.len()), Vec::new());
    for (at, active) in new {
        let pack = &packs[*at];
        let mut decided = Decided::default();
        for (index, action) in situation.plan(pack, *active).into_iter().enumerate() {
            let change = &pack.changes[index];
            match action {
                Action::Known => decided.again.push(index),
                Action::Reject(reject) => {
                    let entry = u32::try_from(index).unwrap_or(u32::MAX);
                    let code = reject_change(tx, pack, index, reject, now)?;
                    decided.refused.push(Refused { entry, code });
                }
                action @ (Action::Store { .. } | Action::Attest) => {
                    let write = match action {
                        Action::Store { new, unattested } => {
                            if let Some((space, path)) = new {
                                docs.insert(change.doc, write::new_doc(change.doc, space, path));
                            }
                            if unattested {
                                // Its carrier hears that it has no effect yet.
                                decided.again.push(index);
                            }
                            Write::Insert { unattested }
                        }
                        _ => Write::Attest,
                    };
                    if let Some(doc) = docs.get(&change.doc) {
                        by_space
                            .entry(doc.space.clone())
                            .or_default()
                            .push(Numbered {
                                change,
                                device: pack.claims.device,
                                pack: hashes[*at],
                                write,
                            });
                    }
                }
            }
        }
        rows.push(Pack {
            hash: hashes[*at],
            device: pack.claims.device,
            number: pack.claims.number,
            claims: pack.claims.to_bytes(),
            signature: encode(&pack.signature),
            refused: encode(&decided.refused),
        });
        all.push(decided);
    }
    for (space, changes) in &by_space {
        write::space(tx, space, changes, &mut docs)?;
    }
    packs::insert(tx, &rows, now.0)?;
    Ok(all)
}

/// What a refused change is answered with; one that cannot be judged yet is kept apart.
fn reject_change(
    tx: &mut dyn Tx,
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
    devices::quarantine(
        tx,
        change.hash,
        change.doc,
        device,
        reason,
        now.0,
        &change.bytes,
    )?;
    Ok(Code::Quarantined)
}

/// Reads what the plan needs: only rows that these packs name. The spaces are held before they are read, in order.
fn gather<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified> + Clone,
    now: ServerTime,
) -> Result<Situation, Refusal> {
    let changes = || packs.clone().flat_map(|pack| &pack.changes);
    let contents = || changes().filter_map(|c| c.content.as_ref().ok());
    let named: BTreeSet<DocId> = changes().map(|c| c.doc).collect();
    let mut routes = docs::spaces_of(tx, named.iter().copied())?;
    let areas: BTreeSet<AreaPath> = contents().filter_map(|c| c.area.clone()).collect();
    let covering: Vec<AreaPath> = spaces::covering(tx, &areas)?.into_iter().collect();
    // Only the spaces that will hold a document: a county does not wait for its city's.
    let of = areas
        .iter()
        .filter_map(|area| spaces::deepest(&covering, area));
    let mut s = Situation {
        spaces: of.cloned().collect(),
        ..Situation::default()
    };
    let touched: BTreeSet<AreaPath> = routes.values().chain(&s.spaces).cloned().collect();
    if spaces::lock(tx, &touched)? && routes.len() < named.len() {
        // Another process may have begun one of these documents before the space was held.
        routes = docs::spaces_of(tx, named.iter().copied())?;
    }
    // Only of documents that are there: a change belongs to one document for ever, by what it begins or builds on.
    let mut named_in: BTreeMap<&AreaPath, BTreeSet<ChangeHash>> = BTreeMap::new();
    for change in changes() {
        let Some(space) = routes.get(&change.doc) else {
            continue;
        };
        let hashes = named_in.entry(space).or_default();
        hashes.insert(change.hash);
        hashes.extend(change.content.iter().flat_map(|c| c.deps.iter().copied()));
    }
    for (space, hashes) in named_in {
        let hashes: Vec<ChangeHash> = hashes.into_iter().collect();
        let here = |doc: &&DocId| routes.get(*doc) == Some(space);
        let docs: Vec<DocId> = named.iter().filter(here).copied().collect();
        s.known.extend(log::known(tx, space, &hashes)?);
        s.actor_seqs.extend(log::last_actor_seqs(tx, space, &docs)?);
        let docs = docs::of(tx, space, &docs)?;
        s.docs.extend(docs.into_iter().map(|doc| (doc.id, doc)));
    }
    let grants: BTreeSet<_> = contents()
        .flat_map(|c| &c.authors)
        .map(|a| a.grant)
        .collect();
    s.grants = devices::grant_claims(tx, &grants)?;
    s.reach = reach(tx, packs.clone(), now)?;
    s.shares = shares(tx, packs.clone(), &s)?;
    s.families = families(tx, packs, &s)?;
    Ok(s)
}

/// The grants that are valid now of devices that bring events of others.
fn reach<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    now: ServerTime,
) -> Result<HashMap<DeviceId, Vec<Grant>>, Refusal> {
    let carriers: BTreeSet<DeviceId> = packs
        .filter(|pack| pack.claims.repair)
        .map(|pack| pack.claims.device)
        .collect();
    let mut reach = HashMap::new();
    for device in carriers {
        let grants = devices::device_grants(tx, device)?.into_iter();
        let grants = grants.filter_map(|(_, sealed)| sealed.stored_claims());
        let valid = |g: &Grant| g.from <= now && g.until.is_none_or(|until| now < until);
        reach.insert(device, grants.filter(valid).collect());
    }
    Ok(reach)
}

/// What organisations have used of the documents that get long.
fn shares<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    s: &Situation,
) -> Result<Shares, Refusal> {
    let mut used: HashMap<DocId, Used> = HashMap::new();
    for change in packs.flat_map(|pack| &pack.changes) {
        if let Some(doc) = s.docs.get(&change.doc) {
            let held = Used {
                changes: doc.changes,
                bytes: doc.total_bytes,
            };
            let total = used.entry(change.doc).or_insert(held);
            *total = total.plus(Used {
                changes: 1,
                bytes: change.bytes.len() as u64,
            });
        }
    }
    let mut long: BTreeMap<&AreaPath, Vec<DocId>> = BTreeMap::new();
    for (doc, _) in used.into_iter().filter(|(_, used)| room::is_long(*used)) {
        long.entry(&s.docs[&doc].space).or_default().push(doc);
    }
    let mut shares = Shares::new();
    for (space, docs) in long {
        let brought = log::brought(tx, space, &docs)?;
        let devices: BTreeSet<DeviceId> = brought.iter().map(|(_, device, ..)| *device).collect();
        let organs = devices::organs(tx, devices)?;
        for (doc, device, changes, bytes) in brought {
            // A device that works for two organisations takes from both shares.
            for organ in organs.get(&device).into_iter().flatten() {
                let share = shares.entry((doc, *organ)).or_default();
                *share = share.plus(Used { changes, bytes });
            }
        }
    }
    Ok(shares)
}

/// What kind of documents these are to which a change adds a beginning: a hazard must not turn an inspection into a
/// hazard. Rare, so the log is asked only then.
fn families<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    s: &Situation,
) -> Result<HashMap<DocId, Family>, Refusal> {
    let begins = |c: &&Checked| c.content.as_ref().is_ok_and(|c| c.beginning.is_some());
    let changes = packs.flat_map(|pack| &pack.changes).filter(begins);
    let named: BTreeSet<DocId> = changes.map(|change| change.doc).collect();
    let mut families = HashMap::new();
    for doc in named.iter().filter_map(|doc| s.docs.get(doc)) {
        let first = log::first_changes(tx, &doc.space, doc.id, FIRST)?;
        let events = first.iter().filter_map(|bytes| crdt::inspect(bytes).ok());
        let events = events.flat_map(|facts| facts.events);
        let family = events
            .filter_map(|(_, bytes)| Event::from_bytes(&bytes).ok())
            .find_map(|event| Family::begun_by(&event.body));
        families.extend(family.map(|family| (doc.id, family)));
    }
    Ok(families)
}
