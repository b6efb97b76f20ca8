//! Who may write what where: checks each event's grant against its author's device, the document's place and the time.
//!
//! The fold judges every event again; this module decides only what may enter the log. What an administrator can
//! correct is quarantined, so nothing is lost.

use sync_core::{
    catalogue::Catalogue,
    document::{DocumentKind, may_begin},
    record::{AreaPath, DeviceId, Grant, ServerTime},
    wire::Code,
};

use super::{
    capacity::Charged,
    checked::{Authorship, Content, Reject},
    situation::Situation,
};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Checks every event of a change to the document at `place`, brought by `sender`. `begins`: the log contains nothing
/// of the document yet. `family`: the kind of the document, if known. `known_at`: when this server had the change first, now if
/// nothing proves an earlier time.
///
/// An event of another device is stored only where the sender itself may read. It has no effect unless proofs attest it.
pub(super) fn check(
    sender: DeviceId,
    content: &Content,
    place: &AreaPath,
    begins: bool,
    family: Option<DocumentKind>,
    known_at: ServerTime,
    s: &Situation,
) -> Result<Charged, Reject> {
    let mut authors: Option<&Grant> = None;
    let mut relayed = false;
    for (at, author) in content.authors.iter().enumerate() {
        let unknown = Reject::Quarantine("its grant is unknown to this server");
        let grant = s.grants.get(&author.grant).ok_or(unknown)?;
        if grant.person != author.person || grant.device != author.device {
            return Err(Reject::Refuse(Code::ForgedAuthor));
        }
        if !grant.area.covers(place) {
            return Err(Reject::Quarantine("the grant does not cover the place"));
        }
        if ended_before(grant, author, known_at, &s.catalogue) {
            return Err(Reject::Quarantine("the grant had ended"));
        }
        let Some((_, beginning)) = content.beginning.as_ref().filter(|(of, _)| *of == at) else {
            relayed |= author.device != sender;
            authors = authors.or(Some(grant));
            continue;
        };
        if begins && !may_begin(beginning, grant.role, &s.catalogue) {
            return Err(Reject::Quarantine("the role may not begin such a record"));
        }
        if family.is_some() && family != DocumentKind::begun_by(beginning) {
            return Err(Reject::Quarantine("the document is of another kind"));
        }
        relayed |= author.device != sender;
        authors = authors.or(Some(grant));
    }
    let carrier = if relayed {
        let mut reach = s.reach.get(&sender).into_iter().flatten();
        reach.find(|grant| grant.area.covers(place))
    } else {
        authors
    };
    let outside = Reject::Quarantine("outside the areas of the device that brought it");
    let carrier = carrier.ok_or(outside)?;
    // What nothing attests is charged to the organisation of the device that brings it.
    let grant = authors.filter(|_| content.attested).unwrap_or(carrier);
    Ok(Charged {
        organ: grant.organ,
        reviews: grant.role.reviews(),
    })
}

/// Whether an event was provably made after the end of its grant and the grace period. Late arrival alone proves
/// nothing: only the beacon that the event's own device states can prove it.
fn ended_before(
    grant: &Grant,
    author: &Authorship,
    known_at: ServerTime,
    catalogue: &Catalogue,
) -> bool {
    let grace = i64::from(catalogue.rules.bounds.grant_grace_hours) * HOUR_MS;
    let end = grant.until.map(|until| until.0.saturating_add(grace));
    // No device has seen a later time than that at which the server had its event.
    let seen = author.seen.filter(|seen| *seen <= known_at);
    let seen = seen.map(|ServerTime(seen)| seen);
    matches!((end, seen), (Some(end), Some(seen)) if seen >= end)
}
