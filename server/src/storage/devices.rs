//! Devices with their pack chains and grants.

use std::collections::HashMap;

use sync_core::{
    identity::{PublicKey, SignedGrant},
    record::{AreaPath, DeviceId, Grant, GrantId, OrganId, PackHash, PersonId, Role, ServerTime},
};

use super::{
    Row, StorageError, Tx, Value,
    column::{Column, Kind, Stored},
    spaces::area,
    table::table,
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
    /// It was revoked and must delete its data.
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

/// The claims of grants that this server signed, with the ends that it set later. Only this server writes these rows, so
/// the signatures are not verified again.
///
/// # Errors
/// [`StorageError`].
pub fn grant_claims<'g>(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = &'g GrantId>,
) -> Result<HashMap<GrantId, Grant>, StorageError> {
    let keys: Vec<Value<'_>> = ids
        .into_iter()
        .map(|g| Value::Bytes(g.as_bytes()))
        .collect();
    let sql = "SELECT space, sealed, valid_until FROM signed_grant WHERE id IN (?)";
    let found = tx.all_of(sql, &[], &keys, held)?;
    let claims = |held: HeldGrant| Some((held.sealed.id(), held.claims()?));
    Ok(found.into_iter().flatten().filter_map(claims).collect())
}

/// A grant as this server signed it, with the end that it set later.
#[derive(Debug, Clone)]
pub struct HeldGrant {
    /// The space that contains the area.
    pub space: AreaPath,
    /// As it was signed.
    pub sealed: SignedGrant,
    until: Option<ServerTime>,
}

impl HeldGrant {
    /// Whether an administrator ended it before the end that was signed.
    pub fn is_ended(&self) -> bool {
        let signed = self.sealed.stored_claims().and_then(|grant| grant.until);
        self.until != signed
    }

    /// The claims; `None` if this version cannot read them. The signature is not verified: only this server writes these
    /// rows.
    pub fn claims(&self) -> Option<Grant> {
        let mut claims = self.sealed.stored_claims()?;
        if let Some(until) = self.until {
            claims.end_at(until);
        }
        Some(claims)
    }
}

fn held(row: &dyn Row) -> Result<Option<HeldGrant>, StorageError> {
    let sealed = sync_core::wire::decode(&row.bytes(1)?);
    let (space, until) = (area(&row.text(0)?)?, Option::<ServerTime>::read(row, 2)?);
    Ok(sealed.map(|sealed| HeldGrant {
        space,
        sealed,
        until,
    }))
}

/// A device's grants: the newest 64.
///
/// # Errors
/// [`StorageError`].
pub fn device_grants(tx: &mut dyn Tx, device: DeviceId) -> Result<Vec<HeldGrant>, StorageError> {
    let rows = tx.all(
        "SELECT space, sealed, valid_until FROM signed_grant WHERE device = $1 ORDER BY valid_from DESC LIMIT 64",
        &[device.as_bytes().into()],
        held,
    )?;
    Ok(rows.into_iter().flatten().collect())
}

/// Ends a grant at a time, unless it ends earlier. Returns its area; `None` if the grant is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn end_grant(
    tx: &mut dyn Tx,
    grant: GrantId,
    at: ServerTime,
) -> Result<Option<AreaPath>, StorageError> {
    let sql = "UPDATE signed_grant SET valid_until = $1 WHERE id = $2 AND (valid_until IS NULL OR valid_until > $1)";
    tx.execute(sql, &[at.value(), grant.value()])?;
    let sql = "SELECT area FROM signed_grant WHERE id = $1";
    tx.first(sql, &[grant.value()], |row| area(&row.text(0)?))
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
