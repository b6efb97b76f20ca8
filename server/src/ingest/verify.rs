//! Checks that need no database: the signature, the structure of each change, the limits.

use sync_core::{
    causes::with_causes,
    crdt::{self, ChangeFacts, CrdtError},
    identity::{PackClaims, PublicKey},
    record::{ChangeHash, DeviceId, Event},
    wire::{Code, PACK_CHANGES, push},
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
    // Every change is read before the signature is checked: reading it yields its hash, which the signature covers.
    let check = |entry: push::Entry| {
        let (hash, content) = read(&entry.change, device, request.repair);
        let signed = entry.signed(hash);
        let checked = Checked {
            doc: entry.doc,
            hash,
            content,
            bytes: entry.change,
        };
        (signed, checked)
    };
    let (signed, changes) = request.entries.into_iter().map(check).unzip();
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
    Ok(Verified {
        claims,
        signature: request.signature,
        changes,
    })
}

/// The hash of a change, and its content if it is well-formed.
fn read(bytes: &[u8], device: DeviceId, repair: bool) -> (ChangeHash, Result<Content, Reject>) {
    match crdt::admit(bytes) {
        Ok(facts) => (facts.hash, content(facts, device, repair)),
        Err(error) => (crdt::change_hash(bytes), Err(reject(&error))),
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

fn content(facts: ChangeFacts, device: DeviceId, repair: bool) -> Result<Content, Reject> {
    if facts.deps.is_empty() && facts.begins.is_none() {
        // Neither a dependency nor a beginning shows which document it belongs to.
        return Err(Reject::Refuse(Code::Malformed));
    }
    let mut content = Content {
        actor: facts.actor.0,
        actor_seq: facts.actor_seq,
        deps: facts.deps,
        ops: (facts.first_op, facts.last_op),
        begins: facts.begins,
        area: None,
        authors: Vec::with_capacity(facts.events.len()),
        beginning: None,
        photos: Vec::new(),
    };
    for (_, bytes) in &facts.events {
        let event = Event::admitted(bytes).map_err(|_| Reject::Refuse(Code::Malformed))?;
        if event.device != device && !repair {
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
    Ok(content)
}
