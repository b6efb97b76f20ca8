//! Test histories of hazards: events of a fixed cast of authors, and the states that they fold to.

mod bodies;
mod duty;
mod exhaustive;
mod fields;
mod pairs;
mod properties;
mod quantity;
mod settlements;
mod time;
mod transitions;

use std::collections::{BTreeMap, HashMap};

pub(crate) use bodies::*;

use super::{Conflict, HazardState, fold_hazard};
use crate::{
    catalogue::{Catalogue, StateCode},
    document::Folded,
    history::{EventEntry, FoldContext, JudgedEvent, Validity, Verdict, VoidReason, heads},
    record::*,
};

/// An author of the cast, by the number of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) u8);

pub(crate) const GRID: Who = Who(1);
pub(crate) const MANAGER: Who = Who(2);
/// An author of the manager's company.
pub(crate) const PATROL: Who = Who(3);
pub(crate) const COMMUNITY: Who = Who(4);
pub(crate) const STREET: Who = Who(5);
pub(crate) const COUNTY: Who = Who(6);
pub(crate) const COUNTY_TOO: Who = Who(7);
pub(crate) const FIRE: Who = Who(8);
pub(crate) const URBAN: Who = Who(9);
/// An author of the same department as `URBAN`.
pub(crate) const URBAN_TOO: Who = Who(10);
pub(crate) const DEPARTMENT: Who = Who(11);
/// A grid worker of another county.
pub(crate) const STRANGER: Who = Who(12);
/// A grid worker whose grant ended four days before the history begins.
pub(crate) const FORMER: Who = Who(13);
pub(crate) const VOLUNTEER: Who = Who(14);
pub(crate) const CITY: Who = Who(15);
pub(crate) const POLICE: Who = Who(16);
pub(crate) const DPO: Who = Who(17);
pub(crate) const COVERT: Who = Who(18);
/// Another grid worker of the same area.
pub(crate) const GRID_TOO: Who = Who(19);
pub(crate) const PROVINCE: Who = Who(20);
/// A grid worker whose grant ended one day before the history begins.
pub(crate) const MOVED_ON: Who = Who(21);

pub(crate) const START: i64 = 1_711_330_000_000;
pub(crate) const DAY: i64 = DAY_MS;
pub(crate) const HOUR: i64 = HOUR_MS;

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
            until: match who {
                FORMER => Some(ServerTime(START - 4 * DAY)),
                MOVED_ON => Some(ServerTime(START - DAY)),
                _ => None,
            },
            issued: ServerTime(0),
            also: None,
            space: None,
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
        grant(CITY, Role::CityReviewer, 11),
        grant(POLICE, Role::PoliceOfficer, 12),
        grant(DPO, Role::Dpo, 13),
        grant(COVERT, Role::CovertInspector, 14),
        grant(GRID_TOO, Role::GridWorker, 1),
        grant(PROVINCE, Role::ProvinceReviewer, 15),
        grant(MOVED_ON, Role::GridWorker, 1),
    ]
    .into()
}

fn grant_id(who: Who) -> GrantId {
    GrantId::from_slice(&[who.0; GrantId::LEN]).unwrap()
}

/// A history of one hazard under construction, with its fold context.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) events: Vec<EventEntry>,
    grants: BTreeMap<GrantId, Grant>,
    /// Receive times of events, for the fold context.
    pub(crate) received: BTreeMap<EventId, ServerTime>,
    pub(crate) revoked: BTreeMap<DeviceId, ServerTime>,
    /// The beacon of the next event.
    pub(crate) beacon: Option<Beacon>,
    pub(crate) now: i64,
}

impl Story {
    /// The grants of the cast.
    pub(crate) fn grants(&self) -> HashMap<GrantId, Grant> {
        self.grants.clone().into_iter().collect()
    }

    /// The fold context.
    pub(crate) fn context(&self) -> FoldContext<'static> {
        FoldContext::of_grants(self.grants.clone())
            .with_received(self.received.clone())
            .with_revoked(self.revoked.clone())
    }

    /// The folded document.
    pub(crate) fn folded(&self) -> Folded<'static> {
        Folded::new(self.events.clone(), self.context(), Catalogue::embedded())
    }

    pub(crate) fn new() -> Self {
        Self {
            events: Vec::new(),
            grants: cast(),
            received: BTreeMap::new(),
            revoked: BTreeMap::new(),
            beacon: None,
            now: START,
        }
    }

    /// A hazard of grade G1 found by the grid worker, then these events, each after all earlier ones.
    pub(crate) fn told(events: &[(Who, EventBody)]) -> Self {
        let mut story = Self::new();
        story.then(GRID, observe());
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
        let event = Event {
            author: PersonId([who.0; 16]),
            device: DeviceId([who.0; 16]),
            grant: grant_id(who),
            claimed: DeviceTime(self.now),
            after: after.to_vec(),
            beacon: self.beacon,
            edition: None,
            body,
        };
        let bytes = event.to_bytes();
        // This version cannot encode an unknown kind; any hash then serves as the id.
        let id = bytes.map_or_else(
            |_| EventId::of(&self.now.to_be_bytes()),
            |b| EventId::of(&b),
        );
        self.events.push(EventEntry { id, event });
        id
    }

    pub(crate) fn state(&self) -> HazardState {
        self.of(&self.events)
    }

    pub(crate) fn of(&self, events: &[EventEntry]) -> HazardState {
        fold_hazard(events, &self.context(), Catalogue::embedded())
    }

    pub(crate) fn verdict(&self, id: EventId) -> Verdict {
        self.judged(id).verdict
    }

    /// Whether the event counts.
    pub(crate) fn count(&self, id: EventId) -> Validity {
        self.judged(id).count
    }

    fn judged(&self, id: EventId) -> JudgedEvent {
        let judged = self.state().history.into_iter().find(|j| j.id == id);
        judged.expect("the event is in the history")
    }
}

/// Events that lead from the first observation to a state.
pub(crate) fn way_to(state: u16) -> Vec<(Who, EventBody)> {
    let mut way = match state {
        10 => vec![],
        15 => vec![(MANAGER, fix_on_spot())],
        20 => vec![(GRID, dissuade(DissuasionResult::Refused))],
        30 => vec![(GRID, report())],
        35 => vec![(COUNTY, transfer())],
        36 => vec![(COUNTY, transfer()), (FIRE, transfer_accept())],
        90 => vec![(COUNTY, escalate())],
        40 => vec![(COUNTY, order())],
        50 => vec![(STREET, assign())],
        60 => way_to(50),
        65 | 70 => way_to(60),
        80 => way_to(70),
        // A second person has proposed to void it.
        11 => vec![(COMMUNITY, void())],
        95 => vec![(COMMUNITY, void()), (COUNTY, void())],
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
    for state in [10, 15, 20, 30, 35, 36, 40, 50, 60, 65, 70, 80, 90, 95, 96] {
        assert_eq!(Story::told(&way_to(state)).state().state, StateCode(state));
    }
}
