//! What no content of an event may break, whoever states it.

use super::{event::EventBody, photo::PhotoRef};

/// Names what is wrong with a content, in words for whoever wrote the client.
pub(super) fn check(body: &EventBody) -> Result<(), &'static str> {
    let broken = |is: bool, what| if is { Err(what) } else { Ok(()) };
    broken(
        body.photos().len() > PhotoRef::MAX_PER_EVENT,
        "too many photos (at most 9 for one event)",
    )?;
    match body {
        EventBody::Observe(o) => {
            let unexplained = o
                .no_photo_reason
                .as_ref()
                .is_none_or(super::Short::is_empty);
            broken(
                o.photos.is_empty() && unexplained,
                "an observation needs a photo or the reason why there is none",
            )?;
            broken(
                o.place.connected_to.len() > 8,
                "too many connected areas (at most 8)",
            )?;
            broken(
                o.position.is_some_and(|p| !p.is_on_globe()),
                "the position is not on the globe",
            )
        }
        EventBody::Report(r) => broken(
            !(1..=8).contains(&r.recipients.len()),
            "a report needs 1 to 8 recipients",
        ),
        EventBody::Resolve(r) => broken(
            !(2..=16).contains(&r.resolves.len())
                || !r.resolves.contains(&r.holds)
                || r.also_hold.len() > 15
                || !r.also_hold.iter().all(|id| r.resolves.contains(id)),
            "a resolution names 2 to 16 events and which of them hold",
        ),
        EventBody::Relocate(r) => broken(
            r.place.connected_to.len() > 8,
            "too many connected areas (at most 8)",
        ),
        EventBody::MarkDuplicate(d) => broken(
            d.seen.len() > super::event::MAX_AFTER,
            "too many events named as seen (at most 64)",
        ),
        EventBody::Redact(r) => {
            let targets = r.events.len() + r.photos.len();
            broken(
                !(1..=16).contains(&targets),
                "a redaction names 1 to 16 events and photos",
            )
        }
        _ => Ok(()),
    }
}
