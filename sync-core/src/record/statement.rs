//! The body of each kind of event.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    codes::{
        DissuasionMethod, DissuasionResult, EscalationClass, FindingSource, GovOutcome, GovStage,
        Grade, PenaltyStage, PhotoRole, TransferOutcome,
    },
    ids::{DocId, EventId, OrganId, PersonId, PhotoHash},
    photo::PhotoRef,
    place::{Place, Position},
    text::{Label, Long, Short, Text},
    time::DeviceTime,
};

macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $n:literal $field:ident : $ty:ty,)+ })+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, JsonSchema)]
            #[cbor(map)]
            pub struct $name { $($(#[$fmeta])* #[n($n)] pub $field: $ty,)+ }
        )+
    };
}

/// A code of the hazard catalogue, such as `EV-06`.
pub type KindCode = Text<12>;

pub(super) use statements;

statements! {
    /// One person found one hazard at one place.
    Observation {
        /// The hazard kind.
        0 code: KindCode,
        /// The grid (or the smallest known area) it lies in.
        1 area: AreaPath,
        /// The place.
        2 place: Place,
        /// What was seen, in the finder's words.
        3 description: Long,
        /// How many, in the catalogue's unit.
        4 count: Option<u32>,
        /// Photos; if there are none, `no_photo_reason` is required.
        #[cbor(default)] #[serde(default)]
        5 photos: Vec<PhotoRef>,
        /// Why there is no photo.
        6 no_photo_reason: Option<Short>,
        /// The device's position.
        7 position: Option<Position>,
        /// How the hazard was found.
        8 source: FindingSource,
        /// Version of the catalogue on the device.
        9 catalogue_version: u32,
    }
    /// A note with photos: of a spot fix, a claim, a recheck, a recurrence, or more photos.
    Evidence {
        /// What was done or seen.
        0 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        1 photos: Vec<PhotoRef>,
        /// The device's position.
        2 position: Option<Position>,
    }
    /// The author asked the people concerned to stop.
    Dissuasion {
        /// The method.
        0 method: DissuasionMethod,
        /// The result.
        1 result: DissuasionResult,
        /// A note.
        2 note: Long,
        /// Photos; an after photo if they complied.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
        /// The day that they promised.
        4 promised_until: Option<DeviceTime>,
    }
    /// A report to the street office and the departments concerned.
    ViolationReport {
        /// Recipients, 1 to 8.
        0 recipients: Vec<OrganId>,
        /// Content.
        1 note: Long,
        /// The danger is immediate, so the report came without a dissuasion before it.
        #[cbor(default)] #[serde(default)]
        2 immediate_danger: bool,
    }
    /// The party that must rectify, and the deadline.
    Assignment {
        /// Responsible organisation.
        0 organ: OrganId,
        /// Responsible person, if named.
        1 person: Option<PersonId>,
        /// Deadline.
        2 deadline: Option<DeviceTime>,
        /// A note.
        3 note: Short,
    }
    /// An order to rectify.
    RectificationOrder {
        /// Official or temporary number.
        0 number: Label,
        /// Whether the number is a temporary one that the device made.
        #[cbor(default)] #[serde(default)]
        1 temporary: bool,
        /// Legal basis as text.
        2 basis: Short,
        /// Deadline.
        3 deadline: DeviceTime,
        /// Photos of the order and of its service.
        #[cbor(default)] #[serde(default)]
        4 photos: Vec<PhotoRef>,
        /// Who must rectify, if named.
        5 responsible: Option<OrganId>,
    }
    /// The start of works.
    RectificationPlan {
        /// What will be done.
        0 plan: Long,
        /// What keeps people safe until then.
        1 interim_measures: Option<Short>,
        /// When the works will be ready.
        2 ready_by: Option<DeviceTime>,
    }
    /// A decision or remark with its reason.
    Reason {
        /// The reason.
        0 reason: Long,
    }
    /// The same hazard is recorded in another document.
    Duplicate {
        /// The document that remains.
        0 of: DocId,
        /// Why they are the same.
        1 reason: Short,
        /// The newest events of the other document in the author's causal history (at most 64).
        #[cbor(default)] #[serde(default)]
        2 seen: Vec<EventId>,
    }
    /// Examined on the spot: not a hazard.
    Voiding {
        /// The reason.
        0 reason: Long,
        /// The second person who examined it on the spot.
        1 verified_by: Option<PersonId>,
    }
    /// A reviewer's decision of a conflict.
    Resolution {
        /// The events in conflict, all of them (2 to 16).
        0 resolves: Vec<EventId>,
        /// The event that holds.
        1 holds: EventId,
        /// Why.
        2 reason: Long,
        /// Other events that hold too, such as two clearances that are both true (at most 15).
        #[cbor(default)] #[serde(default)]
        3 also_hold: Vec<EventId>,
    }
    /// A clue that is transferred to the competent department.
    Transfer {
        /// Receiving organisation.
        0 to: OrganId,
        /// The facts.
        1 facts: Long,
        /// Attachments.
        #[cbor(default)] #[serde(default)]
        2 photos: Vec<PhotoRef>,
    }
    /// The receiving department returns a clue.
    TransferReturn {
        /// Why it is not its duty.
        0 reason: Long,
        /// Whose duty it is instead.
        1 suggests: Option<OrganId>,
    }
    /// What the receiving department found and did.
    TransferResult {
        /// The result.
        0 outcome: TransferOutcome,
        /// Number of the official document.
        1 document: Label,
        /// A note.
        2 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
        /// Deadline, if it ordered one.
        4 deadline: Option<DeviceTime>,
    }
    /// A request to the government.
    Escalation {
        /// The class of the request.
        0 class: EscalationClass,
        /// Number of the letter.
        1 letter: Label,
        /// What keeps people safe until the decision.
        2 interim_measures: Short,
        /// A note.
        3 note: Long,
    }
    /// A decision of the government.
    GovDecision {
        /// The decision.
        0 outcome: GovOutcome,
        /// Number of the minutes or of the decision.
        1 minutes: Label,
        /// The department in the lead.
        2 lead: Option<OrganId>,
        /// Deadline.
        3 deadline: Option<DeviceTime>,
        /// It was put under listed supervision.
        #[cbor(default)] #[serde(default)]
        4 listed: bool,
    }
    /// The stage of an escalated hazard.
    GovProgress {
        /// The stage.
        0 stage: GovStage,
        /// A note.
        1 note: Long,
    }
    /// An extended deadline.
    Extension {
        /// The new deadline.
        0 deadline: DeviceTime,
        /// Why.
        1 reason: Short,
    }
    /// Another grade.
    Regrade {
        /// The grade.
        0 grade: Grade,
        /// On what basis.
        1 basis: Short,
    }
    /// Another kind of hazard.
    Recode {
        /// The kind.
        0 code: KindCode,
        /// Why.
        1 reason: Short,
    }
    /// Another place.
    Relocation {
        /// The place.
        0 place: Place,
        /// Why.
        1 reason: Short,
    }
    /// A penalty case about this hazard; the case itself is elsewhere.
    PenaltyLink {
        /// Number of the case.
        0 case: Label,
        /// The stage of the case.
        1 stage: PenaltyStage,
    }
    /// Personal data is removed from every display.
    Redaction {
        /// Events whose text is hidden (at most 16).
        #[cbor(default)] #[serde(default)]
        0 events: Vec<EventId>,
        /// Photos that are hidden (at most 16).
        #[cbor(default)] #[serde(default)]
        1 photos: Vec<PhotoHash>,
        /// Why.
        2 reason: Short,
    }
    /// A corrected count.
    CountCorrection {
        /// The count, in the catalogue's unit.
        0 count: u32,
        /// Why.
        1 reason: Short,
    }
    /// Objects that were cleared away.
    Clearance {
        /// The unit, such as 辆, 处 or m³.
        0 unit: Label,
        /// The quantity.
        1 quantity: u32,
        /// A note.
        2 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
    }
    /// Another role of a photo: it shows something else than was stated.
    PhotoRoleChange {
        /// The photo.
        0 photo: PhotoHash,
        /// What it shows.
        1 role: PhotoRole,
        /// Why.
        2 reason: Short,
    }
    /// The official number of an order that was issued under a temporary one.
    OfficialNumber {
        /// The order.
        0 order: EventId,
        /// The number.
        1 number: Label,
    }
}
