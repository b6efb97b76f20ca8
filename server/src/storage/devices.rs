//! Devices with their pack chains, grants, enrolment codes, API tokens; and inserts into the quarantine.

use std::collections::HashMap;

use sync_core::{
    identity::{PublicKey, SignedGrant},
    record::{
        AreaPath, ChangeHash, DeviceId, DocId, Grant, GrantId, OrganId, PackHash, PersonId, Role,
        ServerTime,
    },
};

use super::{StorageError, Tx, Value, spaces::area};

/// A device's row.
#[derive(Debug, Clone)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Its public key.
    pub key: PublicKey,
    /// `active`, `revoked` or `wipe`.
    pub state: String,
    /// Number of its last pack.
    pub pack_number: u64,
    /// Hash of its last pack.
    pub pack_hash: PackHash,
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
    let found = tx.all_of(
        "SELECT id, public_key, state, pack_number, pack_hash FROM device WHERE id IN (?)",
        &[],
        &keys(&ids),
        |row| {
            let key = row
                .bytes(1)?
                .try_into()
                .map_err(|_| StorageError::Column(1))?;
            Ok(Device {
                id: DeviceId::from_slice(&row.bytes(0)?)?,
                key: PublicKey(key),
                state: row.text(2)?,
                pack_number: row.int(3)?.unsigned_abs(),
                pack_hash: PackHash::from_slice(&row.bytes(4)?)?,
            })
        },
    )?;
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
pub fn insert(
    tx: &mut dyn Tx,
    id: DeviceId,
    key: PublicKey,
    model: &str,
    now: i64,
) -> Result<(), StorageError> {
    let zero = [0; 32];
    tx.execute(
        "INSERT INTO device (id, public_key, model, state, pack_number, pack_hash, enrolled_at, seen_at)
         VALUES ($1, $2, $3, 'active', 0, $4, $5, $5) ON CONFLICT DO NOTHING",
        &[id.as_bytes().into(), key.0.as_slice().into(), model.into(), zero.as_slice().into(), now.into()],
    )?;
    Ok(())
}

/// Sets a device's state. Returns `false` if the device is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn set_state(tx: &mut dyn Tx, id: DeviceId, state: &str) -> Result<bool, StorageError> {
    let sql = "UPDATE device SET state = $1 WHERE id = $2";
    Ok(tx.execute(sql, &[state.into(), id.as_bytes().into()])? > 0)
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
    now: i64,
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE device SET pack_number = $1, pack_hash = $2, seen_at = $3 WHERE id = $4",
        &[
            number.cast_signed().into(),
            hash.as_bytes().into(),
            now.into(),
            id.as_bytes().into(),
        ],
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
pub fn quarantine(
    tx: &mut dyn Tx,
    hash: ChangeHash,
    doc: DocId,
    device: DeviceId,
    reason: &str,
    now: i64,
    bytes: &[u8],
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO quarantine (hash, doc, device, reason, received_at, bytes) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
        &[
            hash.as_bytes().into(),
            doc.as_bytes().into(),
            device.as_bytes().into(),
            reason.into(),
            now.into(),
            bytes.into(),
        ],
    )?;
    Ok(())
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
    let bytes = sync_core::wire::encode(sealed);
    tx.execute(
        "INSERT INTO signed_grant (id, device, person, organ, role, space, area, valid_from, valid_until, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        &[
            id.as_bytes().into(),
            grant.device.as_bytes().into(),
            grant.person.as_bytes().into(),
            grant.organ.as_bytes().into(),
            i64::from(grant.role.number()).into(),
            space.as_str().into(),
            grant.area.as_str().into(),
            grant.from.0.into(),
            grant.until.map(|t| t.0).into(),
            bytes.as_slice().into(),
        ],
    )?;
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
    expires: i64,
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO enrol_code (code_hash, person, organ, role, area, space, expires_at, valid_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            code_hash.into(),
            who.person.as_bytes().into(),
            who.organ.as_bytes().into(),
            i64::from(who.role.number()).into(),
            who.area.as_str().into(),
            who.space.as_str().into(),
            expires.into(),
            who.until.map(|until| until.0).into(),
        ],
    )?;
    Ok(())
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
    now: i64,
) -> Result<Option<Appointment>, StorageError> {
    let found = tx.first(
        "UPDATE enrol_code SET used_by = $1 WHERE code_hash = $2 AND expires_at > $3
         AND (used_by IS NULL OR used_by = $1) RETURNING person, organ, role, area, space, valid_until",
        &[device.as_bytes().into(), code_hash.into(), now.into()],
        |row| {
            let number = u16::try_from(row.int(2)?).unwrap_or(0);
            Ok(Appointment {
                person: PersonId::from_slice(&row.bytes(0)?)?,
                organ: OrganId::from_slice(&row.bytes(1)?)?,
                role: Role::from_number(number).ok_or(StorageError::Column(2))?,
                area: area(&row.text(3)?)?,
                space: area(&row.text(4)?)?,
                until: row.opt_int(5)?.map(ServerTime),
            })
        },
    )?;
    Ok(found)
}

/// Stores an API token by its hash. It is not accepted from `expires` on.
///
/// # Errors
/// [`StorageError`].
pub fn insert_token(
    tx: &mut dyn Tx,
    token_hash: &[u8],
    person: PersonId,
    role: Role,
    within: &AreaPath,
    label: &str,
    expires: i64,
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO api_token (token_hash, person, role, area, label, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            token_hash.into(),
            person.as_bytes().into(),
            i64::from(role.number()).into(),
            within.as_str().into(),
            label.into(),
            expires.into(),
        ],
    )?;
    Ok(())
}

/// The holder of an API token that has not expired.
///
/// # Errors
/// [`StorageError`].
pub fn find_token(
    tx: &mut dyn Tx,
    token_hash: &[u8],
    now: i64,
) -> Result<Option<(PersonId, Role, AreaPath)>, StorageError> {
    tx.first(
        "SELECT person, role, area FROM api_token WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
        &[token_hash.into(), now.into()],
        |row| {
            let role = u16::try_from(row.int(1)?).ok().and_then(Role::from_number);
            let role = role.ok_or(StorageError::Column(1))?;
            Ok((PersonId::from_slice(&row.bytes(0)?)?, role, area(&row.text(2)?)?))
        },
    )
}
