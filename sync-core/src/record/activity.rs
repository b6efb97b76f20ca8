//! What a person states beside hazards: a record of what was done in the campaign, and the answers of an inspection.

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

/// Code of a type of record, such as `publicity`.
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
    /// The beginning of a record of the campaign: something was done, held, agreed.
    ActivityEntry {
        /// The type, such as `publicity`.
        0 r#type: TypeCode,
        /// Where it lies: the grid of a compound, or the county or city of a record that is only the government's.
        1 area: AreaPath,
        /// The compound, if it is about one.
        2 compound: Option<CompoundId>,
        /// What it is called in lists.
        3 title: Short,
        /// When it took place, by the author's clock.
        4 held: DeviceTime,
        /// Photos.
        #[cbor(default)] #[serde(default)]
        5 photos: Vec<PhotoRef>,
        /// The type-specific fields as JSON.
        6 data: Data,
    }
    /// The author's correction: the content as a whole, beside what was said before.
    Amendment {
        /// What it is called in lists.
        0 title: Short,
        /// When it took place.
        1 held: DeviceTime,
        /// More photos.
        #[cbor(default)] #[serde(default)]
        2 photos: Vec<PhotoRef>,
        /// The type-specific fields as JSON.
        3 data: Data,
        /// Why.
        4 reason: Short,
    }
    /// An organisation that takes part in an inspection.
    TeamMember {
        /// The organisation.
        0 organ: OrganId,
        /// How many people it sent.
        1 people: u16,
    }
    /// The beginning of an inspection.
    InspectionStart {
        /// The template.
        0 template: TemplateCode,
        /// Its version.
        1 template_version: u32,
        /// What kind of inspection it is.
        2 kind: InspectionKind,
        /// The grid (or the smallest known area) it lies in.
        3 area: AreaPath,
        /// The compound; absent where a department is inspected.
        4 compound: Option<CompoundId>,
        /// Who takes part.
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
        /// The number, in thousandths of the item's unit.
        2 milli: Option<i64>,
        /// In words; the choices made, if the item has choices.
        3 words: Option<Short>,
        /// The hazard record that the problem opened.
        4 hazard: Option<DocId>,
    }
    /// The answers for one building or one of its units.
    Answers {
        /// Building label; empty for the compound as a whole.
        #[cbor(default)] #[serde(default)]
        0 building: Label,
        /// Unit label; empty for the building as a whole.
        #[cbor(default)] #[serde(default)]
        1 unit: Label,
        /// The answers, 1 to 100, each item once.
        2 answers: Vec<Answer>,
        /// Photos of the building.
        #[cbor(default)] #[serde(default)]
        3 photos: Vec<PhotoRef>,
    }
    /// Somebody signs an inspection, or refuses to.
    Signature {
        /// As what. An inspector signs for himself; for the inspected party the paper is in the photo.
        0 signed_as: SignedAs,
        /// The organisation that signs or refuses; the author's own if absent.
        1 organ: Option<OrganId>,
        /// Who saw that the signature was refused.
        2 witness: Option<PersonId>,
        /// In words.
        3 note: Short,
        /// Photos of the signed paper.
        #[cbor(default)] #[serde(default)]
        4 photos: Vec<PhotoRef>,
    }
    /// The end of an inspection: closes exactly what its author had seen.
    Conclusion {
        /// What came of it.
        0 result: InspectionResult,
        /// In words.
        1 note: Long,
    }
}
