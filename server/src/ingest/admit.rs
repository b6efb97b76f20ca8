//! Admitting a pack: gather what the log knows, plan, write the rows, and seal the receipt.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sync_core::{
    identity::{PackReceipt, SecretKey},
    record::{AreaPath, ChangeHash, Digest, DocId, PackHash, ServerTime},
    wire::{
        Code, decode, encode,
        page::Sum,
        push::{Refused, Response},
    },
};

use super::{
    Reject, Verified,
    plan::{Action, Situation, plan},
};
use crate::{
    access::Refusal,
    storage::{
        Tx, blobs, devices,
        docs::{self, Doc},
        grant_uses::{self, GrantUse},
        log::{self, Change},
        spaces,
    },
};

/// Admits a verified pack in the caller's transaction.
pub(super) fn admit(
    tx: &mut dyn Tx,
    pack: &Verified,
    server: &SecretKey,
    now: ServerTime,
) -> Result<Response, Refusal> {
    let hash = pack.claims.hash();
    devices::lock(tx, pack.claims.device)?;
    if let Some((received, refused)) = devices::find_pack(tx, hash)? {
        let refused = decode(&refused).unwrap_or_default();
        return Ok(stored(pack, hash, server, ServerTime(received), refused));
    }
    let device = devices::find(tx, pack.claims.device)?
        .ok_or_else(|| Refusal::new(Code::DeviceUnknown, "enrol the phone again"))?;
    if pack.claims.number != device.pack_number + 1 || pack.claims.previous != device.pack_hash {
        devices::count_fork(tx, device.id)?;
        return Ok(Response::Fork {
            number: device.pack_number,
            hash: device.pack_hash,
        });
    }
    let mut situation = gather(tx, pack)?;
    situation.active = device.state == "active";
    let docs = situation.docs.clone();
    let actions = plan(pack, situation);
    let refused = apply(tx, pack, hash, &actions, docs, now)?;
    let signature = encode(&pack.signature);
    devices::insert_pack(
        tx,
        hash,
        device.id,
        pack.claims.number,
        &pack.claims.to_bytes(),
        &signature,
        now.0,
        &encode(&refused),
    )?;
    devices::advance_chain(tx, device.id, pack.claims.number, hash, now.0)?;
    Ok(stored(pack, hash, server, now, refused))
}

fn stored(
    pack: &Verified,
    hash: PackHash,
    server: &SecretKey,
    received: ServerTime,
    refused: Vec<Refused>,
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
    }
}

/// Reads what the plan needs: only rows that this pack names. The spaces are held before they are read, in order.
fn gather(tx: &mut dyn Tx, pack: &Verified) -> Result<Situation, Refusal> {
    let contents = || pack.changes.iter().filter_map(|c| c.content.as_ref().ok());
    let named: BTreeSet<DocId> = pack.changes.iter().map(|c| c.doc).collect();
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
    let mut others = false;
    for space in &touched {
        others |= spaces::lock(tx, space)?;
    }
    if others && routes.len() < named.len() {
        // Another process may have begun one of these documents before the space was held.
        routes = docs::spaces_of(tx, named.iter().copied())?;
    }
    let mut hashes: Vec<ChangeHash> = pack.changes.iter().map(|c| c.hash).collect();
    hashes.extend(contents().flat_map(|c| c.deps.iter().copied()));
    hashes.sort_unstable();
    hashes.dedup();
    for space in &touched {
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
    Ok(s)
}

/// Writes what was planned; returns the refusals.
fn apply(
    tx: &mut dyn Tx,
    pack: &Verified,
    hash: PackHash,
    actions: &[Action],
    mut docs: HashMap<DocId, Doc>,
    now: ServerTime,
) -> Result<Vec<Refused>, Refusal> {
    let mut refused = Vec::new();
    let mut by_space: BTreeMap<AreaPath, Vec<usize>> = BTreeMap::new();
    for (index, (action, change)) in actions.iter().zip(&pack.changes).enumerate() {
        match action {
            Action::Known => {}
            Action::Reject(reject) => {
                let code = match reject {
                    Reject::Refuse(code) => *code,
                    Reject::Quarantine(reason) => {
                        let device = pack.claims.device;
                        devices::quarantine(
                            tx,
                            change.hash,
                            change.doc,
                            device,
                            reason,
                            now.0,
                            &change.bytes,
                        )?;
                        Code::Quarantined
                    }
                };
                refused.push(Refused {
                    entry: u32::try_from(index).unwrap_or(u32::MAX),
                    code,
                });
            }
            Action::Store { new, .. } => {
                if let Some((space, path)) = new {
                    docs.insert(change.doc, new_doc(change.doc, space, path));
                }
                if let Some(doc) = docs.get(&change.doc) {
                    by_space.entry(doc.space.clone()).or_default().push(index);
                }
            }
        }
    }
    for (space, indexes) in by_space {
        write_space(tx, pack, hash, actions, &mut docs, &space, &indexes)?;
    }
    Ok(refused)
}

fn new_doc(id: DocId, space: &AreaPath, path: &AreaPath) -> Doc {
    Doc {
        id,
        space: space.clone(),
        path: path.clone(),
        path_seq: 0,
        last_seq: 0,
        changes: 0,
        digest: Digest::default(),
        snap_seq: 0,
        tail_count: 0,
        tail_bytes: 0,
        total_bytes: 0,
    }
}

/// Numbers and writes the changes of one space. The head is raised last before the rows, its lock held to commit.
fn write_space(
    tx: &mut dyn Tx,
    pack: &Verified,
    hash: PackHash,
    actions: &[Action],
    docs: &mut HashMap<DocId, Doc>,
    space: &AreaPath,
    indexes: &[usize],
) -> Result<(), Refusal> {
    let head = spaces::raise_head(tx, space, indexes.len())?;
    let first = head - indexes.len() as u64 + 1;
    let mut grown: BTreeMap<AreaPath, (u64, i64, Sum)> = BTreeMap::new();
    let mut touched: Vec<DocId> = Vec::new();
    let (mut seen, mut begun) = (HashSet::new(), HashSet::new());
    for (seq, index) in (first..).zip(indexes) {
        let change = &pack.changes[*index];
        let Some(doc) = docs.get_mut(&change.doc) else {
            continue;
        };
        let is_new = doc.changes == 0;
        if is_new {
            doc.path_seq = seq;
            begun.insert(doc.id);
        }
        doc.last_seq = seq;
        doc.changes += 1;
        doc.digest = doc.digest.plus(Digest::of(&change.hash));
        doc.tail_count += 1;
        doc.tail_bytes += change.bytes.len() as u64;
        doc.total_bytes += change.bytes.len() as u64;
        let path = grown.entry(doc.path.clone()).or_default();
        path.0 = seq;
        path.1 += i64::from(is_new);
        path.2.changes += 1;
        path.2.digest = path.2.digest.plus(Digest::of(&change.hash));
        if seen.insert(change.doc) {
            touched.push(change.doc);
        }
    }
    let begun: Vec<DocId> = touched
        .iter()
        .filter(|id| begun.contains(id))
        .copied()
        .collect();
    docs::begin(tx, space, &begun)?;
    let rows: Vec<&Doc> = touched.iter().map(|id| &docs[id]).collect();
    docs::put(tx, &rows)?;
    let numbered: Vec<(u64, usize)> = (first..).zip(indexes.iter().copied()).collect();
    write_changes(tx, pack, hash, actions, space, &numbered, docs)?;
    for (path, (last_seq, new_docs, sum)) in grown {
        let mut total = spaces::path_sum(tx, space, &path)?;
        total.last_seq = last_seq;
        total.docs += new_docs;
        total.sum.changes += sum.changes;
        total.sum.digest = total.sum.digest.plus(sum.digest);
        spaces::set_path_sum(tx, space, &path, &total)?;
    }
    Ok(())
}

/// Writes numbered changes of one space, and what they name.
fn write_changes(
    tx: &mut dyn Tx,
    pack: &Verified,
    hash: PackHash,
    actions: &[Action],
    space: &AreaPath,
    numbered: &[(u64, usize)],
    docs: &HashMap<DocId, Doc>,
) -> Result<(), Refusal> {
    let (mut rows, mut uses, mut photos) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, index) in numbered {
        let change = &pack.changes[*index];
        let (Ok(content), Some(doc)) = (&change.content, docs.get(&change.doc)) else {
            continue;
        };
        rows.push(Change {
            doc: change.doc,
            seq: *seq,
            hash: change.hash,
            device: pack.claims.device,
            actor: content.actor,
            actor_seq: content.actor_seq,
            pack: hash,
            relayed: matches!(actions[*index], Action::Store { relayed: true, .. }),
            bytes: &change.bytes,
        });
        uses.extend(content.authors.iter().map(|author| GrantUse {
            doc: change.doc,
            path: &doc.path,
            grant: author.grant,
            seq: *seq,
        }));
        photos.extend(content.photos.iter().map(|photo| (change.doc, *photo)));
    }
    log::insert(tx, space, &rows)?;
    grant_uses::note(tx, space, &uses)?;
    blobs::refer(tx, space, &photos)?;
    Ok(())
}
