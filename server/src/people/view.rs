//! Accounts, sessions and assignments as the API shows them. Nothing here can be used to sign in.

use jiff::Timestamp;
use serde::Serialize;
use sync_core::record::{PersonId, ServerTime};

use crate::{
    access::Signed,
    storage::{
        StorageError, Tx,
        accounts::{self, Account},
        assignments::{self, Assignment},
        persons, sessions,
    },
};

/// An instant in RFC 3339.
pub(super) fn instant(at: ServerTime) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_string()
}

/// A reviewing role of a person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AssignmentView {
    /// Its id.
    pub id: String,
    /// The role, for example `county_reviewer`.
    pub role: String,
    /// The role in Chinese.
    pub role_zh: String,
    /// The area.
    pub area: String,
    /// From when it is valid (RFC 3339).
    pub from: String,
    /// Its end (exclusive), if it has one.
    pub until: Option<String>,
    /// Whether it is valid now.
    pub valid: bool,
}

/// Who has signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    person: String,
    login: String,
    name: Option<String>,
    /// `business`, `system`, `security` or `audit`.
    class: &'static str,
    /// The reviewing roles that are valid now.
    assignments: Vec<AssignmentView>,
    /// Whether the password must be changed before anything else.
    must_change_password: bool,
    /// Whether a second factor is set up.
    second_factor: bool,
    /// Recovery codes that are left.
    recovery_codes: i64,
    /// The id of this session.
    session: String,
    /// When the password or the second factor was last given (RFC 3339).
    proven_at: String,
}

/// A session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// Its id.
    id: String,
    /// When it was opened (RFC 3339).
    made_at: String,
    /// When it was last used, to the minute.
    seen_at: String,
    /// When it ends at the latest.
    ends_at: String,
    /// `password`, `totp` or `recovery`.
    factor: String,
    /// The address that it was opened from.
    address: String,
    /// Whether it is the session of this request.
    current: bool,
}

/// An account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccountView {
    /// The id of the person.
    pub person: String,
    /// The login name.
    pub login: String,
    /// The person's name.
    pub name: Option<String>,
    /// `business`, `system`, `security` or `audit`.
    pub class: &'static str,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether a second factor is set up.
    pub second_factor: bool,
    /// Whether it waits for the first sign-in with a one-time code.
    pub one_time_code: bool,
    /// Its reviewing roles, ended ones included.
    pub assignments: Vec<AssignmentView>,
}

fn assignment(of: &Assignment, now: ServerTime) -> AssignmentView {
    let ended = of.ended_at.or(of.valid_until);
    AssignmentView {
        id: hex::encode(of.id),
        role: of.role.name().to_owned(),
        role_zh: of.role.zh().to_owned(),
        area: of.area.to_string(),
        from: instant(of.valid_from),
        until: ended.map(instant),
        valid: of.is_valid(now),
    }
}

pub(super) fn one_assignment(of: &Assignment, now: ServerTime) -> AssignmentView {
    assignment(of, now)
}

pub(super) fn me(tx: &mut dyn Tx, signed: &Signed, now: ServerTime) -> Result<Me, StorageError> {
    let valid = assignments::of(tx, signed.person)?;
    let valid = valid.iter().filter(|one| one.is_valid(now));
    Ok(Me {
        assignments: valid.map(|one| assignment(one, now)).collect(),
        name: persons::name(tx, signed.person)?,
        person: signed.person.to_string(),
        login: signed.name.clone(),
        class: signed.class.name(),
        must_change_password: signed.must_change,
        second_factor: signed.has_totp,
        recovery_codes: accounts::recovery_left(tx, signed.person)?,
        session: hex::encode(signed.id),
        proven_at: instant(signed.proven_at),
    })
}

pub(super) fn sessions(
    tx: &mut dyn Tx,
    person: PersonId,
    own: Option<[u8; 16]>,
    now: ServerTime,
    idle_ms: i64,
) -> Result<Vec<SessionView>, StorageError> {
    let found = sessions::of(tx, person)?.into_iter();
    let live = found.filter(|one| now < one.ends_at && now.0 - one.seen_at.0 <= idle_ms);
    let view = |one: sessions::Session| SessionView {
        id: hex::encode(one.id),
        made_at: instant(one.made_at),
        seen_at: instant(one.seen_at),
        ends_at: instant(one.ends_at),
        current: own == Some(one.id),
        factor: one.factor,
        address: one.address,
    };
    Ok(live.map(view).collect())
}

pub(super) fn account(
    tx: &mut dyn Tx,
    of: &Account,
    now: ServerTime,
) -> Result<AccountView, StorageError> {
    let given = assignments::of(tx, of.person)?;
    Ok(AccountView {
        person: of.person.to_string(),
        login: of.name.clone(),
        name: persons::name(tx, of.person)?,
        class: of.class.name(),
        suspended: of.suspended_at.is_some(),
        second_factor: of.totp.is_some(),
        one_time_code: of.code_until.is_some(),
        assignments: given.iter().map(|one| assignment(one, now)).collect(),
    })
}
