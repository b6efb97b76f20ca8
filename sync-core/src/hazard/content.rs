//! What the events of a hazard state about its registers.

use crate::{
    catalogue::FieldName,
    record::{DeviceTime, DocId, EventBody, Grade, KindCode, OrganId, PersonId, Place},
};

/// What an event states about a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Content<'e> {
    Code(&'e KindCode),
    Grade(Grade),
    Place(&'e Place),
    Count(u32),
    Deadline(DeviceTime),
    Party(OrganId, Option<PersonId>),
    Doc(DocId),
}

impl<'e> Content<'e> {
    /// What an event body states about a register, if it does.
    pub(super) fn of(body: &'e EventBody, field: FieldName) -> Option<Self> {
        match (field, body) {
            (FieldName::Code, EventBody::Observe(o)) => Some(Self::Code(&o.code)),
            (FieldName::Code, EventBody::Recode(r)) => Some(Self::Code(&r.code)),
            (FieldName::Grade, EventBody::Regrade(r)) => Some(Self::Grade(r.grade)),
            (FieldName::Place, EventBody::Observe(o)) => Some(Self::Place(&o.place)),
            (FieldName::Place, EventBody::Relocate(r)) => Some(Self::Place(&r.place)),
            (FieldName::Count, EventBody::Observe(o)) => o.count.map(Self::Count),
            (FieldName::Count, EventBody::CorrectCount(c)) => Some(Self::Count(c.count)),
            (FieldName::Deadline, body) => deadline(body).map(Self::Deadline),
            (FieldName::Responsible, body) => {
                responsible(body).map(|(organ, person)| Self::Party(organ, person))
            }
            (FieldName::Transfer, EventBody::Transfer(t)) => Some(Self::Party(t.to, None)),
            (FieldName::Duplicate, EventBody::MarkDuplicate(d)) => Some(Self::Doc(d.of)),
            _ => None,
        }
    }
}

/// The deadline that an event states.
pub(super) fn deadline(body: &EventBody) -> Option<DeviceTime> {
    match body {
        EventBody::Order(o) => Some(o.deadline),
        EventBody::Assign(a) => a.deadline,
        EventBody::ExtendDeadline(e) => Some(e.deadline),
        EventBody::GovDecision(d) => d.deadline,
        EventBody::TransferResult(r) => r.deadline,
        _ => None,
    }
}

/// The responsible organisation and person that an event states.
pub(super) fn responsible(body: &EventBody) -> Option<(OrganId, Option<PersonId>)> {
    match body {
        EventBody::Assign(a) => Some((a.organ, a.person)),
        EventBody::Order(o) => o.responsible.map(|organ| (organ, None)),
        EventBody::GovDecision(d) => d.lead.map(|organ| (organ, None)),
        _ => None,
    }
}
