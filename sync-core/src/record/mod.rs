//! What people state, as plain types that are valid by construction.
//!
//! Texts, numbers and bytes become events, places, photos and grants that keep their limits. Each type has one byte
//! form (CBOR) and one JSON form. The module has no storage, no CRDT and no rules of the lifecycle.

pub mod activity;
pub mod area;
mod body;
pub mod cbor;
pub mod codes;
pub mod digest;
mod edition;
pub mod event;
pub mod grant;
pub mod ids;
mod limits;
mod list_row;
pub mod photo;
pub mod place;
pub mod statement;
pub mod strict;
pub mod text;
pub mod time;

pub use activity::{
    ActivityEntry, Amendment, Answer, Answers, Conclusion, Data, InspectionStart, ItemCode,
    Signature, TeamMember, TemplateCode, TypeCode,
};
pub use area::AreaPath;
pub use body::EventBody;
pub use codes::{
    Crs, DissuasionMethod, DissuasionResult, EscalationClass, Finding, FindingSource, GovOutcome,
    GovStage, Grade, InspectionKind, InspectionResult, LocationKind, PenaltyStage, PhotoRole,
    PhotoSource, PositionSource, Role, SignedAs, TransferOutcome,
};
pub use digest::Digest;
pub use edition::Edition;
pub use event::{Event, EventError};
pub use grant::Grant;
pub use ids::{
    ChangeHash, CompoundId, DeviceId, DocId, EventId, GrantId, LogEpoch, OrganId, PackHash,
    PersonId, PhotoHash,
};
pub use list_row::{EncodedListRow, ListRow};
pub use photo::PhotoRef;
pub use place::{Place, Position};
pub use statement::{
    Assignment, Clearance, CountCorrection, Dissuasion, Duplicate, Escalation, Evidence, Extension,
    GovDecision, GovProgress, KindCode, Observation, OfficialNumber, PenaltyLink, PhotoRoleChange,
    Reason, Recode, RectificationOrder, RectificationPlan, Redaction, Regrade, Relocation,
    Resolution, Transfer, TransferResult, TransferReturn, ViolationReport, Voiding,
};
pub use text::{Label, Long, Short, Text, TextError};
pub use time::{Beacon, CHINA_OFFSET_MS, DAY_MS, DeviceTime, HOUR_MS, MINUTE_MS, ServerTime};
