//! Enrolment codes and API tokens. Both are stored by their hash.

use std::collections::HashSet;

use sync_core::record::{AreaPath, DeviceId, OrganId, PersonId, Role, ServerTime};

use super::{
    StorageError, Tx, Value,
    column::{Column, Stored},
    table::table,
};

table! {
    /// A one-time code with which a person enrols a device.
    pub struct EnrolCode<'a> in "enrol_code" key 1 {
        /// The hash of the code.
        code_hash: &'a [u8],
        /// The person.
        person: PersonId,
        /// The organisation.
        organ: OrganId,
        /// The role.
        role: Role,
        /// The area.
        area: &'a AreaPath,
        /// The space that contains the area.
        space: &'a AreaPath,
        /// When the code stops being accepted.
        expires_at: ServerTime,
        /// The device that used it.
        used_by: Option<DeviceId>,
        /// When the grant ends (exclusive), if it has an end.
        valid_until: Option<ServerTime>,
        /// Whether a device that is enrolled for another person may use it.
        shared: bool,
    }
}

table! {
    /// A key to the review API.
    pub struct Token<'a> in "api_token" key 1 {
        /// The hash of the token.
        token_hash: &'a [u8],
        /// The person.
        person: PersonId,
        /// The role.
        role: Role,
        /// The area.
        area: &'a AreaPath,
        /// What the administrator called it.
        label: &'a str,
        /// When it stops being accepted, if it has an end.
        expires_at: Option<ServerTime>,
        /// The reviewing role of the person who made it for themselves; a key that a command issued has none.
        assignment: Option<[u8; 16]>,
    }
}

/// The holder of a key to the review API.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: Role,
    /// The area.
    pub area: AreaPath,
    /// The reviewing role for which the person made it.
    pub assignment: Option<[u8; 16]>,
}

/// A person and role, for an enrolment code.
#[derive(Debug, Clone)]
pub struct Appointment {
    /// The person.
    pub person: PersonId,
    /// The organisation.
    pub organ: OrganId,
    /// The role.
    pub role: Role,
    /// The area.
    pub area: AreaPath,
    /// The space that contains the area.
    pub space: AreaPath,
    /// When the grant ends (exclusive), if it has an end.
    pub until: Option<ServerTime>,
    /// Whether a device that is enrolled for another person may take it.
    pub shared: bool,
}

/// Stores a one-time enrolment code by its hash.
///
/// # Errors
/// [`StorageError`].
pub fn insert_code(
    tx: &mut dyn Tx,
    code_hash: &[u8],
    who: &Appointment,
    expires_at: ServerTime,
) -> Result<(), StorageError> {
    let row = EnrolCode {
        code_hash,
        person: who.person,
        organ: who.organ,
        role: who.role,
        area: &who.area,
        space: &who.space,
        expires_at,
        used_by: None,
        valid_until: who.until,
        shared: who.shared,
    };
    let values: Vec<Value<'_>> = row.values().collect();
    EnrolCode::TABLE.insert(tx, &values, "")
}

/// The appointments that a device has under a grant that has not ended, and those that an unused code is for.
///
/// # Errors
/// [`StorageError`].
pub fn open_appointments(
    tx: &mut dyn Tx,
    now: ServerTime,
) -> Result<HashSet<(PersonId, Role, AreaPath)>, StorageError> {
    let mut open = HashSet::new();
    for sql in [
        "SELECT person, role, area FROM enrol_code WHERE used_by IS NULL AND expires_at > $1",
        "SELECT g.person, g.role, g.area FROM signed_grant g JOIN device d ON d.id = g.device
         WHERE d.state = 'active' AND (g.valid_until IS NULL OR g.valid_until > $1)",
    ] {
        let found = tx.all(sql, &[now.value()], |row| {
            let role = Option::<Role>::read(row, 1)?;
            Ok((PersonId::read(row, 0)?, role, AreaPath::read(row, 2)?))
        })?;
        open.extend(
            found
                .into_iter()
                .filter_map(|(person, role, area)| Some((person, role?, area))),
        );
    }
    Ok(open)
}

/// Whether this device has already used this code.
///
/// # Errors
/// [`StorageError`].
pub fn is_code_of(
    tx: &mut dyn Tx,
    code_hash: &[u8],
    device: DeviceId,
) -> Result<bool, StorageError> {
    let used = tx.first(
        "SELECT used_by FROM enrol_code WHERE code_hash = $1",
        &[code_hash.into()],
        |row| row.opt_bytes(0),
    )?;
    Ok(used.flatten().is_some_and(|by| by == device.as_bytes()))
}

/// Uses a code once. The operation is idempotent for the device that used it. Returns `None` if the code is unknown,
/// has expired or was used by another device.
///
/// # Errors
/// [`StorageError`].
pub fn use_code(
    tx: &mut dyn Tx,
    code_hash: &[u8],
    device: DeviceId,
    now: ServerTime,
) -> Result<Option<Appointment>, StorageError> {
    let found = tx.first(
        "UPDATE enrol_code SET used_by = $1 WHERE code_hash = $2 AND expires_at > $3
         AND (used_by IS NULL OR used_by = $1) RETURNING person, organ, role, area, space, valid_until, shared",
        &[device.value(), code_hash.into(), now.value()],
        |row| {
            Ok(Appointment {
                person: PersonId::read(row, 0)?,
                organ: OrganId::read(row, 1)?,
                role: Role::read(row, 2)?,
                area: AreaPath::read(row, 3)?,
                space: AreaPath::read(row, 4)?,
                until: Option::read(row, 5)?,
                shared: bool::read(row, 6)?,
            })
        },
    )?;
    Ok(found)
}

/// Ends every enrolment code that no device has used.
///
/// # Errors
/// [`StorageError`].
pub fn end_unused(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    let sql = "UPDATE enrol_code SET expires_at = 0 WHERE used_by IS NULL AND expires_at > 0";
    tx.execute(sql, &[])
}

/// Stores an API token by its hash.
///
/// # Errors
/// [`StorageError`].
pub fn insert_token(tx: &mut dyn Tx, token: &Token<'_>) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = token.values().collect();
    Token::TABLE.insert(tx, &values, "")
}

/// The holder of an API token that has not expired.
///
/// # Errors
/// [`StorageError`].
pub fn find_token(
    tx: &mut dyn Tx,
    token_hash: &[u8],
    now: ServerTime,
) -> Result<Option<KeyHolder>, StorageError> {
    tx.first(
        "SELECT person, role, area, assignment FROM api_token WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
        &[token_hash.into(), now.value()],
        |row| {
            Ok(KeyHolder {
                person: PersonId::read(row, 0)?,
                role: Role::read(row, 1)?,
                area: AreaPath::read(row, 2)?,
                assignment: Option::read(row, 3)?,
            })
        },
    )
}

/// The keys that a person made, ended or not: their hashes.
///
/// # Errors
/// [`StorageError`].
pub fn own_tokens(tx: &mut dyn Tx, person: PersonId) -> Result<Vec<Vec<u8>>, StorageError> {
    tx.all(
        "SELECT token_hash FROM api_token WHERE person = $1 AND assignment IS NOT NULL",
        &[person.value()],
        |row| row.bytes(0),
    )
}
