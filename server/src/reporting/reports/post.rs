//! The post of the person who takes a step: the role, and the level of the area that the role is held for.

use sync_core::{
    catalogue::{Level, ReportStep},
    record::{AreaPath, Role},
    wire::Code,
};

use crate::{
    access::Reach,
    refusal::Refusal,
    register,
    storage::{Tx, spaces},
};

/// The levels that an area counts as on a day.
pub(super) fn levels(tx: &mut dyn Tx, area: &AreaPath, day: &str) -> Result<Vec<Level>, Refusal> {
    let parents = register::parents(tx, day)?;
    // An area above the counties gets its level from its distance to a county below it.
    let near = spaces::touching(tx, &[area.clone()].into())?;
    let below = near
        .iter()
        .find(|space| area.covers(space) && *space != area);
    let county = below
        .or_else(|| spaces::deepest(&near, area))
        .unwrap_or(area);
    Ok(parents.levels(area, county))
}

/// Whether a role is held for an area of these levels: a county's reviewer for a county or less, not for a city.
fn is_post(role: Role, levels: &[Level]) -> bool {
    match role {
        Role::ProvinceReviewer => levels.contains(&Level::Province),
        Role::CityReviewer => levels.contains(&Level::City),
        Role::CountyReviewer => levels.iter().any(|level| *level >= Level::County),
        _ => false,
    }
}

/// Refuses a caller who does not hold a post of this role's level to whose area the area of the report reports on a day.
pub(super) fn check(
    tx: &mut dyn Tx,
    reach: &Reach,
    role: Role,
    area: &AreaPath,
    day: &str,
) -> Result<(), Refusal> {
    let parents = register::parents(tx, day)?;
    for post in reach.areas() {
        if !parents.is_within(area, post) {
            continue;
        }
        if is_post(role, &levels(tx, post, day)?) {
            return Ok(());
        }
    }
    let detail = format!(
        "令牌的地区不是{}任职的层级 / the area of the token is not of the level of a {role}: issue a token for the area of the post",
        role.zh()
    );
    Err(Refusal::new(Code::OutOfScope, detail))
}

/// Refuses a caller who may not seal a report of this area: the organisation seals whose report it is.
pub(super) fn may_seal(
    tx: &mut dyn Tx,
    table: &[ReportStep],
    reach: &Reach,
    role: Role,
    (area, day): (&AreaPath, &str),
) -> Result<(), Refusal> {
    let levels = levels(tx, area, day)?;
    let of = |step: &&ReportStep| {
        step.step == ReportStep::FIRST && step.levels.iter().any(|level| levels.contains(level))
    };
    let roles: Vec<Role> = table
        .iter()
        .filter(of)
        .flat_map(|step| step.roles.clone())
        .collect();
    if !roles.contains(&role) {
        let names: Vec<_> = roles.iter().map(|role| role.zh()).collect();
        let codes: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let detail = format!(
            "{area}: 报表由本级{}封存 / its report is sealed by its own {}",
            names.join("、"),
            codes.join(" or ")
        );
        return Err(Refusal::new(Code::OutOfScope, detail));
    }
    check(tx, reach, role, area, day)
}
