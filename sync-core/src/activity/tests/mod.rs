//! Stories: records and inspections told event by event, and what the fold makes of them.

mod properties;
mod record;

use std::collections::BTreeMap;

use super::{
    CampaignRecord, Family, InspectionState, Verdict, counts, fold_inspection, fold_record,
};
use crate::{
    catalogue::Catalogue,
    lifecycle::{EventEntry, VoidReason, newest},
    record::*,
};

/// One of the cast, by the number of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who(u8);

pub(super) const GRID: Who = Who(1);
pub(super) const MANAGER: Who = Who(2);
pub(super) const COMMUNITY: Who = Who(3);
pub(super) const STREET: Who = Who(4);
pub(super) const COUNTY: Who = Who(5);
pub(super) const COUNTY_TOO: Who = Who(6);
/// A community officer of another county.
pub(super) const STRANGER: Who = Who(7);
/// The grid worker's second phone.
pub(super) const GRID_AGAIN: Who = Who(8);
pub(super) const DPO: Who = Who(9);

pub(super) const GRID_PATH: &str = "420000/420100/420106/420106001/420106001001/G01";
pub(super) const COUNTY_PATH: &str = "420000/420100/420106";
const START: i64 = 1_711_330_000_000;

fn cast() -> BTreeMap<GrantId, Grant> {
    let grant = |who: Who, person: u8, role, organ: u8| {
        let area = if who == STRANGER {
            "420000/420800"
        } else {
            COUNTY_PATH
        };
        let claims = Grant {
            person: PersonId([person; 16]),
            organ: OrganId([organ; 16]),
            role,
            area: area.parse().unwrap(),
            device: DeviceId([who.0; 16]),
            device_key: [0; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
        };
        (GrantId([who.0; GrantId::LEN]), claims)
    };
    [
        grant(GRID, 1, Role::GridWorker, 1),
        grant(MANAGER, 2, Role::PropertyManager, 2),
        grant(COMMUNITY, 3, Role::CommunityOfficer, 3),
        grant(STREET, 4, Role::StreetOfficer, 4),
        grant(COUNTY, 5, Role::CountyReviewer, 5),
        grant(COUNTY_TOO, 6, Role::CountyReviewer, 5),
        grant(STRANGER, 7, Role::CommunityOfficer, 7),
        grant(GRID_AGAIN, 1, Role::GridWorker, 1),
        grant(DPO, 9, Role::Dpo, 9),
    ]
    .into()
}

/// A document being told.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) events: Vec<EventEntry>,
    grants: BTreeMap<GrantId, Grant>,
    now: i64,
}

impl Story {
    pub(super) fn new() -> Self {
        Self {
            events: Vec::new(),
            grants: cast(),
            now: START,
        }
    }

    pub(super) fn told(events: &[(Who, EventBody)]) -> Self {
        let mut story = Self::new();
        for (who, body) in events {
            story.then(*who, body.clone());
        }
        story
    }

    /// An event by somebody who has seen everything so far.
    pub(super) fn then(&mut self, who: Who, body: EventBody) -> EventId {
        let after = newest(&self.events);
        self.after(who, &after, body)
    }

    /// An event by somebody who has seen only these and what lies before them.
    pub(super) fn after(&mut self, who: Who, after: &[EventId], body: EventBody) -> EventId {
        self.now += 60_000;
        let grant = GrantId([who.0; GrantId::LEN]);
        let event = Event {
            author: self.grants[&grant].person,
            device: DeviceId([who.0; 16]),
            grant,
            claimed: DeviceTime(self.now),
            after: after.to_vec(),
            beacon: None,
            body,
        };
        // An unknown kind cannot be written by this version; its name is then any hash.
        let id = event.to_bytes().map_or_else(
            |_| EventId::of(&self.now.to_be_bytes()),
            |b| EventId::of(&b),
        );
        self.events.push(EventEntry { id, event });
        id
    }

    pub(super) fn record(&self) -> CampaignRecord {
        self.record_of(&self.events)
    }

    pub(super) fn record_of(&self, events: &[EventEntry]) -> CampaignRecord {
        fold_record(events, &self.grants, Catalogue::embedded())
    }

    pub(super) fn inspection(&self) -> InspectionState {
        self.inspection_of(&self.events)
    }

    pub(super) fn inspection_of(&self, events: &[EventEntry]) -> InspectionState {
        fold_inspection(events, &self.grants, Catalogue::embedded())
    }

    /// What became of an event of a record.
    pub(super) fn said(&self, id: EventId) -> Verdict {
        let history = match Family::of(&self.events) {
            Family::Inspection => self.inspection().history,
            _ => self.record().history,
        };
        history.iter().find(|j| j.id == id).unwrap().verdict
    }
}

pub(super) fn void(reason: VoidReason) -> Verdict {
    Verdict::Void { reason }
}

pub(super) fn entry_at(code: &str, area: &str, data: &str) -> EventBody {
    EventBody::Activity(ActivityEntry {
        r#type: TypeCode::new(code).unwrap(),
        area: area.parse().unwrap(),
        compound: Some(CompoundId([7; 16])),
        title: Short::new("一条登记").unwrap(),
        held: DeviceTime(START),
        photos: vec![photo(1)],
        data: Data::new(data).unwrap(),
    })
}

pub(super) fn entry(code: &str, data: &str) -> EventBody {
    entry_at(code, GRID_PATH, data)
}

pub(super) fn amend(data: &str) -> EventBody {
    EventBody::Amend(Amendment {
        title: Short::new("一条登记").unwrap(),
        held: DeviceTime(START),
        photos: Vec::new(),
        data: Data::new(data).unwrap(),
        reason: Short::new("数错了").unwrap(),
    })
}

pub(super) fn reason() -> Reason {
    Reason {
        reason: Long::new("现场核对").unwrap(),
    }
}

pub(super) fn photo(n: u8) -> PhotoRef {
    PhotoRef {
        hash: BlobHash([n; 32]),
        size: 1,
        width: 1,
        height: 1,
        role: PhotoRole::Other,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

pub(super) fn cleared(vehicles: u32) -> String {
    format!(r#"{{"item": "ebike", "vehicles": {vehicles}}}"#)
}
