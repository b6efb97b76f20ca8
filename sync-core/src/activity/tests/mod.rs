//! Test histories of activities and inspections, and the states that they fold to.

mod properties;
mod record;
mod versions;

use std::collections::BTreeMap;

use super::{ActivityState, State, counts, fold_activity};
use crate::{
    catalogue::Catalogue,
    document::{DocumentKind, Folded},
    history::{EventEntry, FoldContext, Verdict, VoidReason, heads},
    inspection::{InspectionState, fold_inspection},
    record::*,
};

/// An author of the cast, by the number of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who(u8);

pub(crate) const GRID: Who = Who(1);
pub(crate) const MANAGER: Who = Who(2);
pub(crate) const COMMUNITY: Who = Who(3);
pub(crate) const STREET: Who = Who(4);
pub(crate) const COUNTY: Who = Who(5);
pub(crate) const COUNTY_TOO: Who = Who(6);
/// A community officer of another county.
pub(crate) const STRANGER: Who = Who(7);
/// The grid worker's second device.
pub(crate) const GRID_AGAIN: Who = Who(8);
pub(crate) const DPO: Who = Who(9);

pub(crate) const GRID_PATH: &str = "420000/420100/420106/420106001/420106001001/G01";
pub(crate) const COUNTY_PATH: &str = "420000/420100/420106";
pub(crate) const START: i64 = 1_711_330_000_000;

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
            also: None,
            space: None,
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

/// A history of one document under construction.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) events: Vec<EventEntry>,
    grants: BTreeMap<GrantId, Grant>,
    pub(crate) now: i64,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self {
            events: Vec::new(),
            grants: cast(),
            now: START,
        }
    }

    pub(crate) fn told(events: &[(Who, EventBody)]) -> Self {
        let mut story = Self::new();
        for (who, body) in events {
            story.then(*who, body.clone());
        }
        story
    }

    /// Adds an event that all earlier events happened before.
    pub(crate) fn then(&mut self, who: Who, body: EventBody) -> EventId {
        let after = heads(&self.events);
        self.after(who, &after, body)
    }

    /// Adds an event that only these events and their causal history happened before.
    pub(crate) fn after(&mut self, who: Who, after: &[EventId], body: EventBody) -> EventId {
        self.now += 60_000;
        let grant = GrantId([who.0; GrantId::LEN]);
        let event = Event {
            author: self.grants[&grant].person,
            device: DeviceId([who.0; 16]),
            grant,
            claimed: DeviceTime(self.now),
            after: after.to_vec(),
            beacon: None,
            edition: None,
            body,
        };
        // This version cannot encode an unknown kind; any hash then serves as the id.
        let id = event.to_bytes().map_or_else(
            |_| EventId::of(&self.now.to_be_bytes()),
            |b| EventId::of(&b),
        );
        self.events.push(EventEntry { id, event });
        id
    }

    pub(crate) fn context(&self) -> FoldContext<'static> {
        FoldContext::of_grants(self.grants.clone())
    }

    /// The folded document.
    pub(crate) fn folded(&self) -> Folded<'static> {
        Folded::new(self.events.clone(), self.context(), Catalogue::embedded())
    }

    pub(crate) fn record(&self) -> ActivityState {
        self.record_of(&self.events)
    }

    pub(crate) fn record_of(&self, events: &[EventEntry]) -> ActivityState {
        fold_activity(events, &self.context(), Catalogue::embedded())
    }

    pub(crate) fn kind_of(&self, events: &[EventEntry]) -> DocumentKind {
        Folded::new(events.to_vec(), self.context(), Catalogue::embedded()).kind()
    }

    pub(crate) fn inspection(&self) -> InspectionState {
        self.inspection_of(&self.events)
    }

    pub(crate) fn inspection_of(&self, events: &[EventEntry]) -> InspectionState {
        fold_inspection(events, &self.context(), Catalogue::embedded())
    }

    /// The verdict on an event.
    pub(crate) fn said(&self, id: EventId) -> Verdict {
        let folded = self.folded();
        let judged = folded.judged().iter().find(|j| j.id == id);
        judged.unwrap().verdict.clone()
    }
}

pub(crate) fn void(reason: VoidReason) -> Verdict {
    Verdict::Void { reason }
}

pub(crate) fn entry_at(code: &str, area: &str, data: &str) -> EventBody {
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

pub(crate) fn entry(code: &str, data: &str) -> EventBody {
    entry_at(code, GRID_PATH, data)
}

pub(crate) fn amend(data: &str) -> EventBody {
    EventBody::Amend(Amendment {
        title: Short::new("一条登记").unwrap(),
        held: DeviceTime(START),
        photos: Vec::new(),
        data: Data::new(data).unwrap(),
        reason: Short::new("数错了").unwrap(),
    })
}

pub(crate) fn reason() -> Reason {
    Reason {
        reason: Long::new("现场核对").unwrap(),
    }
}

pub(crate) fn photo(n: u8) -> PhotoRef {
    PhotoRef {
        hash: PhotoHash([n; 32]),
        size: 1,
        width: 1,
        height: 1,
        role: PhotoRole::Other,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

pub(crate) fn cleared(vehicles: u32) -> String {
    format!(r#"{{"item": "ebike", "vehicles": {vehicles}}}"#)
}
