//! The vector of the campaign: an activity that is confirmed, and an inspection that is finished.

use std::collections::BTreeMap;

use cli_simulator::world::{World, note};
use serde_json::{Value, json};
use sync_core::{
    catalogue::Catalogue,
    document::Folded,
    history::{EventEntry, FoldContext},
    record::*,
};

const NOON: i64 = 1_711_339_200_000;

fn cast() -> BTreeMap<GrantId, Grant> {
    let grant = |n: u8, role| {
        let claims = Grant {
            person: PersonId([n; 16]),
            organ: OrganId([n; 16]),
            role,
            area: World::small().county,
            device: DeviceId([n; 16]),
            device_key: [n; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
            also: None,
            space: None,
        };
        (GrantId([n; GrantId::LEN]), claims)
    };
    [grant(1, Role::GridWorker), grant(2, Role::CountyReviewer)].into()
}

fn told(bodies: Vec<(u8, EventBody)>) -> Vec<EventEntry> {
    let mut events: Vec<EventEntry> = Vec::new();
    for (minute, (who, body)) in (0..).zip(bodies) {
        let event = Event {
            author: PersonId([who; 16]),
            device: DeviceId([who; 16]),
            grant: GrantId([who; GrantId::LEN]),
            claimed: DeviceTime(NOON + minute * 60_000),
            after: events.last().map(|s| s.id).into_iter().collect(),
            beacon: None,
            edition: None,
            body,
        };
        let id = EventId::of(&event.to_bytes().unwrap());
        events.push(EventEntry { id, event });
    }
    events
}

fn photo() -> PhotoRef {
    PhotoRef {
        hash: PhotoHash::of(b"a photo"),
        size: 212_345,
        width: 1536,
        height: 2048,
        role: PhotoRole::After,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

fn activity() -> Vec<EventEntry> {
    let world = World::small();
    let data = |n: u32| Data::new(&format!(r#"{{"item":"ebike","vehicles":{n}}}"#)).unwrap();
    let title = Short::new("清理违停电动自行车").unwrap();
    told(vec![
        (
            1,
            EventBody::Activity(ActivityEntry {
                r#type: TypeCode::new("clearance").unwrap(),
                area: world.grids[0].clone(),
                compound: Some(world.compounds[0].id),
                title: title.clone(),
                held: DeviceTime(NOON),
                photos: vec![photo()],
                data: data(8),
            }),
        ),
        (
            1,
            EventBody::Amend(Amendment {
                title,
                held: DeviceTime(NOON),
                photos: Vec::new(),
                data: data(12),
                reason: Short::new("漏数四辆").unwrap(),
            }),
        ),
        (2, EventBody::Confirm(note("现场核对"))),
    ])
}

fn inspection() -> Vec<EventEntry> {
    let world = World::small();
    told(vec![
        (
            1,
            EventBody::Inspect(InspectionStart {
                template: TemplateCode::new("TPL-DAILY").unwrap(),
                template_version: 1,
                kind: InspectionKind::Daily,
                area: world.grids[0].clone(),
                compound: Some(world.compounds[0].id),
                team: vec![TeamMember {
                    organ: OrganId([1; 16]),
                    people: 2,
                }],
                started: DeviceTime(NOON),
            }),
        ),
        (
            1,
            EventBody::Answer(Answers {
                building: Label::new("3栋").unwrap(),
                unit: Label::new("2单元").unwrap(),
                answers: vec![Answer {
                    item: ItemCode::new("IT-20").unwrap(),
                    finding: Finding::Problem,
                    milli: Some(3_200),
                    words: Some(Short::new("净宽不足").unwrap()),
                    hazard: Some(DocId([9; 16])),
                }],
                photos: vec![photo()],
            }),
        ),
        (
            1,
            EventBody::Sign(Signature {
                signed_as: SignedAs::Inspector,
                organ: None,
                witness: None,
                note: Short::default(),
                photos: Vec::new(),
            }),
        ),
        (
            1,
            EventBody::FinishInspection(Conclusion {
                result: InspectionResult::Problems,
                note: Long::default(),
            }),
        ),
    ])
}

fn shown(events: &[EventEntry]) -> Vec<Value> {
    let one = |s: &EventEntry| json!({ "id": s.id.to_string(), "bytes": hex::encode(s.event.to_bytes().unwrap()), "event": s.event });
    events.iter().map(one).collect()
}

pub(super) fn vector() -> Value {
    let (activity, inspection) = (activity(), inspection());
    let state = |events| {
        let context = FoldContext::of_grants(cast());
        Folded::new(events, context, Catalogue::embedded())
            .state()
            .clone()
    };
    json!({
        "about": "An activity and an inspection: their events and the states that they fold to.",
        "activity": { "events": shown(&activity), "state": state(activity) },
        "inspection": { "events": shown(&inspection), "state": state(inspection) },
    })
}
