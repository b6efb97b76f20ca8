//! The fields of a hazard, each a multi-value register: every concurrent value is kept, the first is displayed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    assessment::{Assessment, Value},
    cards::{self, Card},
    content::{Content, deadline, responsible},
    dispute::Fate,
    in_force,
    known::{Known, World},
    taken::Subject,
    view::View,
};
use crate::{
    catalogue::{FieldName, Keep, level},
    history::{Lanes, Positions},
    record::{
        DeviceTime, DocId, EventBody, EventId, Grade, KindCode, Label, OrganId, PenaltyStage,
        PersonId, PhotoHash, PhotoRole, Place,
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

/// The lanes in which an event replaces values of others. The author of a conflicting value replaces those of the other
/// side only with the value that holds provisionally.
pub(super) fn replaceable(known: &Known<'_, '_>, at: usize, view: &View) -> Lanes {
    let mut lanes = Lanes::MAX;
    let Some(contest) = &view.contest else {
        return lanes;
    };
    let own = known.of_author(at);
    for fated in contest.conflicts().filter(|c| c.fate == Fate::Open) {
        let Subject::Register(lane) = fated.conflict.subject else {
            continue;
        };
        if !fated.conflict.decisions.meets(&own) {
            continue;
        }
        let field = field_of(lane);
        let set = known.ancestors(at);
        let provisional =
            field.and_then(|field| provisional(known, field, &fated.conflict.decisions, set));
        let own = field.and_then(|field| Content::of(known.history.body(at), field));
        if own.is_none() || own != provisional {
            lanes &= !lane;
        }
    }
    lanes
}

fn field_of(lane: Lanes) -> Option<FieldName> {
    super::rivals::REGISTERS
        .into_iter()
        .find(|field| field.bit() == lane)
}

/// The value of a register that holds until a reviewer decides between these values.
fn provisional<'a>(
    known: &Known<'_, 'a>,
    field: FieldName,
    values: &Positions,
    set: &Positions,
) -> Option<Content<'a>> {
    let first = match keep_of(known, field) {
        Keep::FirstRegistered => known.first_of(set, World::Contested),
        _ => None,
    };
    first.and_then(|at| known.content(field, at)).or_else(|| {
        let values = values.iter().map(|at| Value {
            lane: field.bit(),
            at,
        });
        let values: Vec<Value> = values.collect();
        known.content(field, arranged(known, field, &values).first().copied()?)
    })
}

fn keep_of(known: &Known<'_, '_>, field: FieldName) -> Keep {
    let row = known.history.rules.fields.iter().find(|f| f.name == field);
    row.map_or(Keep::All, |f| f.keep)
}

/// The maximal values of a register in the order of display: the first one holds until a reviewer decides.
fn arranged(known: &Known<'_, '_>, field: FieldName, values: &[Value]) -> Vec<usize> {
    let of = values.iter().filter(|v| v.lane == field.bit());
    let mut found: Vec<usize> = of.map(|v| v.at).collect();
    found.sort_unstable();
    if found.len() < 2 {
        return found;
    }
    let grade = |at: usize| match known.content(field, at) {
        Some(Content::Grade(grade)) => Some(grade),
        _ => None,
    };
    let deadline = |at: usize| match known.content(field, at) {
        Some(Content::Deadline(deadline)) => Some(deadline),
        _ => None,
    };
    let height = |at: usize| known.history.grants[at].map_or(0, |g| level(g.role));
    match keep_of(known, field) {
        Keep::Highest => found.sort_by_key(|at| (std::cmp::Reverse(grade(*at)), *at)),
        Keep::Earliest => found.sort_by_key(|at| (deadline(*at), *at)),
        Keep::HigherLevel => found.sort_by_key(|at| (std::cmp::Reverse(height(*at)), *at)),
        // The value that was registered first precedes several concurrent corrections of it.
        Keep::FirstRegistered | Keep::All => {}
    }
    found
}

/// The kind in force in a view of a set: the only one, or the first registered one of several.
pub(super) fn code<'a>(
    known: &Known<'_, 'a>,
    view: &View,
    set: &Positions,
) -> Option<&'a KindCode> {
    let lane = FieldName::Code.bit();
    let mut values = view.values.iter().filter(|value| value.lane == lane);
    let one = values.next()?.at;
    let at = match values.next() {
        None => one,
        Some(_) => known.first_of(set, World::Contested).unwrap_or(one),
    };
    match known.content(FieldName::Code, at) {
        Some(Content::Code(code)) => Some(code),
        _ => None,
    }
}

/// The highest grade in a view of a set, or else the default of the kind in force.
pub(super) fn grade(known: &Known<'_, '_>, view: &View, set: &Positions) -> Option<Grade> {
    let stated = view
        .values
        .iter()
        .filter(|v| v.lane == FieldName::Grade.bit())
        .filter_map(|v| match known.content(FieldName::Grade, v.at) {
            Some(Content::Grade(grade)) => Some(grade),
            _ => None,
        });
    stated
        .max()
        .or_else(|| known.default_grade(code(known, view, set)?))
}

/// The earliest deadline in force that an author knew.
pub(super) fn earliest_deadline(known: &Known<'_, '_>, view: &View) -> Option<DeviceTime> {
    let of = view
        .values
        .iter()
        .filter(|v| v.lane == FieldName::Deadline.bit());
    of.filter_map(|v| match known.content(FieldName::Deadline, v.at) {
        Some(Content::Deadline(deadline)) => Some(deadline),
        _ => None,
    })
    .min()
}

/// The responsible organisations that an author knew.
pub(super) fn responsible_in(
    known: &Known<'_, '_>,
    view: &View,
) -> Vec<(OrganId, Option<PersonId>)> {
    let of = view
        .values
        .iter()
        .filter(|v| v.lane == FieldName::Responsible.bit());
    of.filter_map(|v| match known.content(FieldName::Responsible, v.at) {
        Some(Content::Party(organ, person)) => Some((organ, person)),
        _ => None,
    })
    .collect()
}

/// All fields.
pub(super) fn values(known: &Known<'_, '_>, now: &Assessment, cards: &[Card]) -> Values {
    let register = |field: FieldName| {
        let first = displayed_first(known, field, now);
        let found = arranged(known, field, &now.values);
        let mut found: Vec<usize> = match first {
            Some(first) if found.len() > 1 => {
                let others = found.into_iter().filter(|at| *at != first);
                std::iter::once(first).chain(others).collect()
            }
            _ => found,
        };
        found.dedup();
        found
            .into_iter()
            .filter_map(move |at| Some((known.content(field, at)?, known.history.entry(at).id)))
    };
    macro_rules! field {
        ($name:ident, $variant:ident, $value:expr) => {
            register(FieldName::$name)
                .filter_map(|(content, by)| match content {
                    Content::$variant(value) => Some(Valued {
                        value: $value(value),
                        by,
                    }),
                    _ => None,
                })
                .collect()
        };
    }
    let responsible = register(FieldName::Responsible).filter_map(|(content, by)| match content {
        Content::Party(value, _) => Some(Valued { value, by }),
        _ => None,
    });
    let responsible = responsible.collect();
    Values {
        code: field!(Code, Code, KindCode::clone),
        grade: field!(Grade, Grade, |grade| grade),
        place: field!(Place, Place, Place::clone),
        count: field!(Count, Count, |count| count),
        deadline: field!(Deadline, Deadline, |at| at),
        responsible,
        transferred_to: transferred(known, now),
        duplicate_of: field!(Duplicate, Doc, |doc| doc),
        penalties: added(known, penalty),
        clearances: clearances(known, cards),
        photo_uses: added(known, photo_use),
    }
}

/// The value that is displayed before several concurrent corrections: that of the first observation.
fn displayed_first(known: &Known<'_, '_>, field: FieldName, now: &Assessment) -> Option<usize> {
    if keep_of(known, field) != Keep::FirstRegistered {
        return None;
    }
    let of = now.values.iter().filter(|v| v.lane == field.bit());
    if of.count() < 2 {
        return None;
    }
    let mut observations = known.observations.iter().copied();
    observations
        .find(|at| known.is_live(*at, World::Effective))
        .filter(|at| known.content(field, *at).is_some())
}

fn transferred(known: &Known<'_, '_>, now: &Assessment) -> Register<OrganId> {
    let valued = |at: &usize| {
        Some(Valued {
            value: in_force::receiver(known, *at)?,
            by: known.history.entry(*at).id,
        })
    };
    now.transfers.iter().filter_map(valued).collect()
}

/// The values of a field that only grows: those of all live events.
fn added<T>(known: &Known<'_, '_>, of: impl Fn(&EventBody) -> Option<T>) -> Register<T> {
    let live = |at: &usize| known.is_live(*at, World::Effective);
    (0..known.history.len())
        .filter(live)
        .filter_map(|at| {
            Some(Valued {
                value: of(known.history.body(at))?,
                by: known.history.entry(at).id,
            })
        })
        .collect()
}

fn penalty(body: &EventBody) -> Option<Penalty> {
    match body {
        EventBody::PenaltyLink(p) => Some(Penalty {
            case: p.case.clone(),
            stage: p.stage,
        }),
        _ => None,
    }
}

fn photo_use(body: &EventBody) -> Option<PhotoUse> {
    match body {
        EventBody::PhotoRole(p) => Some(PhotoUse {
            photo: p.photo,
            role: p.role,
        }),
        _ => None,
    }
}

/// The amounts that were cleared away. An amount is confirmed unless a card asks about it, or a reviewer refused it.
fn clearances(known: &Known<'_, '_>, cards: &[Card]) -> Register<Cleared> {
    let of = |at: usize| match known.history.body(at) {
        EventBody::Clearance(c) => Some(Valued {
            value: Cleared {
                unit: c.unit.clone(),
                quantity: c.quantity,
                confirmed: !cards.iter().any(|card| card.events.contains(&at))
                    && !cards::is_refused(known, at),
            },
            by: known.history.entry(at).id,
        }),
        _ => None,
    };
    let live = |at: &usize| known.is_live(*at, World::Effective);
    (0..known.history.len())
        .filter(live)
        .filter_map(of)
        .collect()
}
