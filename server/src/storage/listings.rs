//! What an administrator lists and ends: devices, keys, enrolment codes.
//!
//! Rows are selected by the first hexadecimal digits of an id. A key or a code is named by the beginning of its hash,
//! which cannot be used to authenticate.

use sync_core::record::{AreaPath, DeviceId, GrantId, PersonId, Role, ServerTime};

use super::{Row, StorageError, Tx, column::Column, devices::DeviceState, spaces::area};

/// A person in a role, as stated by a grant, a key or a code.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The person.
    pub person: PersonId,
    /// The name, if the table of persons has one.
    pub name: Option<String>,
    /// The role; `None` if this version does not know its number.
    pub role: Option<Role>,
    /// The area.
    pub area: AreaPath,
}

/// A device with one of its grants; a device without a grant has no holder.
#[derive(Debug, Clone)]
pub struct ListedDevice {
    /// The device.
    pub id: DeviceId,
    /// The model that the device stated.
    pub model: String,
    /// Whether it may send and read.
    pub state: DeviceState,
    /// Time of its last pack, or else of its enrolment.
    pub seen: ServerTime,
    /// The number of forks of its pack chain: how often a copy of the device was detected.
    pub forks: u64,
    /// A grant of it, with its holder and its end; `None`: no end.
    pub grant: Option<(GrantId, Holder, Option<ServerTime>)>,
}

/// A key to the review API, or an enrolment code.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The hash that it is stored by.
    pub hash: Vec<u8>,
    /// The person and role that it was issued to.
    pub holder: Holder,
    /// The label of a key, or the space of a code.
    pub of: String,
    /// From when it is not accepted. `None`: no end. 0: an administrator ended it.
    pub expires: Option<ServerTime>,
    /// The device that used the code.
    pub used_by: Option<DeviceId>,
}

/// A table of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Keys to the review API.
    Tokens,
    /// Enrolment codes.
    Codes,
}

impl Secrets {
    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Tokens => ("api_token", "token_hash", "s.label, s.expires_at"),
            Self::Codes => (
                "enrol_code",
                "code_hash",
                "s.space, s.expires_at, s.used_by",
            ),
        }
    }
}

fn holder(row: &dyn Row, at: usize) -> Result<Holder, StorageError> {
    Ok(Holder {
        person: PersonId::from_slice(&row.bytes(at)?)?,
        role: u16::try_from(row.int(at + 1)?)
            .ok()
            .and_then(Role::from_number),
        area: area(&row.text(at + 2)?)?,
        name: row.opt_text(at + 3)?,
    })
}

/// Every device with each of its grants, in the order of device ids.
///
/// # Errors
/// [`StorageError`].
pub fn devices(tx: &mut dyn Tx) -> Result<Vec<ListedDevice>, StorageError> {
    tx.all(
        "SELECT d.id, d.model, d.state, d.seen_at, d.fork_count, g.person, g.role, g.area, p.name, g.id, g.valid_until
         FROM device d LEFT JOIN signed_grant g ON g.device = d.id LEFT JOIN person p ON p.id = g.person
         ORDER BY d.id, g.valid_from",
        &[],
        |row| {
            let grant = match row.opt_bytes(9)? {
                None => None,
                Some(id) => Some((
                    GrantId::from_slice(&id)?,
                    holder(row, 5)?,
                    Option::read(row, 10)?,
                )),
            };
            Ok(ListedDevice {
                id: DeviceId::read(row, 0)?,
                model: row.text(1)?,
                state: DeviceState::read(row, 2)?,
                seen: ServerTime::read(row, 3)?,
                forks: u64::read(row, 4)?,
                grant,
            })
        },
    )
}

/// Every key, or every enrolment code.
///
/// # Errors
/// [`StorageError`].
pub fn secrets(tx: &mut dyn Tx, which: Secrets) -> Result<Vec<Secret>, StorageError> {
    let (table, hash, rest) = which.parts();
    let sql = format!(
        "SELECT s.{hash}, s.person, s.role, s.area, p.name, {rest}
         FROM {table} s LEFT JOIN person p ON p.id = s.person ORDER BY s.{hash}"
    );
    tx.all(&sql, &[], |row| {
        let used_by = match which {
            Secrets::Tokens => None,
            Secrets::Codes => row.opt_bytes(7)?,
        };
        Ok(Secret {
            hash: row.bytes(0)?,
            holder: holder(row, 1)?,
            of: row.text(5)?,
            expires: Option::read(row, 6)?,
            used_by: used_by.map(|id| DeviceId::from_slice(&id)).transpose()?,
        })
    })
}

/// Ends a key or a code permanently, selected by its whole hash. Returns `false` if there is none.
///
/// # Errors
/// [`StorageError`].
pub fn end_secret(tx: &mut dyn Tx, which: Secrets, hash: &[u8]) -> Result<bool, StorageError> {
    let (table, column, _) = which.parts();
    // Zero, not the current time: a clock that is set back must not make it valid again.
    let sql = format!("UPDATE {table} SET expires_at = 0 WHERE {column} = $1");
    Ok(tx.execute(&sql, &[hash.into()])? > 0)
}

/// Hashes of keys or codes that begin with these hexadecimal digits, at most 10.
///
/// # Errors
/// [`StorageError`].
pub fn secrets_like(
    tx: &mut dyn Tx,
    which: Secrets,
    hex: &str,
) -> Result<Vec<Vec<u8>>, StorageError> {
    let (table, column, _) = which.parts();
    beginning_with(tx, table, column, hex)
}

/// Devices whose id begins with these hexadecimal digits, at most 10.
///
/// # Errors
/// [`StorageError`].
pub fn devices_like(tx: &mut dyn Tx, hex: &str) -> Result<Vec<DeviceId>, StorageError> {
    let found = beginning_with(tx, "device", "id", hex)?;
    let ids = found.iter().map(|id| DeviceId::from_slice(id));
    Ok(ids.collect::<Result<_, _>>()?)
}

pub(super) fn beginning_with(
    tx: &mut dyn Tx,
    table: &str,
    column: &str,
    hex: &str,
) -> Result<Vec<Vec<u8>>, StorageError> {
    let filled = |with: char| {
        let digits: String = hex
            .chars()
            .chain(std::iter::repeat(with))
            .take(64)
            .collect();
        hex::decode(digits).unwrap_or_default()
    };
    let (from, mut to) = (filled('0'), filled('f'));
    // Keys that are longer than the bound sort after it; one more byte includes them.
    to.push(0xff);
    let length = hex.len().div_ceil(2);
    let sql = format!(
        "SELECT {column} FROM {table} WHERE {column} >= $1 AND {column} <= $2 ORDER BY {column} LIMIT 10"
    );
    let from = &from[..length.min(from.len())];
    let found = tx.all(&sql, &[from.into(), to.as_slice().into()], |row| {
        row.bytes(0)
    })?;
    let like = |key: &Vec<u8>| hex::encode(key).starts_with(hex);
    Ok(found.into_iter().filter(like).collect())
}
