//! What a person states: the content of each kind of event.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    codes::{DissuasionMethod, DissuasionResult, FindingSource},
    ids::{DocId, EventId, OrganId, PersonId},
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
    }
    /// A reviewer's decision of a conflict.
    Resolution {
        /// The events in conflict, all of them (2 to 16).
        0 resolves: Vec<EventId>,
        /// The one that holds.
        1 holds: EventId,
        /// Why.
        2 reason: Long,
    }
}
