//! The fields of a hazard, each a multi-value register: every concurrent value is kept, the first is displayed.

use schemars::JsonSchema;
use serde::Serialize;

use super::frontier::HazardFrontier;
use crate::{
    catalogue::{FieldName, Keep},
    history::{History, Lanes},
    record::{
        DeviceTime, DocId, EventBody, EventId, Grade, KindCode, Label, OrganId, PenaltyStage,
        PhotoHash, PhotoRole, Place, Role,
    },
};

/// A value and the event that states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// The event.
    pub by: EventId,
}

/// A multi-value register: every value that no event of the causal history supersedes, in the order of display.
pub type Register<T> = Vec<Valued<T>>;

/// An amount that was cleared away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cleared {
    /// The unit.
    pub unit: Label,
    /// The amount, in whole units.
    pub quantity: u32,
    /// Whether it may be counted: no open conflict concerns it.
    pub confirmed: bool,
}

/// The corrected role of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PhotoUse {
    /// The photo.
    pub photo: PhotoHash,
    /// What the photo shows.
    pub role: PhotoRole,
}

/// A penalty case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Penalty {
    /// The case number.
    pub case: Label,
    /// The stage that the case has reached.
    pub stage: PenaltyStage,
}

/// The fields of a hazard. A register has several values where concurrent events differ; the first one holds until a
/// reviewer decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Values {
    /// Hazard kind.
    pub code: Register<KindCode>,
    /// Grade, if an event set one.
    pub grade: Register<Grade>,
    /// Place.
    pub place: Register<Place>,
    /// Number of items.
    pub count: Register<u32>,
    /// Deadline.
    pub deadline: Register<DeviceTime>,
    /// Responsible organisation.
    pub responsible: Register<OrganId>,
    /// Departments that it was transferred to.
    pub transferred_to: Register<OrganId>,
    /// Documents that it was merged into.
    pub duplicate_of: Register<DocId>,
    /// Penalty cases.
    pub penalties: Register<Penalty>,
    /// Amounts that were cleared away.
    pub clearances: Register<Cleared>,
    /// Photos whose role was corrected.
    pub photo_uses: Register<PhotoUse>,
}

fn deadline(body: &EventBody) -> Option<DeviceTime> {
    match body {
        EventBody::Order(o) => Some(o.deadline),
        EventBody::Assign(a) => a.deadline,
        EventBody::ExtendDeadline(e) => Some(e.deadline),
        EventBody::GovDecision(d) => d.deadline,
        EventBody::TransferResult(r) => r.deadline,
        _ => None,
    }
}

fn responsible(body: &EventBody) -> Option<OrganId> {
    match body {
        EventBody::Assign(a) => Some(a.organ),
        EventBody::Order(o) => o.responsible,
        EventBody::GovDecision(d) => d.lead,
        _ => None,
    }
}

/// The lanes that an event sets. An event that states no deadline or no responsible organisation supersedes none.
pub(super) fn set_by(body: &EventBody) -> Lanes {
    let mut lanes = Lanes::MAX;
    if deadline(body).is_none() {
        lanes &= !FieldName::Deadline.bit();
    }
    if responsible(body).is_none() {
        lanes &= !FieldName::Responsible.bit();
    }
    lanes
}

/// The events that give a member its values: its own event, or those that a resolution declares to hold.
fn stands_for(history: &History<'_>, at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut look = vec![at];
    while let Some(at) = look.pop() {
        if let EventBody::Resolve(r) = history.body(at) {
            let held = r.also_hold.iter().chain([&r.holds]);
            let earlier = held.filter_map(|id| history.order.position(id));
            look.extend(earlier.filter(|earlier| *earlier < at));
        } else {
            found.push(at);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The values of one field, in the order of events.
fn read<T: PartialEq>(
    history: &History<'_>,
    frontier: &HazardFrontier,
    field: FieldName,
    of: impl Fn(&EventBody) -> Option<T>,
) -> Vec<(usize, T)> {
    let mut values: Vec<(usize, T)> = Vec::new();
    for member in frontier.field(field) {
        if !matches!(history.body(member.at), EventBody::Resolve(_)) {
            values.extend(of(history.body(member.at)).map(|value| (member.at, value)));
            continue;
        }
        for at in stands_for(history, member.at) {
            values.extend(of(history.body(at)).map(|value| (at, value)));
        }
    }
    values
}

fn keep_of(history: &History<'_>, field: FieldName) -> Keep {
    let row = history.rules.fields.iter().find(|f| f.name == field);
    row.map_or(Keep::All, |f| f.keep)
}

/// The level of an authority that assigns work to others; 0 for other roles.
pub(super) fn level(role: Role) -> u8 {
    match role {
        Role::StreetOfficer => 1,
        Role::CountyReviewer => 2,
        Role::CityReviewer => 3,
        Role::ProvinceReviewer => 4,
        _ => 0,
    }
}

/// Orders values for display by the rule of the field. The first one holds until a reviewer decides. With
/// `FirstRegistered`, `first` precedes several concurrent values.
fn arrange<T: Ord + Clone>(
    history: &History<'_>,
    field: FieldName,
    mut values: Vec<(usize, T)>,
    first: Option<(usize, T)>,
) -> Vec<Valued<T>> {
    if values.len() > 1 {
        match keep_of(history, field) {
            Keep::Highest => values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0))),
            Keep::Earliest => values.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0))),
            Keep::HigherLevel => {
                let height = |at: usize| history.grants[at].map_or(0, |g| level(g.role));
                values.sort_by_key(|(at, _)| (std::cmp::Reverse(height(*at)), *at));
            }
            Keep::FirstRegistered => {
                if let Some(first) = first {
                    values.retain(|(at, _)| *at != first.0);
                    values.insert(0, first);
                }
            }
            Keep::All => {}
        }
    }
    let valued = |(at, value)| Valued {
        value,
        by: history.entry(at).id,
    };
    values.into_iter().map(valued).collect()
}

/// The highest grade in a frontier; `None` if no event set one.
pub(super) fn grade(history: &History<'_>, frontier: &HazardFrontier) -> Option<Grade> {
    let values = read(history, frontier, FieldName::Grade, regraded);
    values.into_iter().map(|(_, grade)| grade).max()
}

fn regraded(body: &EventBody) -> Option<Grade> {
    match body {
        EventBody::Regrade(r) => Some(r.grade),
        _ => None,
    }
}

/// The earliest deadline in force in a frontier.
pub(super) fn earliest_deadline(
    history: &History<'_>,
    frontier: &HazardFrontier,
) -> Option<DeviceTime> {
    let values = read(history, frontier, FieldName::Deadline, deadline);
    values.into_iter().map(|(_, deadline)| deadline).min()
}

/// The responsible organisations in a frontier, in the order of events.
pub(super) fn responsible_in(history: &History<'_>, frontier: &HazardFrontier) -> Vec<OrganId> {
    let values = read(history, frontier, FieldName::Responsible, responsible);
    values.into_iter().map(|(_, organ)| organ).collect()
}

/// The transfers in force in a frontier: event and receiver.
pub(super) fn transfers_in(
    history: &History<'_>,
    frontier: &HazardFrontier,
) -> Vec<(usize, OrganId)> {
    read(history, frontier, FieldName::Transfer, transferred)
}

fn transferred(body: &EventBody) -> Option<OrganId> {
    match body {
        EventBody::Transfer(t) => Some(t.to),
        _ => None,
    }
}

/// All fields. `first` is the position of the first observation.
pub(super) fn values(history: &History<'_>, now: &HazardFrontier, first: Option<usize>) -> Values {
    let code = |body: &EventBody| match body {
        EventBody::Observe(o) => Some(o.code.clone()),
        EventBody::Recode(r) => Some(r.code.clone()),
        _ => None,
    };
    let place = |body: &EventBody| match body {
        EventBody::Observe(o) => Some(o.place.clone()),
        EventBody::Relocate(r) => Some(r.place.clone()),
        _ => None,
    };
    let count = |body: &EventBody| match body {
        EventBody::Observe(o) => o.count,
        EventBody::CorrectCount(c) => Some(c.count),
        _ => None,
    };
    let duplicate = |body: &EventBody| match body {
        EventBody::MarkDuplicate(d) => Some(d.of),
        _ => None,
    };
    Values {
        code: field(history, now, FieldName::Code, first, code),
        grade: field(history, now, FieldName::Grade, None, regraded),
        place: places(history, now, first, place),
        count: field(history, now, FieldName::Count, first, count),
        deadline: field(history, now, FieldName::Deadline, None, deadline),
        responsible: field(history, now, FieldName::Responsible, None, responsible),
        transferred_to: field(history, now, FieldName::Transfer, None, transferred),
        duplicate_of: field(history, now, FieldName::Duplicate, None, duplicate),
        penalties: penalties(history, now),
        clearances: clearances(history, now),
        photo_uses: photo_uses(history, now),
    }
}

fn field<T: Ord + Clone>(
    history: &History<'_>,
    now: &HazardFrontier,
    name: FieldName,
    first: Option<usize>,
    of: impl Fn(&EventBody) -> Option<T>,
) -> Vec<Valued<T>> {
    let values = read(history, now, name, &of);
    let first = first
        .filter(|_| values.len() > 1)
        .and_then(|at| of(history.body(at)).map(|value| (at, value)));
    arrange(history, name, values, first)
}

/// Places are not ordered by value: the first registered place precedes several concurrent ones.
fn places(
    history: &History<'_>,
    now: &HazardFrontier,
    first: Option<usize>,
    of: impl Fn(&EventBody) -> Option<Place>,
) -> Vec<Valued<Place>> {
    let mut values = read(history, now, FieldName::Place, &of);
    if let (true, Some(at)) = (values.len() > 1, first) {
        values.retain(|(of, _)| *of != at);
        values.extend(of(history.body(at)).map(|place| (at, place)));
        values.rotate_right(1);
    }
    let valued = |(at, value)| Valued {
        value,
        by: history.entry(at).id,
    };
    values.into_iter().map(valued).collect()
}

fn plain<T>(history: &History<'_>, values: Vec<(usize, T)>) -> Vec<Valued<T>> {
    let valued = |(at, value)| Valued {
        value,
        by: history.entry(at).id,
    };
    values.into_iter().map(valued).collect()
}

fn penalties(history: &History<'_>, now: &HazardFrontier) -> Vec<Valued<Penalty>> {
    let of = |body: &EventBody| match body {
        EventBody::PenaltyLink(p) => Some(Penalty {
            case: p.case.clone(),
            stage: p.stage,
        }),
        _ => None,
    };
    plain(history, read(history, now, FieldName::Penalty, of))
}

fn clearances(history: &History<'_>, now: &HazardFrontier) -> Vec<Valued<Cleared>> {
    let of = |body: &EventBody| match body {
        EventBody::Clearance(c) => Some(Cleared {
            unit: c.unit.clone(),
            quantity: c.quantity,
            confirmed: true,
        }),
        _ => None,
    };
    let mut values = read(history, now, FieldName::Clearance, of);
    for (at, cleared) in &mut values {
        cleared.confirmed = !now.open_conflicts().any(|m| m.a == *at || m.b == *at);
    }
    plain(history, values)
}

fn photo_uses(history: &History<'_>, now: &HazardFrontier) -> Vec<Valued<PhotoUse>> {
    let of = |body: &EventBody| match body {
        EventBody::PhotoRole(p) => Some(PhotoUse {
            photo: p.photo,
            role: p.role,
        }),
        _ => None,
    };
    plain(history, read(history, now, FieldName::PhotoRole, of))
}
