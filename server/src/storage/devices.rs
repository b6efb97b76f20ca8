//! Devices with their pack chains, grants, enrolment codes, API tokens; and inserts into the quarantine.

use std::collections::HashMap;

use sync_core::{
    identity::{PublicKey, SignedGrant},
    record::{
        AreaPath, ChangeHash, DeviceId, DocId, Grant, GrantId, OrganId, PackHash, PersonId, Role,
        ServerTime,
    },
};

use super::{
    Row, StorageError, Tx, Value,
    spaces::area,
    table::{Column, Kind, Stored, table},
};

table! {
    /// A device's row.
    pub struct Device in "device" key 1 {
        /// The device.
        id: DeviceId,
        /// Its public key.
        key = "public_key": PublicKey,
        /// The model that the device stated.
        model: String,
        /// Whether it may send and read.
        state: DeviceState,
        /// Number of its last pack.
        pack_number: u64,
        /// Hash of its last pack.
        pack_hash: PackHash,
        /// How often a copy of the device was detected.
        fork_count: u64,
        /// When it was enrolled.
        enrolled_at: ServerTime,
        /// When its last pack was received, or else when it was enrolled.
        seen_at: ServerTime,
    }
}

/// The state of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// It works.
    Active,
    /// It was revoked and may do nothing.
    Revoked,
    /// It was revoked and is told to delete its data.
    Wipe,
}

impl DeviceState {
    /// The name that the column has, and that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Wipe => "wipe",
        }
    }
}

impl Stored for DeviceState {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }
}

impl Column for DeviceState {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        let name = row.text(at)?;
        let mut all = [Self::Active, Self::Revoked, Self::Wipe].into_iter();
        all.find(|state| state.name() == name)
            .ok_or(StorageError::Column(at))
    }
}

table! {
    /// Bytes that cannot be judged yet, until an administrator decides.
    pub struct Quarantined<'a> in "quarantine" key 1 {
        /// The change.
        hash: ChangeHash,
        /// The document that it is for.
        doc: DocId,
        /// The device that sent it.
        device: DeviceId,
        /// Why it cannot be judged.
        reason: &'a str,
        /// When it was received.
        received_at: ServerTime,
        /// Its bytes.
        bytes: &'a [u8],
    }
}

table! {
    /// A grant that this server signed.
    pub struct GrantRow<'a> in "signed_grant" key 1 {
        /// The grant.
        id: GrantId,
        /// The device that holds it.
        device: DeviceId,
        /// The person.
        person: PersonId,
        /// The organisation.
        organ: OrganId,
        /// The role.
        role: Role,
        /// The space that contains the area.
        space: &'a AreaPath,
        /// The area.
        area: &'a AreaPath,
        /// When it begins.
        valid_from: ServerTime,
        /// When it ends (exclusive), if it has an end.
        valid_until: Option<ServerTime>,
        /// Claims and signature, as they are sent.
        sealed: Vec<u8>,
    }
}

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
    }
}

/// These devices; unknown devices are absent.
///
/// # Errors
/// [`StorageError`].
pub fn find_all(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = DeviceId>,
) -> Result<HashMap<DeviceId, Device>, StorageError> {
    let ids: Vec<DeviceId> = ids.into_iter().collect();
    let names = Device::TABLE.names();
    let sql = format!("SELECT {names} FROM device WHERE id IN (?)");
    let found = tx.all_of(&sql, &[], &keys(&ids), Device::read)?;
    Ok(found
        .into_iter()
        .map(|device| (device.id, device))
        .collect())
}

fn keys(ids: &[DeviceId]) -> Vec<Value<'_>> {
    ids.iter().map(|id| Value::Bytes(id.as_bytes())).collect()
}

/// A device.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: DeviceId) -> Result<Option<Device>, StorageError> {
    Ok(find_all(tx, [id])?.remove(&id))
}

/// The space that a device works in: the space of the grant that begins last.
///
/// # Errors
/// [`StorageError`].
pub fn home(tx: &mut dyn Tx, id: DeviceId) -> Result<Option<AreaPath>, StorageError> {
    tx.first(
        "SELECT space FROM signed_grant WHERE device = $1 ORDER BY valid_from DESC LIMIT 1",
        &[id.as_bytes().into()],
        |row| area(&row.text(0)?),
    )
}

/// Locks these devices' rows until the transaction ends: two processes must not accept the next pack of a device
/// concurrently.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, ids: impl IntoIterator<Item = DeviceId>) -> Result<(), StorageError> {
    let ids: Vec<DeviceId> = ids.into_iter().collect();
    tx.lock("SELECT id FROM device WHERE id IN (?)", &keys(&ids))?;
    Ok(())
}

/// Inserts a device. A known device stays as it is: the caller must compare its key.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, device: &Device) -> Result<(), StorageError> {
    Device::TABLE.insert_once(tx, device.values()).map(drop)
}

/// Sets a device's state. Returns `false` if the device is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn set_state(tx: &mut dyn Tx, id: DeviceId, state: DeviceState) -> Result<bool, StorageError> {
    let sql = "UPDATE device SET state = $1 WHERE id = $2";
    Ok(tx.execute(sql, &[state.value(), id.value()])? > 0)
}

/// Advances a device's pack chain to its newest pack.
///
/// # Errors
/// [`StorageError`].
pub fn advance_chain(
    tx: &mut dyn Tx,
    id: DeviceId,
    number: u64,
    hash: PackHash,
    now: ServerTime,
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE device SET pack_number = $1, pack_hash = $2, seen_at = $3 WHERE id = $4",
        &[number.value(), hash.value(), now.value(), id.value()],
    )?;
    Ok(())
}

/// Counts a fork of a device's pack chain, for the administrator.
///
/// # Errors
/// [`StorageError`].
pub fn count_fork(tx: &mut dyn Tx, id: DeviceId) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE device SET fork_count = fork_count + 1 WHERE id = $1",
        &[id.as_bytes().into()],
    )?;
    Ok(())
}

/// Stores bytes that cannot be judged yet.
///
/// # Errors
/// [`StorageError`].
pub fn quarantine(tx: &mut dyn Tx, bytes: &Quarantined<'_>) -> Result<(), StorageError> {
    Quarantined::TABLE.insert_once(tx, bytes.values()).map(drop)
}

/// Stores a signed grant.
///
/// # Errors
/// [`StorageError`].
pub fn insert_grant(
    tx: &mut dyn Tx,
    sealed: &SignedGrant,
    grant: &Grant,
    space: &AreaPath,
) -> Result<GrantId, StorageError> {
    let id = sealed.id();
    let row = GrantRow {
        id,
        device: grant.device,
        person: grant.person,
        organ: grant.organ,
        role: grant.role,
        space,
        area: &grant.area,
        valid_from: grant.from,
        valid_until: grant.until,
        sealed: sync_core::wire::encode(sealed),
    };
    GrantRow::TABLE.insert_once(tx, row.values())?;
    Ok(id)
}

/// These grants as they were signed.
///
/// # Errors
/// [`StorageError`].
pub fn grants<'g>(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = &'g GrantId>,
) -> Result<Vec<SignedGrant>, StorageError> {
    let keys: Vec<Value<'_>> = ids
        .into_iter()
        .map(|g| Value::Bytes(g.as_bytes()))
        .collect();
    let sealed = tx.all_of(
        "SELECT sealed FROM signed_grant WHERE id IN (?) ORDER BY id",
        &[],
        &keys,
        |row| row.bytes(0),
    )?;
    let read = |bytes: Vec<u8>| sync_core::wire::decode(&bytes);
    Ok(sealed.into_iter().filter_map(read).collect())
}

/// The claims of grants that this server signed. Only this server writes these rows, so the signatures are not verified
/// again.
///
/// # Errors
/// [`StorageError`].
pub fn grant_claims<'g>(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = &'g GrantId>,
) -> Result<HashMap<GrantId, Grant>, StorageError> {
    let found = grants(tx, ids)?.into_iter();
    Ok(found
        .filter_map(|sealed| Some((sealed.id(), sealed.stored_claims()?)))
        .collect())
}

/// A device's grants as signed, each with its space: the newest 64.
///
/// # Errors
/// [`StorageError`].
pub fn device_grants(
    tx: &mut dyn Tx,
    device: DeviceId,
) -> Result<Vec<(AreaPath, SignedGrant)>, StorageError> {
    let rows = tx.all(
        "SELECT space, sealed FROM signed_grant WHERE device = $1 ORDER BY valid_from DESC LIMIT 64",
        &[device.as_bytes().into()],
        |row| Ok((area(&row.text(0)?)?, row.bytes(1)?)),
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|(space, bytes)| Some((space, sync_core::wire::decode(&bytes)?)))
        .collect())
}

/// The organisations in the grants of these devices, present and past.
///
/// # Errors
/// [`StorageError`].
pub fn organs(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = DeviceId>,
) -> Result<HashMap<DeviceId, Vec<OrganId>>, StorageError> {
    let ids: Vec<DeviceId> = ids.into_iter().collect();
    let rows = tx.all_of(
        "SELECT DISTINCT device, organ FROM signed_grant WHERE device IN (?)",
        &[],
        &keys(&ids),
        |row| {
            let device = DeviceId::from_slice(&row.bytes(0)?)?;
            Ok((device, OrganId::from_slice(&row.bytes(1)?)?))
        },
    )?;
    let mut organs: HashMap<DeviceId, Vec<OrganId>> = HashMap::new();
    for (device, organ) in rows {
        organs.entry(device).or_default().push(organ);
    }
    Ok(organs)
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
    };
    let values: Vec<Value<'_>> = row.values().collect();
    EnrolCode::TABLE.insert(tx, &values, "")
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
         AND (used_by IS NULL OR used_by = $1) RETURNING person, organ, role, area, space, valid_until",
        &[device.value(), code_hash.into(), now.value()],
        |row| {
            Ok(Appointment {
                person: PersonId::read(row, 0)?,
                organ: OrganId::read(row, 1)?,
                role: Role::read(row, 2)?,
                area: AreaPath::read(row, 3)?,
                space: AreaPath::read(row, 4)?,
                until: Option::read(row, 5)?,
            })
        },
    )?;
    Ok(found)
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
) -> Result<Option<(PersonId, Role, AreaPath)>, StorageError> {
    tx.first(
        "SELECT person, role, area FROM api_token WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
        &[token_hash.into(), now.value()],
        |row| Ok((PersonId::read(row, 0)?, Role::read(row, 1)?, AreaPath::read(row, 2)?)),
    )
}
