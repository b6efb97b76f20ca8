//! Levels of authority, statutory roles, and who may end which grade (docs/rules.md, section 1, "Levels").

use sync_core::record::{Grade, Role};

/// The level of a role: 0 for people of the compound, 5 for the province.
pub(crate) fn level(role: Role) -> u8 {
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

/// Whether events of the role are statutory.
pub(crate) fn is_statutory(role: Role) -> bool {
    matches!(
        role,
        Role::FireOfficer | Role::PoliceOfficer | Role::UrbanMgmtOfficer | Role::OtherDept
    )
}

/// Whether a person in the role may end a hazard of the grade; `None` is an unknown grade.
pub(crate) fn may_end(role: Role, grade: Option<Grade>) -> bool {
    match role {
        Role::CityReviewer | Role::FireOfficer => true,
        Role::CountyReviewer => matches!(grade, Some(Grade::G1 | Grade::G2)),
        Role::StreetOfficer => grade == Some(Grade::G1),
        _ => false,
    }
}

/// Whether a person in the role may decide what a row leaves to `resolve` of a level (section 4.1).
pub(crate) fn decides(role: Role, least: u8) -> bool {
    let entitled = matches!(
        role,
        Role::CommunityOfficer
            | Role::StreetOfficer
            | Role::CountyReviewer
            | Role::CityReviewer
            | Role::ProvinceReviewer
    );
    entitled && level(role) >= least
}
