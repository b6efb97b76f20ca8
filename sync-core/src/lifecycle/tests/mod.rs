//! Stories: hazards told event by event, by a small cast, and what the fold makes of them.

mod pairs;
mod properties;
mod transitions;

use std::collections::BTreeMap;

use super::{Conflict, HazardState, Stated, Verdict, VoidReason, fold, newest};
use crate::{
    catalogue::{Catalogue, StateCode},
    record::{
        Assignment, BlobHash, CompoundId, DeviceId, DeviceTime, Dissuasion, DissuasionMethod,
        DissuasionResult, DocId, Duplicate, Event, EventBody, EventId, Evidence, FindingSource,
        Grant, GrantId, KindCode, Label, LocationKind, Long, Observation, OrganId, PersonId,
        PhotoRef, PhotoRole, PhotoSource, Place, Reason, RectificationOrder, RectificationPlan,
        Resolution, Role, ServerTime, Short, ViolationReport,
    },
};

/// One of the cast, by the number of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who(u8);

pub(super) const GRID: Who = Who(1);
pub(super) const MANAGER: Who = Who(2);
/// Of the manager's company.
pub(super) const PATROL: Who = Who(3);
pub(super) const COMMUNITY: Who = Who(4);
pub(super) const STREET: Who = Who(5);
pub(super) const COUNTY: Who = Who(6);
pub(super) const COUNTY_TOO: Who = Who(7);
pub(super) const FIRE: Who = Who(8);
pub(super) const URBAN: Who = Who(9);
/// Of the same department.
pub(super) const URBAN_TOO: Who = Who(10);
pub(super) const DEPARTMENT: Who = Who(11);
/// A grid worker of another county.
pub(super) const STRANGER: Who = Who(12);
/// A grid worker whose grant ended before the story.
pub(super) const FORMER: Who = Who(13);
pub(super) const VOLUNTEER: Who = Who(14);

const START: i64 = 1_711_330_000_000;

fn cast() -> BTreeMap<GrantId, Grant> {
    let grant = |who: Who, role, organ: u8| {
        let claims = Grant {
            person: PersonId([who.0; 16]),
            organ: OrganId([organ; 16]),
            role,
            area: (if who == STRANGER {
                "420800"
            } else {
                "420100/420103"
            })
            .parse()
            .unwrap(),
            device: DeviceId([who.0; 16]),
            device_key: [0; 32],
            from: ServerTime(0),
            until: (who == FORMER).then_some(ServerTime(START - 1)),
            issued: ServerTime(0),
        };
        (grant_id(who), claims)
    };
    [
        grant(GRID, Role::GridWorker, 1),
        grant(MANAGER, Role::PropertyManager, 2),
        grant(PATROL, Role::PropertyPatrol, 2),
        grant(COMMUNITY, Role::CommunityOfficer, 3),
        grant(STREET, Role::StreetOfficer, 4),
        grant(COUNTY, Role::CountyReviewer, 5),
        grant(COUNTY_TOO, Role::CountyReviewer, 5),
        grant(FIRE, Role::FireOfficer, 6),
        grant(URBAN, Role::UrbanMgmtOfficer, 7),
        grant(URBAN_TOO, Role::UrbanMgmtOfficer, 7),
        grant(DEPARTMENT, Role::OtherDept, 8),
        grant(STRANGER, Role::GridWorker, 9),
        grant(FORMER, Role::GridWorker, 1),
        grant(VOLUNTEER, Role::Volunteer, 10),
    ]
    .into()
}

fn grant_id(who: Who) -> GrantId {
    GrantId::from_slice(&[who.0; GrantId::LEN]).unwrap()
}

/// A hazard being told.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) events: Vec<Stated>,
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

    /// A blocked lane of grade G1 found by the grid worker, then these events, each in full knowledge.
    pub(super) fn told(events: &[(Who, EventBody)]) -> Self {
        let mut story = Self::new();
        story.then(GRID, observe());
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
        let event = Event {
            author: PersonId([who.0; 16]),
            device: DeviceId([who.0; 16]),
            grant: grant_id(who),
            claimed: DeviceTime(self.now),
            after: after.to_vec(),
            body,
        };
        let bytes = event.to_bytes();
        // An unknown kind cannot be written by this version; its name is then any hash.
        let id = bytes.map_or_else(
            |_| EventId::of(&self.now.to_be_bytes()),
            |b| EventId::of(&b),
        );
        self.events.push(Stated { id, event });
        id
    }

    pub(super) fn state(&self) -> HazardState {
        self.of(&self.events)
    }

    pub(super) fn of(&self, events: &[Stated]) -> HazardState {
        fold(events, &self.grants, Catalogue::embedded())
    }

    pub(super) fn verdict(&self, id: EventId) -> Verdict {
        let state = self.state();
        let judged = state.history.iter().find(|j| j.id == id);
        judged.expect("the event is in the history").verdict.clone()
    }
}

pub(super) fn text(words: &str) -> Long {
    Long::new(words).unwrap()
}

pub(super) fn photo() -> PhotoRef {
    PhotoRef {
        hash: BlobHash([7; 32]),
        size: 9,
        width: 4,
        height: 3,
        role: PhotoRole::After,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

fn evidence() -> Evidence {
    Evidence {
        note: text("见照片"),
        photos: vec![photo()],
        position: None,
    }
}

pub(super) fn without_photo() -> Evidence {
    Evidence {
        photos: Vec::new(),
        ..evidence()
    }
}

pub(super) fn observe_kind(code: &str) -> EventBody {
    EventBody::Observe(Observation {
        code: KindCode::new(code).unwrap(),
        area: "420100/420103/420103001".parse().unwrap(),
        place: Place {
            compound: CompoundId([1; 16]),
            building: Label::new("3栋").unwrap(),
            unit: Label::default(),
            floor: Label::default(),
            location: LocationKind::Stairwell,
            spot: Label::default(),
            connected_to: Vec::new(),
        },
        description: text("堆放杂物"),
        count: None,
        photos: vec![photo()],
        no_photo_reason: None,
        position: None,
        source: FindingSource::Patrol,
        catalogue_version: 1,
    })
}

/// A hazard of grade G1.
pub(super) fn observe() -> EventBody {
    observe_kind("EG-06")
}
pub(super) fn fix_on_spot() -> EventBody {
    EventBody::FixOnSpot(evidence())
}
pub(super) fn reason() -> Reason {
    Reason {
        reason: text("理由"),
    }
}
pub(super) fn dissuade(result: DissuasionResult) -> EventBody {
    EventBody::Dissuade(Dissuasion {
        method: DissuasionMethod::Oral,
        result,
        note: text("已劝阻"),
        photos: vec![photo()],
        promised_until: None,
    })
}
pub(super) fn report() -> EventBody {
    EventBody::Report(ViolationReport {
        recipients: vec![OrganId([4; 16])],
        note: text("已上报"),
        immediate_danger: false,
    })
}
pub(super) fn assign() -> EventBody {
    assign_to(2)
}
pub(super) fn assign_to(organ: u8) -> EventBody {
    EventBody::Assign(Assignment {
        organ: OrganId([organ; 16]),
        person: None,
        deadline: None,
        note: Short::default(),
    })
}
pub(super) fn order() -> EventBody {
    order_numbered("消责改字2024第1号")
}
pub(super) fn order_numbered(number: &str) -> EventBody {
    EventBody::Order(RectificationOrder {
        number: Label::new(number).unwrap(),
        temporary: false,
        basis: Short::default(),
        deadline: DeviceTime(START + 7 * 86_400_000),
        photos: Vec::new(),
    })
}
pub(super) fn start_rectify() -> EventBody {
    EventBody::StartRectify(RectificationPlan {
        plan: text("清理"),
        interim_measures: None,
        ready_by: None,
    })
}
pub(super) fn claim_fixed() -> EventBody {
    EventBody::ClaimFixed(evidence())
}
pub(super) fn recheck_pass() -> EventBody {
    EventBody::RecheckPass(evidence())
}
pub(super) fn recheck_fail() -> EventBody {
    EventBody::RecheckFail(evidence())
}
pub(super) fn close() -> EventBody {
    EventBody::Close(reason())
}
pub(super) fn reopen() -> EventBody {
    EventBody::Reopen(evidence())
}
pub(super) fn void() -> EventBody {
    EventBody::Void(reason())
}
pub(super) fn mark_duplicate() -> EventBody {
    EventBody::MarkDuplicate(Duplicate {
        of: DocId([3; 16]),
        reason: Short::default(),
    })
}
pub(super) fn note() -> EventBody {
    EventBody::Note(reason())
}
pub(super) fn resolve(resolves: &[EventId], holds: EventId) -> EventBody {
    EventBody::Resolve(Resolution {
        resolves: resolves.to_vec(),
        holds,
        reason: text("核实"),
    })
}
/// An event of a version to come.
pub(super) fn unknown() -> EventBody {
    EventBody::Unknown { number: 900 }
}

/// The way to a state.
pub(super) fn way_to(state: u16) -> Vec<(Who, EventBody)> {
    let mut way = match state {
        10 => vec![],
        15 => vec![(MANAGER, fix_on_spot())],
        20 => vec![(GRID, dissuade(DissuasionResult::Refused))],
        30 => vec![(GRID, report())],
        40 => vec![(COUNTY, order())],
        50 => vec![(STREET, assign())],
        60 => way_to(50),
        65 | 70 => way_to(60),
        80 => way_to(70),
        95 => vec![(COUNTY, void())],
        96 => vec![(COUNTY, mark_duplicate())],
        other => panic!("no way to {other} is known"),
    };
    way.extend(match state {
        60 => Some((MANAGER, claim_fixed())),
        65 => Some((COMMUNITY, recheck_fail())),
        70 => Some((COMMUNITY, recheck_pass())),
        80 => Some((COUNTY, close())),
        _ => None,
    });
    way
}

#[test]
fn every_known_way_leads_where_it_says() {
    for state in [10, 15, 20, 30, 40, 50, 60, 65, 70, 80, 95, 96] {
        assert_eq!(Story::told(&way_to(state)).state().state, StateCode(state));
    }
}
