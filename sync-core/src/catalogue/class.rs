//! Classes of events: what the rules of conflict and the rules about persons speak of.

use crate::record::{DissuasionResult, EventBody, GovStage, Grade, Role, TransferOutcome};

/// The class of an event that a hazard's rules accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// A person looked, and the hazard is there.
    Finding,
    /// The responsible side states that the hazard is rectified.
    Claim,
    /// An independent look found the hazard rectified.
    Check,
    /// The hazard is closed, voided or merged.
    Ending,
    /// The work is handed over or begun.
    Work,
    /// A remark, a photo, a number or a redaction: contradicts nothing.
    Silent,
    /// All other kinds.
    Other,
}

impl EventClass {
    /// The class of an event body.
    pub fn of(body: &EventBody) -> Self {
        match body {
            EventBody::Observe(_) | EventBody::Reopen(_) | EventBody::RecheckFail(_) => {
                Self::Finding
            }
            EventBody::ClaimFixed(_) | EventBody::FixOnSpot(_) => Self::Claim,
            EventBody::Dissuade(d) if d.result == DissuasionResult::Complied => Self::Claim,
            EventBody::GovProgress(p) if p.stage == GovStage::Solved => Self::Claim,
            EventBody::RecheckPass(_) | EventBody::ConfirmSpotFix(_) => Self::Check,
            EventBody::Close(_) | EventBody::Void(_) | EventBody::MarkDuplicate(_) => Self::Ending,
            EventBody::TransferResult(r) => match r.outcome {
                TransferOutcome::Fixed => Self::Claim,
                TransferOutcome::Verified => Self::Check,
                TransferOutcome::Unfounded => Self::Ending,
                TransferOutcome::Ordered => Self::Other,
            },
            EventBody::Assign(_)
            | EventBody::StartRectify(_)
            | EventBody::GovDecision(_)
            | EventBody::Transfer(_)
            | EventBody::TransferAccept(_)
            | EventBody::TransferReturn(_)
            | EventBody::TransferWithdraw(_) => Self::Work,
            EventBody::Note(_)
            | EventBody::AddPhoto(_)
            | EventBody::OfficialNumber(_)
            | EventBody::Redact(_) => Self::Silent,
            _ => Self::Other,
        }
    }

    /// The name in the tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Finding => "@finding",
            Self::Claim => "@claim",
            Self::Check => "@check",
            Self::Ending => "@ending",
            Self::Work => "@work",
            Self::Silent => "@silent",
            Self::Other => "@other",
        }
    }

    /// All classes.
    pub(super) const ALL: [Self; 7] = [
        Self::Finding,
        Self::Claim,
        Self::Check,
        Self::Ending,
        Self::Work,
        Self::Silent,
        Self::Other,
    ];
}

/// The level of an authority: a value of a register replaces values of its own and of lower levels, and a conflict is
/// settled from a level upwards.
pub const fn level(role: Role) -> u8 {
    match role {
        Role::CommunityOfficer => 1,
        Role::StreetOfficer => 2,
        Role::CountyReviewer
        | Role::FireOfficer
        | Role::PoliceOfficer
        | Role::UrbanMgmtOfficer
        | Role::OtherDept => 3,
        Role::CityReviewer => 4,
        Role::ProvinceReviewer => 5,
        _ => 0,
    }
}

/// Whether the acts of a role are statutory.
pub const fn is_statutory(role: Role) -> bool {
    matches!(
        role,
        Role::FireOfficer | Role::PoliceOfficer | Role::UrbanMgmtOfficer | Role::OtherDept
    )
}

/// Whether a role may end a hazard of a grade: the street general ones, the county up to serious ones, the city and
/// fire-rescue all of them.
pub fn may_end(role: Role, grade: Option<Grade>) -> bool {
    match role {
        Role::StreetOfficer => grade == Some(Grade::G1),
        Role::CountyReviewer => grade.is_some_and(|g| g <= Grade::G2),
        Role::CityReviewer | Role::FireOfficer => true,
        _ => false,
    }
}
