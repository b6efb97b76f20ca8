//! What a person states: the content of each kind of event.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    codes::{
        DissuasionMethod, DissuasionResult, EscalationClass, FindingSource, GovOutcome, GovStage,
        Grade, PenaltyStage, PhotoRole, TransferOutcome,
    },
    ids::{BlobHash, DocId, EventId, OrganId, PersonId},
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
        /// Photos; or else `no_photo_reason`.
        #[cbor(default)] #[serde(default)]
        5 photos: Vec<PhotoRef>,
        /// Why there is no photo.
        6 no_photo_reason: Option<Short>,
        /// The phone's position.
        7 position: Option<Position>,
        /// How it came to be known.
        8 source: FindingSource,
        /// Version of the catalogue on the phone.
        9 catalogue_version: u32,
    }
    /// Something was done or looked at, with photos: spot fix, claim, recheck, reopening, more photos.
    Evidence {
        /// What was done or seen.
        0 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        1 photos: Vec<PhotoRef>,
        /// The phone's position.
        2 position: Option<Position>,
    }
    /// Somebody asked the people concerned to stop.
    Dissuasion {
        /// How.
        0 method: DissuasionMethod,
        /// What came of it.
        1 result: DissuasionResult,
        /// In words.
        2 note: Long,
        /// Photos; an after photo if they complied.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
        /// The day they promised.
        4 promised_until: Option<DeviceTime>,
    }
    /// A report to the street office and the departments concerned.
    ViolationReport {
        /// Recipients, 1 to 8.
        0 recipients: Vec<OrganId>,
        /// Content.
        1 note: Long,
        /// Danger is immediate, so no dissuasion came first.
        #[cbor(default)] #[serde(default)]
        2 immediate_danger: bool,
    }
    /// Who shall rectify, by when.
    Assignment {
        /// Responsible organisation.
        0 organ: OrganId,
        /// Responsible person, if named.
        1 person: Option<PersonId>,
        /// Deadline.
        2 deadline: Option<DeviceTime>,
        /// In words.
        3 note: Short,
    }
    /// An order to rectify.
    RectificationOrder {
        /// Official or temporary number.
        0 number: Label,
        /// Whether the number is a temporary one made on the phone.
        #[cbor(default)] #[serde(default)]
        1 temporary: bool,
        /// Legal basis in words.
        2 basis: Short,
        /// Deadline.
        3 deadline: DeviceTime,
        /// Photos of the order and of its service.
        #[cbor(default)] #[serde(default)]
        4 photos: Vec<PhotoRef>,
        /// Who must rectify, if named.
        5 responsible: Option<OrganId>,
    }
    /// Works begin.
    RectificationPlan {
        /// What will be done.
        0 plan: Long,
        /// What keeps people safe meanwhile.
        1 interim_measures: Option<Short>,
        /// When it shall be ready.
        2 ready_by: Option<DeviceTime>,
    }
    /// A decision or remark with its reason.
    Reason {
        /// The reason.
        0 reason: Long,
    }
    /// The same hazard is recorded elsewhere.
    Duplicate {
        /// The record that stays.
        0 of: DocId,
        /// Why they are the same.
        1 reason: Short,
        /// The newest events of the other record that the author had seen (at most 64).
        #[cbor(default)] #[serde(default)]
        2 seen: Vec<EventId>,
    }
    /// Examined on the spot: not a hazard.
    Voiding {
        /// The reason.
        0 reason: Long,
        /// Who else examined it on the spot.
        1 verified_by: Option<PersonId>,
    }
    /// A reviewer's decision of a conflict.
    Resolution {
        /// The events in conflict, all of them (2 to 16).
        0 resolves: Vec<EventId>,
        /// The one that holds.
        1 holds: EventId,
        /// Why.
        2 reason: Long,
        /// Others of them that hold too, such as two clearances that are both true (at most 15).
        #[cbor(default)] #[serde(default)]
        3 also_hold: Vec<EventId>,
    }
    /// A clue handed to the department that is competent.
    Transfer {
        /// Receiving organisation.
        0 to: OrganId,
        /// The facts.
        1 facts: Long,
        /// Attachments.
        #[cbor(default)] #[serde(default)]
        2 photos: Vec<PhotoRef>,
    }
    /// The receiving department gives a clue back.
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
        /// Number of the document.
        1 document: Label,
        /// In words.
        2 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
        /// Deadline, if it ordered one.
        4 deadline: Option<DeviceTime>,
    }
    /// A request to the government.
    Escalation {
        /// Why it goes there.
        0 class: EscalationClass,
        /// Number of the letter.
        1 letter: Label,
        /// What keeps people safe meanwhile.
        2 interim_measures: Short,
        /// In words.
        3 note: Long,
    }
    /// A decision of the government.
    GovDecision {
        /// What was decided.
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
    /// How far an escalated hazard has come.
    GovProgress {
        /// The step.
        0 stage: GovStage,
        /// In words.
        1 note: Long,
    }
    /// More time to rectify.
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
        /// How far it has come.
        1 stage: PenaltyStage,
    }
    /// Personal data is taken out of view.
    Redaction {
        /// Events whose words are hidden (at most 16).
        #[cbor(default)] #[serde(default)]
        0 events: Vec<EventId>,
        /// Photos that are hidden (at most 16).
        #[cbor(default)] #[serde(default)]
        1 photos: Vec<BlobHash>,
        /// Why.
        2 reason: Short,
    }
    /// How many it really were.
    CountCorrection {
        /// The count, in the catalogue's unit.
        0 count: u32,
        /// Why.
        1 reason: Short,
    }
    /// Something was cleared away.
    Clearance {
        /// The unit, such as 辆, 处 or m³.
        0 unit: Label,
        /// How much.
        1 quantity: u32,
        /// In words.
        2 note: Long,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
    }
    /// A photo shows something else than was said.
    PhotoRoleChange {
        /// The photo.
        0 photo: BlobHash,
        /// What it shows.
        1 role: PhotoRole,
        /// Why.
        2 reason: Short,
    }
    /// The official number of an order that went out under a temporary one.
    OfficialNumber {
        /// The order.
        0 order: EventId,
        /// The number.
        1 number: Label,
    }
}
