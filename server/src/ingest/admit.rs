//! Admitting a pack: gather what the log knows, plan, write the rows, and seal the receipt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    identity::{PackReceipt, SecretKey},
    record::{AreaPath, Digest, DocId, PackHash, ServerTime},
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
        log::{self, Change, Doc},
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
    let mut stale = false;
    for space in touched(pack, &situation) {
        stale |= spaces::lock(tx, &space)?;
    }
    if stale {
        situation = gather(tx, pack)?;
    }
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

/// Reads what the plan needs: only rows that this pack names.
fn gather(tx: &mut dyn Tx, pack: &Verified) -> Result<Situation, Refusal> {
    let spaces = spaces::list(tx)?
        .into_iter()
        .map(|space| space.id)
        .collect();
    let mut s = Situation {
        spaces,
        ..Situation::default()
    };
    let mut new_docs: HashMap<DocId, bool> = HashMap::new();
    for change in &pack.changes {
        if let std::collections::hash_map::Entry::Vacant(entry) = new_docs.entry(change.doc) {
            let found = log::find_doc(tx, change.doc)?;
            entry.insert(found.is_none());
            s.docs.extend(found.map(|doc| (doc.id, doc)));
        }
        let is_new = new_docs.get(&change.doc).copied().unwrap_or(true);
        if let Some(doc) = log::find_change(tx, change.hash)? {
            s.known.insert(change.hash, doc);
        }
        let Ok(content) = &change.content else {
            continue;
        };
        for dep in &content.deps {
            if !s.known.contains_key(dep)
                && !is_new
                && let Some(doc) = log::find_change(tx, *dep)?
            {
                s.known.insert(*dep, doc);
            }
        }
        let actor = (change.doc, content.actor);
        if !is_new && !s.actor_seqs.contains_key(&actor) {
            s.actor_seqs
                .insert(actor, log::last_actor_seq(tx, change.doc, content.actor)?);
        }
        for author in &content.authors {
            if !s.grants.contains_key(&author.grant)
                && let Some(grant) = devices::find_grant_claims(tx, author.grant)?
            {
                s.grants.insert(author.grant, grant);
            }
        }
    }
    Ok(s)
}

/// The spaces this pack may write to, in order.
fn touched(pack: &Verified, s: &Situation) -> BTreeSet<AreaPath> {
    let known = s.docs.values().map(|doc| &doc.space);
    let begun = pack.changes.iter().filter_map(|change| {
        let area = change.content.as_ref().ok()?.area.as_ref()?;
        s.spaces.iter().find(|space| space.covers(area))
    });
    known.chain(begun).cloned().collect()
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
    // Documents before their changes: a change refers to its document's row.
    for (seq, index) in (first..).zip(indexes) {
        let change = &pack.changes[*index];
        let Some(doc) = docs.get_mut(&change.doc) else {
            continue;
        };
        let is_new = doc.changes == 0;
        if is_new {
            doc.path_seq = seq;
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
        if !touched.contains(&change.doc) {
            touched.push(change.doc);
        }
    }
    for id in &touched {
        log::put_doc(tx, &docs[id])?;
    }
    for (seq, index) in (first..).zip(indexes) {
        write_change(tx, pack, hash, &actions[*index], *index, seq, docs)?;
    }
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

fn write_change(
    tx: &mut dyn Tx,
    pack: &Verified,
    hash: PackHash,
    action: &Action,
    index: usize,
    seq: u64,
    docs: &HashMap<DocId, Doc>,
) -> Result<(), Refusal> {
    let change = &pack.changes[index];
    let (Ok(content), Some(doc)) = (&change.content, docs.get(&change.doc)) else {
        return Ok(());
    };
    log::insert_change(
        tx,
        &Change {
            doc: change.doc,
            seq,
            hash: change.hash,
            device: pack.claims.device,
            actor: content.actor,
            actor_seq: content.actor_seq,
            pack: hash,
            relayed: matches!(action, Action::Store { relayed: true, .. }),
            bytes: &change.bytes,
        },
    )?;
    for author in &content.authors {
        log::use_grant(tx, doc, author.grant, seq)?;
    }
    for photo in &content.photos {
        blobs::refer(tx, *photo, change.doc)?;
    }
    Ok(())
}
