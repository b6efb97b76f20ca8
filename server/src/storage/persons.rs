//! What an administrator must see before a device or a token gets a person: persons and organisations by their ids.

use std::collections::BTreeSet;

use sync_core::record::{AreaPath, OrganId, PersonId, Role, ServerTime};

use super::{
    StorageError, Tx,
    column::{Column, Stored},
};

/// A person, as the tables of names have it.
#[derive(Debug, Clone)]
pub struct NamedPerson {
    /// The person.
    pub id: PersonId,
    /// The organisation.
    pub organ: OrganId,
    /// The name.
    pub name: String,
}

/// What the grants, codes and tokens of a person state.
#[derive(Debug, Clone, Default)]
pub struct Appointments {
    /// Roles with their areas; a role that this version does not know is absent.
    pub roles: BTreeSet<(Role, AreaPath)>,
    /// The organisation of the grant that was issued last, or else of a code.
    pub organ: Option<OrganId>,
    /// The number of devices with a grant.
    pub devices: u64,
    /// When one of these devices last sent something, or else when it was enrolled.
    pub seen: Option<ServerTime>,
    /// Whether any grant, code or token names the person.
    pub known: bool,
}

/// Every person with a name, in the order of ids.
///
/// # Errors
/// [`StorageError`].
pub fn all(tx: &mut dyn Tx) -> Result<Vec<NamedPerson>, StorageError> {
    tx.all(
        "SELECT id, organ, name FROM person ORDER BY id",
        &[],
        |row| {
            Ok(NamedPerson {
                id: PersonId::read(row, 0)?,
                organ: OrganId::read(row, 1)?,
                name: row.text(2)?,
            })
        },
    )
}

/// Every organisation with a name, in the order of ids.
///
/// # Errors
/// [`StorageError`].
pub fn organs(tx: &mut dyn Tx) -> Result<Vec<(OrganId, String)>, StorageError> {
    tx.all("SELECT id, name FROM organ ORDER BY id", &[], |row| {
        Ok((OrganId::read(row, 0)?, row.text(1)?))
    })
}

/// Whether a grant, a code or a named person belongs to an organisation.
///
/// # Errors
/// [`StorageError`].
pub fn is_used(tx: &mut dyn Tx, organ: OrganId) -> Result<bool, StorageError> {
    for table in ["person", "enrol_code", "signed_grant"] {
        let sql = format!("SELECT organ FROM {table} WHERE organ = $1 LIMIT 1");
        if tx.first(&sql, &[organ.value()], |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the grants, codes and tokens of a person state.
///
/// # Errors
/// [`StorageError`].
pub fn appointments(tx: &mut dyn Tx, person: PersonId) -> Result<Appointments, StorageError> {
    let mut found = Appointments::default();
    let role = |number: i64| u16::try_from(number).ok().and_then(Role::from_number);
    let granted = tx.all(
        "SELECT g.role, g.area, g.organ, g.device, d.seen_at FROM signed_grant g
         LEFT JOIN device d ON d.id = g.device WHERE g.person = $1 ORDER BY g.valid_from",
        &[person.value()],
        |row| {
            Ok((
                role(row.int(0)?),
                AreaPath::read(row, 1)?,
                OrganId::read(row, 2)?,
                row.bytes(3)?,
                Option::<ServerTime>::read(row, 4)?,
            ))
        },
    )?;
    let mut devices = BTreeSet::new();
    for (role, area, organ, device, seen) in granted {
        found.known = true;
        found.roles.extend(role.map(|role| (role, area)));
        found.organ = Some(organ);
        found.seen = found.seen.max(seen);
        devices.insert(device);
    }
    found.devices = devices.len() as u64;
    let coded = tx.all(
        "SELECT role, area, organ FROM enrol_code WHERE person = $1",
        &[person.value()],
        |row| {
            let role = role(row.int(0)?);
            Ok((role, AreaPath::read(row, 1)?, OrganId::read(row, 2)?))
        },
    )?;
    for (role, area, organ) in coded {
        found.known = true;
        found.roles.extend(role.map(|role| (role, area)));
        found.organ.get_or_insert(organ);
    }
    let tokens = tx.all(
        "SELECT role, area FROM api_token WHERE person = $1",
        &[person.value()],
        |row| Ok((role(row.int(0)?), AreaPath::read(row, 1)?)),
    )?;
    for (role, area) in tokens {
        found.known = true;
        found.roles.extend(role.map(|role| (role, area)));
    }
    Ok(found)
}

/// The name of a person, if the table of persons has one.
///
/// # Errors
/// [`StorageError`].
pub fn name(tx: &mut dyn Tx, person: PersonId) -> Result<Option<String>, StorageError> {
    let sql = "SELECT name FROM person WHERE id = $1";
    tx.first(sql, &[person.value()], |row| row.text(0))
}
