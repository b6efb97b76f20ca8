//! The fields of a hazard: every value that stands beside another is kept, the first is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::{case::Case, view::View};
use crate::{
    catalogue::{FieldName, Keep},
    record::{
        BlobHash, DeviceTime, DocId, EventBody, EventId, Grade, KindCode, Label, OrganId,
        PenaltyStage, PhotoRole, Place, Role,
    },
};

/// A value and the event that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// The event.
    pub by: EventId,
}

/// How much was cleared away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cleared {
    /// The unit.
    pub unit: Label,
    /// How much.
    pub quantity: u32,
    /// Whether it may be counted: no other record of the same day disputes it.
    pub confirmed: bool,
}

/// What a photo shows, as corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PhotoUse {
    /// The photo.
    pub photo: BlobHash,
    /// What it shows.
    pub role: PhotoRole,
}

/// A penalty case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Penalty {
    /// Its number.
    pub case: Label,
    /// How far it has come.
    pub stage: PenaltyStage,
}

/// The fields; more than one value where people who had not seen each other differ. The first one holds meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Values {
    /// Hazard kind.
    pub code: Vec<Valued<KindCode>>,
    /// Grade, if somebody set one.
    pub grade: Vec<Valued<Grade>>,
    /// Place.
    pub place: Vec<Valued<Place>>,
    /// How many.
    pub count: Vec<Valued<u32>>,
    /// Deadline.
    pub deadline: Vec<Valued<DeviceTime>>,
    /// Responsible organisation.
    pub responsible: Vec<Valued<OrganId>>,
    /// Departments it was handed to.
    pub transferred_to: Vec<Valued<OrganId>>,
    /// Records it was merged into.
    pub duplicate_of: Vec<Valued<DocId>>,
    /// Penalty cases.
    pub penalties: Vec<Valued<Penalty>>,
    /// What was cleared away.
    pub clearances: Vec<Valued<Cleared>>,
    /// Photos whose use was corrected.
    pub photo_uses: Vec<Valued<PhotoUse>>,
}

/// What must not be shown, whoever sends it again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Redacted {
    /// Events whose words are hidden.
    pub events: Vec<EventId>,
    /// Photos that are hidden.
    pub photos: Vec<BlobHash>,
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

/// The fields an event speaks about: what it leaves open it does not take from another.
pub(super) fn set_by(body: &EventBody) -> u16 {
    let mut lanes = u16::MAX;
    if deadline(body).is_none() {
        lanes &= !FieldName::Deadline.bit();
    }
    if responsible(body).is_none() {
        lanes &= !FieldName::Responsible.bit();
    }
    lanes
}

/// The events whose values a member stands for: itself, or what a resolution says holds.
fn stands_for(case: &Case<'_>, at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut look = vec![at];
    while let Some(at) = look.pop() {
        if let EventBody::Resolve(r) = case.body(at) {
            let held = r.also_hold.iter().chain([&r.holds]);
            let earlier = held.filter_map(|id| case.ordered.position(id));
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
    case: &Case<'_>,
    view: &View,
    field: FieldName,
    of: impl Fn(&EventBody) -> Option<T>,
) -> Vec<(usize, T)> {
    let mut values: Vec<(usize, T)> = Vec::new();
    for member in view.field(field) {
        if !matches!(case.body(member.at), EventBody::Resolve(_)) {
            values.extend(of(case.body(member.at)).map(|value| (member.at, value)));
            continue;
        }
        for at in stands_for(case, member.at) {
            values.extend(of(case.body(at)).map(|value| (at, value)));
        }
    }
    values
}

fn keep_of(case: &Case<'_>, field: FieldName) -> Keep {
    let row = case.rules.fields.iter().find(|f| f.name == field);
    row.map_or(Keep::All, |f| f.keep)
}

/// How high an organ stands that gives work to others.
pub(super) fn level(role: Role) -> u8 {
    match role {
        Role::StreetOfficer => 1,
        Role::CountyReviewer => 2,
        Role::CityReviewer => 3,
        Role::ProvinceReviewer => 4,
        _ => 0,
    }
}

/// Puts the value that holds meanwhile first, and the value first registered before several others.
fn arrange<T: Ord + Clone>(
    case: &Case<'_>,
    field: FieldName,
    mut values: Vec<(usize, T)>,
    first: Option<(usize, T)>,
) -> Vec<Valued<T>> {
    if values.len() > 1 {
        match keep_of(case, field) {
            Keep::Highest => values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0))),
            Keep::Earliest => values.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0))),
            Keep::HigherLevel => {
                let height = |at: usize| case.grants[at].map_or(0, |g| level(g.role));
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
        by: case.stated(at).id,
    };
    values.into_iter().map(valued).collect()
}

/// The grade that holds in a view, if somebody set one.
pub(super) fn grade(case: &Case<'_>, view: &View) -> Option<Grade> {
    let values = read(case, view, FieldName::Grade, regraded);
    values.into_iter().map(|(_, grade)| grade).max()
}

fn regraded(body: &EventBody) -> Option<Grade> {
    match body {
        EventBody::Regrade(r) => Some(r.grade),
        _ => None,
    }
}

/// The earliest deadline in force in a view.
pub(super) fn earliest_deadline(case: &Case<'_>, view: &View) -> Option<DeviceTime> {
    let values = read(case, view, FieldName::Deadline, deadline);
    values.into_iter().map(|(_, deadline)| deadline).min()
}

/// The organisations responsible in a view, by order of events.
pub(super) fn responsible_in(case: &Case<'_>, view: &View) -> Vec<OrganId> {
    let values = read(case, view, FieldName::Responsible, responsible);
    values.into_iter().map(|(_, organ)| organ).collect()
}

/// The transfers in force in a view: event and receiver.
pub(super) fn transfers_in(case: &Case<'_>, view: &View) -> Vec<(usize, OrganId)> {
    read(case, view, FieldName::Transfer, transferred)
}

fn transferred(body: &EventBody) -> Option<OrganId> {
    match body {
        EventBody::Transfer(t) => Some(t.to),
        _ => None,
    }
}

/// All fields. `first` is the position of the first observation.
pub(super) fn values(case: &Case<'_>, now: &View, first: Option<usize>) -> Values {
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
        code: field(case, now, FieldName::Code, first, code),
        grade: field(case, now, FieldName::Grade, None, regraded),
        place: places(case, now, first, place),
        count: field(case, now, FieldName::Count, first, count),
        deadline: field(case, now, FieldName::Deadline, None, deadline),
        responsible: field(case, now, FieldName::Responsible, None, responsible),
        transferred_to: field(case, now, FieldName::Transfer, None, transferred),
        duplicate_of: field(case, now, FieldName::Duplicate, None, duplicate),
        penalties: penalties(case, now),
        clearances: clearances(case, now),
        photo_uses: photo_uses(case, now),
    }
}

fn field<T: Ord + Clone>(
    case: &Case<'_>,
    now: &View,
    name: FieldName,
    first: Option<usize>,
    of: impl Fn(&EventBody) -> Option<T>,
) -> Vec<Valued<T>> {
    let values = read(case, now, name, &of);
    let first = first
        .filter(|_| values.len() > 1)
        .and_then(|at| of(case.body(at)).map(|value| (at, value)));
    arrange(case, name, values, first)
}

/// Places have no order of their own; the first registered leads.
fn places(
    case: &Case<'_>,
    now: &View,
    first: Option<usize>,
    of: impl Fn(&EventBody) -> Option<Place>,
) -> Vec<Valued<Place>> {
    let mut values = read(case, now, FieldName::Place, &of);
    if let (true, Some(at)) = (values.len() > 1, first) {
        values.retain(|(of, _)| *of != at);
        values.extend(of(case.body(at)).map(|place| (at, place)));
        values.rotate_right(1);
    }
    let valued = |(at, value)| Valued {
        value,
        by: case.stated(at).id,
    };
    values.into_iter().map(valued).collect()
}

fn plain<T>(case: &Case<'_>, values: Vec<(usize, T)>) -> Vec<Valued<T>> {
    let valued = |(at, value)| Valued {
        value,
        by: case.stated(at).id,
    };
    values.into_iter().map(valued).collect()
}

fn penalties(case: &Case<'_>, now: &View) -> Vec<Valued<Penalty>> {
    let of = |body: &EventBody| match body {
        EventBody::PenaltyLink(p) => Some(Penalty {
            case: p.case.clone(),
            stage: p.stage,
        }),
        _ => None,
    };
    plain(case, read(case, now, FieldName::Penalty, of))
}

fn clearances(case: &Case<'_>, now: &View) -> Vec<Valued<Cleared>> {
    let of = |body: &EventBody| match body {
        EventBody::Clearance(c) => Some(Cleared {
            unit: c.unit.clone(),
            quantity: c.quantity,
            confirmed: true,
        }),
        _ => None,
    };
    let mut values = read(case, now, FieldName::Clearance, of);
    for (at, cleared) in &mut values {
        cleared.confirmed = !now.open_conflicts().any(|m| m.a == *at || m.b == *at);
    }
    plain(case, values)
}

fn photo_uses(case: &Case<'_>, now: &View) -> Vec<Valued<PhotoUse>> {
    let of = |body: &EventBody| match body {
        EventBody::PhotoRole(p) => Some(PhotoUse {
            photo: p.photo,
            role: p.role,
        }),
        _ => None,
    };
    plain(case, read(case, now, FieldName::PhotoRole, of))
}
