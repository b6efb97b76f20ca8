//! Reviewing roles: the security administrator gives and ends them.

use serde::Deserialize;
use sync_core::{
    record::{AreaPath, PersonId, Role, ServerTime},
    wire::Code,
};

use super::{Administrator, AssignmentView, People, number, view};
use crate::{
    audit::Kind,
    host::random,
    refusal::Refusal,
    storage::{
        accounts::{self, Class},
        assignments::{self, Assignment},
    },
};

/// A reviewing role with its area and dates.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// The role, for example `county_reviewer`; it must be one that reviews.
    role: String,
    /// The area: an administrative path.
    area: String,
    /// From when it is valid: RFC 3339, or a day in China time; now if absent.
    from: Option<String>,
    /// Its end (exclusive): RFC 3339, or a day in China time, at whose beginning it ends; no end if absent.
    until: Option<String>,
}

/// A role that reviews.
pub(super) fn reviewing(role: &str) -> Result<Role, Refusal> {
    let found = Role::from_name(role).filter(|role| role.reviews());
    found.ok_or_else(|| {
        let detail = format!("role: {role} is no reviewing role");
        Refusal::new(Code::BadFilter, detail)
    })
}

pub(super) fn area(text: &str) -> Result<AreaPath, Refusal> {
    let path = text.parse();
    path.map_err(|_| Refusal::new(Code::BadFilter, "area: expected an administrative path"))
}

/// A time: RFC 3339, or the beginning of a day in China.
pub(super) fn time(parameter: &str, text: &str) -> Result<ServerTime, Refusal> {
    let day = format!("{text}T00:00:00+08:00");
    let at = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| day.parse::<jiff::Timestamp>());
    let at = at.map_err(|_| {
        let detail = format!("{parameter}: expected RFC 3339 or yyyy-mm-dd");
        Refusal::new(Code::BadFilter, detail)
    })?;
    Ok(ServerTime(at.as_millisecond()))
}

impl People {
    /// Gives an account a reviewing role.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], also for the account of an administrator; [`Code::NotFound`], [`Code::BadFilter`].
    pub async fn assign(
        &self,
        actor: &Administrator,
        person: PersonId,
        new: NewAssignment,
    ) -> Result<AssignmentView, Refusal> {
        let now = self.now();
        let from = new.from.map(|text| time("from", &text)).transpose()?;
        let until = new.until.map(|text| time("until", &text)).transpose()?;
        let assignment = Assignment {
            id: random(),
            person,
            class: Class::Business.name().to_owned(),
            role: reviewing(&new.role)?,
            area: area(&new.area)?,
            valid_from: from.unwrap_or(now),
            valid_until: until,
            made_by: actor.person().unwrap_or(person),
            made_at: now,
            ended_at: None,
        };
        if assignment
            .valid_until
            .is_some_and(|until| until <= assignment.valid_from)
        {
            let detail = "until: expected a time after from";
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        self.administer(actor, &[Class::Security], move |tx, this, actor, _| {
            let account = accounts::lock(tx, person)?;
            let account = account.ok_or_else(|| Refusal::new(Code::NotFound, "no such account"))?;
            if account.class != Class::Business {
                let detail = "管理员不得兼任审核角色 / an administrator has no reviewing role";
                return Err(Refusal::new(Code::OutOfScope, detail));
            }
            assignments::insert(tx, &assignment)?;
            let about = format!(
                "give person:{person} {} in {}",
                assignment.role, assignment.area
            );
            let entry = actor.entry(Kind::Assignment).about(about);
            this.audit.append(tx, &entry)?;
            Ok(view::one_assignment(&assignment, now))
        })
        .await
    }

    /// Ends a reviewing role at once.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn end_assignment(&self, actor: &Administrator, id: &str) -> Result<(), Refusal> {
        let id = number(id)?;
        self.administer(actor, &[Class::Security], move |tx, this, actor, now| {
            let person = assignments::end(tx, &id, now)?;
            let person = person.ok_or_else(|| {
                Refusal::new(Code::NotFound, "no such assignment, or it has ended")
            })?;
            let about = format!("end {} person:{person}", hex::encode(id));
            let entry = actor.entry(Kind::Assignment).about(about);
            this.audit.append(tx, &entry)?;
            Ok(())
        })
        .await
    }
}
