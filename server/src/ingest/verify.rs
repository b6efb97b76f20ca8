//! Checks that need no database: the signature, the structure of each change, the limits.

use sync_core::{
    crdt::{self, CrdtError},
    identity::{PackClaims, PublicKey, Signed},
    record::{DeviceId, Event},
    wire::{Code, PACK_CHANGES, push},
};

use super::{Authorship, Checked, Content, Reject, Verified};
use crate::access::Refusal;

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
    let claims = PackClaims {
        device,
        number: request.number,
        previous: request.previous,
        claimed: request.claimed,
        repair: request.repair,
        changes: request
            .entries
            .iter()
            .map(|e| e.signed(crdt::change_hash(&e.change)))
            .collect(),
    };
    claims
        .verify(key, &request.signature)
        .map_err(|e| Refusal::new(Code::PackSignature, e.to_string()))?;
    let check = |(entry, signed): (push::Entry, Signed)| Checked {
        doc: entry.doc,
        hash: signed.change,
        content: read(&entry.change, device, request.repair),
        bytes: entry.change,
    };
    let changes = request
        .entries
        .into_iter()
        .zip(claims.changes.iter().copied())
        .map(check)
        .collect();
    Ok(Verified {
        claims,
        signature: request.signature,
        changes,
    })
}

fn read(bytes: &[u8], device: DeviceId, repair: bool) -> Result<Content, Reject> {
    let facts = crdt::inspect(bytes).map_err(|e| match e {
        CrdtError::Foreign(_) => {
            Reject::Quarantine("written by a newer version of the document layout")
        }
        CrdtError::TooLarge { .. } => Reject::Refuse(Code::TooLarge),
        CrdtError::Altered => Reject::Refuse(Code::ForgedAuthor),
        _ => Reject::Refuse(Code::Malformed),
    })?;
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
