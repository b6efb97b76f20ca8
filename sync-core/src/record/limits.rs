//! Limits that the body of an event must keep, for any author.

use super::{
    activity::{Answers, Data, MAX_ANSWERS, MAX_DATA_BYTES, MAX_TEAM},
    body::EventBody,
    photo::PhotoRef,
};

/// Events that one event may name as its causal history; a larger frontier would need hundreds of concurrent authors.
pub const MAX_AFTER: usize = 64;

/// Checks the limits; the error states what is wrong, for the developer of a client.
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
            d.seen.len() > MAX_AFTER,
            "too many events named as seen (at most 64)",
        ),
        EventBody::Redact(r) => {
            let targets = r.events.len() + r.photos.len();
            broken(
                !(1..=16).contains(&targets),
                "a redaction names 1 to 16 events and photos",
            )
        }
        EventBody::Activity(r) => data(&r.data),
        EventBody::Amend(a) => data(&a.data),
        EventBody::Inspect(i) => broken(
            i.team.len() > MAX_TEAM,
            "too many organisations in a team (at most 16)",
        ),
        EventBody::Answer(a) => answers(a),
        _ => Ok(()),
    }
}

fn data(data: &Data) -> Result<(), &'static str> {
    if data.as_str().len() > MAX_DATA_BYTES {
        return Err("the fields of a record are too long (at most 4 KB)");
    }
    Ok(())
}

fn answers(a: &Answers) -> Result<(), &'static str> {
    if !(1..=MAX_ANSWERS).contains(&a.answers.len()) {
        return Err("1 to 100 answers in one event");
    }
    let mut items: Vec<_> = a.answers.iter().map(|answer| &answer.item).collect();
    items.sort_unstable();
    if items.windows(2).any(|two| two[0] == two[1]) {
        return Err("an item is answered once in one event");
    }
    Ok(())
}
