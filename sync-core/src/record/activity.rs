//! The bodies of events of activities and inspections.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    codes::{Finding, InspectionKind, InspectionResult, SignedAs},
    ids::{CompoundId, DocId, OrganId, PersonId},
    photo::PhotoRef,
    statement::statements,
    text::{Label, Long, Short, Text},
    time::DeviceTime,
};

/// Code of an activity type, such as `publicity`.
pub type TypeCode = Text<24>;
/// Code of an inspection template, such as `TPL-DAILY`.
pub type TemplateCode = Text<16>;
/// Code of an inspection item, such as `IT-01`.
pub type ItemCode = Text<8>;
/// JSON of the type-specific fields; at most [`MAX_DATA_BYTES`].
pub type Data = Text<4096>;

/// Bytes of the type-specific fields at most: figures and short texts, never an attachment.
pub const MAX_DATA_BYTES: usize = 4096;
/// Organisations of one inspection team at most.
pub const MAX_TEAM: usize = 16;
/// Answers in one event at most: the whole item bank has fewer.
pub const MAX_ANSWERS: usize = 100;

statements! {
    /// The first event of an activity: something was done, held or agreed.
    ActivityEntry {
        /// The activity type, such as `publicity`.
        0 r#type: TypeCode,
        /// Where it lies: the grid of a compound, or the county or city for an activity of the government alone.
        1 area: AreaPath,
        /// The compound, if it is about one.
        2 compound: Option<CompoundId>,
        /// The title in lists.
        3 title: Short,
        /// When it took place, by the author's clock.
        4 held: DeviceTime,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        5 photos: Vec<PhotoRef>,
        /// The type-specific fields as JSON.
        6 data: Data,
    }
    /// The author's correction: the whole new content. The earlier content stays in the history.
    Amendment {
        /// The title in lists.
        0 title: Short,
        /// When it took place.
        1 held: DeviceTime,
        /// More photos.
        #[cbor(default)] #[serde(default)]
        2 photos: Vec<PhotoRef>,
        /// The type-specific fields as JSON.
        3 data: Data,
        /// The reason.
        4 reason: Short,
    }
    /// An organisation that takes part in an inspection.
    TeamMember {
        /// The organisation.
        0 organ: OrganId,
        /// Number of people that it sent.
        1 people: u16,
    }
    /// The first event of an inspection.
    InspectionStart {
        /// The template.
        0 template: TemplateCode,
        /// The version of the template.
        1 template_version: u32,
        /// The kind of inspection.
        2 kind: InspectionKind,
        /// The grid (or the smallest known area) it lies in.
        3 area: AreaPath,
        /// The compound; absent if a department is inspected.
        4 compound: Option<CompoundId>,
        /// The organisations that take part.
        #[cbor(default)] #[serde(default)]
        5 team: Vec<TeamMember>,
        /// When it began, by the author's clock.
        6 started: DeviceTime,
    }
    /// The answer to one item.
    Answer {
        /// The item.
        0 item: ItemCode,
        /// What was found.
        1 finding: Finding,
        /// The measured number, in thousandths of the item's unit.
        2 milli: Option<i64>,
        /// The answer as text; the choices made, if the item has choices.
        3 words: Option<Short>,
        /// The hazard that the problem opened.
        4 hazard: Option<DocId>,
    }
    /// The answers for one building or one of its entrances.
    Answers {
        /// Building label; empty for the compound as a whole.
        #[cbor(default)] #[serde(default)]
        0 building: Label,
        /// Entrance label; empty for the building as a whole.
        #[cbor(default)] #[serde(default)]
        1 unit: Label,
        /// The answers, 1 to 100, each item once.
        2 answers: Vec<Answer>,
        /// Photos of the building.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
    }
    /// A signature of an inspection, or its refusal.
    Signature {
        /// The role of the signer. An inspector signs in person; for the inspected party, the photo shows the signed
        /// paper.
        0 signed_as: SignedAs,
        /// The organisation that signs or refuses; the author's own if absent.
        1 organ: Option<OrganId>,
        /// The witness of a refusal.
        2 witness: Option<PersonId>,
        /// A note.
        3 note: Short,
        /// Photos of the signed paper.
        #[cbor(default)] #[serde(default)]
        4 photos: Vec<PhotoRef>,
    }
    /// The end of an inspection: it covers exactly the answers in its causal history.
    Conclusion {
        /// The result.
        0 result: InspectionResult,
        /// A note.
        1 note: Long,
    }
}
