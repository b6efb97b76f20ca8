//! Six ordinary people of one place, and what they ordinarily state.

use serde_json::{Value, json};
use sync_core::record::{
    AreaPath, Beacon, DeviceId, DeviceTime, Event, EventBody, EventId, Grant, GrantId, OrganId,
    PersonId, PhotoHash, Role,
};

use crate::{
    history::{grant, id_of},
    world::BEGIN,
};

/// The people: name, role and organisation.
pub(crate) const PEOPLE: [(&str, Role, &str); 6] = [
    ("finder", Role::GridWorker, "community"),
    ("other", Role::GridWorker, "community"),
    ("manager", Role::PropertyManager, "property"),
    ("officer", Role::CommunityOfficer, "committee"),
    ("street", Role::StreetOfficer, "street"),
    ("county", Role::CountyReviewer, "county"),
];

/// Their grants.
pub(crate) fn grants() -> Vec<(GrantId, Grant)> {
    let area: AreaPath = "420000/420100/420106".parse().expect("an area");
    let of = |(name, role, organ)| (GrantId(id_of(name)), grant(name, role, organ, &area));
    PEOPLE.map(of).into()
}

/// An event of a person on the person's device, so many milliseconds after the begin.
pub(crate) fn event(
    person: usize,
    at: i64,
    kind: &str,
    mut after: Vec<EventId>,
    beacon: Option<Beacon>,
) -> (EventId, Event) {
    after.sort_unstable();
    let name = PEOPLE[person].0;
    let body = json!({ "kind": kind, "content": content(kind, at) });
    let event = Event {
        author: PersonId(id_of(name)),
        device: DeviceId(id_of(name)),
        grant: GrantId(id_of(name)),
        claimed: DeviceTime(BEGIN + at),
        after,
        beacon,
        edition: None,
        body: serde_json::from_value::<EventBody>(body).expect("a body"),
    };
    let id = EventId::of(&event.to_bytes().expect("an event"));
    (id, event)
}

fn photo(words: &str, role: &str) -> Value {
    let hash = PhotoHash::of(words.as_bytes()).to_string();
    json!([{
        "hash": hash, "size": 1, "width": 1, "height": 1, "role": role, "source": "in_app",
        "taken": null, "position": null,
    }])
}

/// The content of an event of a kind.
fn content(kind: &str, at: i64) -> Value {
    let own = format!("{kind} {at}");
    let compound = OrganId(id_of("compound")).to_string();
    match kind {
        "observe" => json!({
            "code": "EV-02",
            "area": "420000/420100/420106/420106001/420106001003",
            "place": {
                "compound": compound, "building": "3栋", "unit": "", "floor": "",
                "location": "corridor", "spot": "", "connected_to": [],
            },
            "description": "疏散走道停放电动自行车", "count": 1, "photos": photo(&own, "before"),
            "no_photo_reason": null, "position": null, "source": "patrol", "catalogue_version": 1,
        }),
        "assign" => json!({
            "organ": OrganId(id_of("property")).to_string(), "person": null, "deadline": null,
            "note": "清理",
        }),
        "close" => json!({ "reason": "复查合格，同意销号" }),
        "clearance" => json!({ "unit": "辆", "quantity": 3, "note": "", "photos": [] }),
        "recode" => json!({
            "code": if at % 2 == 0 { "EV-02" } else { "EG-07" }, "reason": "核对",
        }),
        _ => json!({ "note": "", "photos": photo(&own, "after"), "position": null }),
    }
}
