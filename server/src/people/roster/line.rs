//! A line of a roster: who, in which role, where and how long.

use jiff::{civil::Date, tz::Offset};
use sync_core::record::{AreaPath, OrganId, PersonId, Role, ServerTime};

use super::super::login;
use crate::{
    access::spelled,
    refusal::Refusal,
    register::{Line, both},
};

/// The columns of a roster. `name` or `person`, `role` and `area` are needed in each line.
pub(super) const COLUMNS: [&str; 11] = [
    "name",
    "organisation",
    "person",
    "organisation_id",
    "new",
    "role",
    "area",
    "space",
    "from",
    "until",
    "login",
];

/// What a line states.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// As names are compared: see [`spelled`].
    pub(super) name: Option<String>,
    pub(super) organisation: Option<String>,
    pub(super) person: Option<PersonId>,
    pub(super) organisation_id: Option<OrganId>,
    /// Another person of a known name.
    pub(super) is_new: bool,
    pub(super) role: Role,
    pub(super) area: AreaPath,
    pub(super) space: Option<AreaPath>,
    pub(super) from: Option<ServerTime>,
    /// Exclusive: the beginning of the day after the last one.
    pub(super) until: Option<ServerTime>,
    /// The login name of a reviewer; without one the line is for a device.
    pub(super) login: Option<String>,
}

/// Reads a line; the error states what is wrong, in Chinese and English.
pub(super) fn read(line: &Line) -> Result<Row, String> {
    let needed = |column: &str| {
        line.get(column)
            .ok_or_else(|| both(format!("缺少 {column}"), format!("{column} is missing")))
    };
    let role = needed("role")?;
    let role = Role::from_name(role).ok_or_else(|| {
        let all: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        let all = all.join(", ");
        both(
            format!("role：没有角色 {role}；可用：{all}"),
            format!("role: {role:?} is none of {all}"),
        )
    })?;
    let login = line
        .get("login")
        .map(login)
        .transpose()
        .map_err(|refusal| match refusal {
            Refusal::Problem(problem) => problem.detail,
            other => other.to_string(),
        })?;
    if login.is_some() && !role.reviews() {
        return Err(both(
            format!("login：{role} 不是审核角色，没有登录账号；请去掉 login，发登记码"),
            format!("login: {role} is no reviewing role and has no account; leave login empty"),
        ));
    }
    let row = Row {
        line: line.number,
        name: line.get("name").map(spelled),
        organisation: line.get("organisation").map(spelled),
        person: parsed(line, "person", "编号 (UUID)", "an id (UUID)")?,
        organisation_id: parsed(line, "organisation_id", "编号 (UUID)", "an id (UUID)")?,
        is_new: yes(line, "new")?,
        role,
        area: parsed(line, "area", "行政路径", "an administrative path")?
            .ok_or_else(|| both("缺少 area", "area is missing"))?,
        space: parsed(line, "space", "行政路径", "an administrative path")?,
        from: day(line, "from")?.map(begin_of).transpose()?,
        until: day(line, "until")?
            .map(|day| day.tomorrow().map_err(|_| bad_day("until")))
            .transpose()?
            .map(begin_of)
            .transpose()?,
        login,
    };
    if row.name.is_none() && row.person.is_none() {
        return Err(both("缺少 name 或 person", "name or person is missing"));
    }
    if row.from.is_some() && row.login.is_none() {
        return Err(both(
            "from：登记码从登记时起有效；from 只用于有 login 的行",
            "from: a device's appointment begins when it is enrolled; from is for lines with login",
        ));
    }
    if let (Some(from), Some(until)) = (row.from, row.until)
        && until <= from
    {
        return Err(both("until 早于 from", "until is before from"));
    }
    if let Some(space) = row.space.as_ref().filter(|space| !space.covers(&row.area)) {
        return Err(both(
            format!("area 不在 space {space} 之内"),
            format!("area is outside of space {space}"),
        ));
    }
    Ok(row)
}

fn parsed<T: std::str::FromStr>(
    line: &Line,
    column: &str,
    zh: &str,
    en: &str,
) -> Result<Option<T>, String> {
    let Some(text) = line.get(column) else {
        return Ok(None);
    };
    let wrong = |_| {
        both(
            format!("{column}：{text} 不是{zh}"),
            format!("{column}: {text:?} is not {en}"),
        )
    };
    text.parse().map(Some).map_err(wrong)
}

fn yes(line: &Line, column: &str) -> Result<bool, String> {
    match line.get(column) {
        None | Some("否" | "no" | "0") => Ok(false),
        Some("是" | "yes" | "1") => Ok(true),
        Some(other) => Err(both(
            format!("{column}：应为 是 或 否，而不是 {other}"),
            format!("{column}: expected yes or no, not {other:?}"),
        )),
    }
}

fn bad_day(column: &str) -> String {
    both(
        format!("{column}：应为日期，如 2024-12-31"),
        format!("{column}: expected a day such as 2024-12-31"),
    )
}

fn day(line: &Line, column: &str) -> Result<Option<Date>, String> {
    let day = line.get(column).map(str::parse::<Date>).transpose();
    day.map_err(|_| bad_day(column))
}

/// The beginning of a day in China (UTC+8).
fn begin_of(day: Date) -> Result<ServerTime, String> {
    let midnight = Offset::constant(8).to_timestamp(day.at(0, 0, 0, 0));
    let midnight = midnight.map_err(|_| bad_day("until"))?;
    Ok(ServerTime(midnight.as_millisecond()))
}
