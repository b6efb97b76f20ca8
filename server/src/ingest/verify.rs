//! Checks that need no database: the signature, the structure of each change, the limits.

use std::collections::HashMap;

use sync_core::{
    causes::with_causes,
    crdt::{self, Actor, ChangeFacts, CrdtError},
    identity::{PackClaims, PublicKey, Signed},
    record::{DeviceId, DocId, Event, EventId, Grant, GrantId},
    wire::{Code, PACK_CHANGES, encode, push},
};

use super::checked::{Authorship, Checked, Content, Reject, Verified};
use crate::refusal::Refusal;

/// Checks a pack. A change that fails is marked, and the others are still checked; a wrong signature refuses the pack.
pub(super) fn verify(
    device: DeviceId,
    key: &PublicKey,
    request: push::Request,
) -> Result<Verified, Refusal> {
    if request.entries.len() > PACK_CHANGES {
        let detail = format!("a pack holds at most {PACK_CHANGES} changes");
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    let mut is_wrong = false;
    // Every change is read before the signature is checked: reading it yields its hash, which the signature covers.
    let mut check = |entry: push::Entry| {
        let author = |author: &Authorship| (author.device == device).then_some(*key);
        let checked = check(entry, &author, |content, proven| {
            content.attested = content.authors.iter().all(|a| a.device == device);
            let foreign = !content.attested && !request.repair;
            // A program of protocol 2 that sends no proofs could later keep others from giving back what built on this.
            let is_bound =
                Actor(content.actor).is_bound() || content.begins.is_some_and(|d| d.is_bound());
            is_wrong |= content.attested && proven == Proven::Wrongly;
            if foreign || (content.attested && proven == Proven::Not && is_bound) {
                return Err(Reject::Refuse(Code::ForgedAuthor));
            }
            Ok(())
        });
        let signed = Signed {
            doc: checked.doc,
            change: checked.hash,
        };
        (signed, checked)
    };
    let (signed, changes) = request.entries.into_iter().map(&mut check).unzip();
    let claims = PackClaims {
        device,
        number: request.number,
        previous: request.previous,
        claimed: request.claimed,
        repair: request.repair,
        changes: signed,
    };
    claims
        .verify(key, &request.signature)
        .map_err(|e| Refusal::new(Code::PackSignature, with_causes(&e)))?;
    // The signature does not cover the proofs. The answer to a pack is final, so damage on the way must not become one.
    if is_wrong {
        let detail = "proofs that are not those of the events";
        return Err(Refusal::new(Code::PackSignature, detail));
    }
    Ok(Verified {
        claims,
        signature: encode(&request.signature),
        changes,
    })
}

/// Checks the changes that a device gives back; `grants` are those that this server signed. A change counts by its proofs
/// alone: one without proofs, or with proofs that do not match, is stored and has no effect.
pub(super) fn resupplied(
    entries: Vec<push::Entry>,
    grants: &HashMap<GrantId, Grant>,
) -> Vec<Checked> {
    let author = |author: &Authorship| {
        let grant = grants.get(&author.grant)?;
        let same = (grant.device, grant.person) == (author.device, author.person);
        same.then_some(PublicKey(grant.device_key))
    };
    let attest = |content: &mut Content, proven| {
        content.attested = proven == Proven::Rightly;
        Ok(())
    };
    let checked = entries.into_iter();
    checked.map(|entry| check(entry, &author, attest)).collect()
}

/// A change that the log has, for which a person vouches.
pub(super) fn stored(doc: DocId, bytes: Vec<u8>) -> Checked {
    let entry = push::Entry {
        doc,
        change: bytes,
        proofs: None,
    };
    check(entry, &|_| None, |content, _| {
        content.attested = true;
        Ok(())
    })
}

/// What the proofs of a change show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proven {
    /// It came without proofs.
    Not,
    /// They are those of its authors' devices.
    Rightly,
    /// They are not, or a key is not known.
    Wrongly,
}

/// Reads a change and verifies its proofs; `key` is that of an author's device, `attest` decides who attests it.
fn check(
    entry: push::Entry,
    key: &dyn Fn(&Authorship) -> Option<PublicKey>,
    attest: impl FnOnce(&mut Content, Proven) -> Result<(), Reject>,
) -> Checked {
    let (hash, read) = match crdt::admit(&entry.change) {
        Ok(facts) => (facts.hash, content(facts)),
        Err(error) => (crdt::change_hash(&entry.change), Err(reject(&error))),
    };
    let mut right = None;
    let content = read.and_then(|(mut content, events)| {
        let may_begin = |doc: DocId| {
            let mut authors = content.authors.iter();
            authors.all(|author| doc.may_be_begun_by(author.device))
        };
        if !content.begins.is_none_or(may_begin) {
            return Err(Reject::Refuse(Code::ForgedAuthor));
        }
        let keys: Option<Vec<PublicKey>> = content.authors.iter().map(key).collect();
        let proven = match (entry.proofs, keys) {
            (None, _) => Proven::Not,
            (Some(proofs), Some(keys)) => {
                let events = events.iter().map(|(_, bytes)| bytes.as_slice());
                let each: Vec<_> = keys.iter().zip(events).collect();
                if proofs.verify(entry.doc, &hash, each.into_iter()).is_ok() {
                    right = Some(proofs);
                    Proven::Rightly
                } else {
                    Proven::Wrongly
                }
            }
            (Some(_), None) => Proven::Wrongly,
        };
        attest(&mut content, proven)?;
        Ok(content)
    });
    Checked {
        doc: entry.doc,
        hash,
        content,
        bytes: entry.change,
        proofs: right,
        first_pack: None,
    }
}

fn reject(error: &CrdtError) -> Reject {
    match error {
        CrdtError::Foreign(_) => {
            Reject::Quarantine("written by a newer version of the document layout")
        }
        CrdtError::TooLarge { .. } => Reject::Refuse(Code::TooLarge),
        CrdtError::Altered => Reject::Refuse(Code::ForgedAuthor),
        _ => Reject::Refuse(Code::Malformed),
    }
}

type Events = Vec<(EventId, Vec<u8>)>;

/// The content of a change, and its events.
fn content(facts: ChangeFacts) -> Result<(Content, Events), Reject> {
    if facts.deps.is_empty() && facts.begins.is_none() {
        // Neither a dependency nor a beginning shows which document it belongs to.
        return Err(Reject::Refuse(Code::Malformed));
    }
    let actor = facts.actor;
    let mut content = Content {
        actor: actor.0,
        actor_seq: facts.actor_seq,
        deps: facts.deps,
        ops: (facts.first_op, facts.last_op),
        begins: facts.begins,
        area: None,
        authors: Vec::with_capacity(facts.events.len()),
        attested: false,
        beginning: None,
        photos: Vec::new(),
    };
    for (_, bytes) in &facts.events {
        let event = Event::admitted(bytes).map_err(|_| Reject::Refuse(Code::Malformed))?;
        if actor.is_bound() && !actor.is_of(event.device) {
            return Err(Reject::Refuse(Code::ForgedAuthor));
        }
        if let Some(area) = event.body.begins_in() {
            content.area.get_or_insert_with(|| area.clone());
        }
        content
            .photos
            .extend(event.body.photos().iter().map(|p| p.hash));
        content.authors.push(Authorship {
            person: event.author,
            device: event.device,
            grant: event.grant,
            seen: event.beacon.map(|b| b.seen),
        });
        if content.beginning.is_none() && event.body.begins_in().is_some() {
            content.beginning = Some((content.authors.len() - 1, event.body));
        }
    }
    Ok((content, facts.events))
}
