//! Single values about the device itself, by name.

use rusqlite::{Connection, OptionalExtension, params};

use super::DeviceError;

/// The names.
pub(super) mod name {
    pub(in crate::device) const DEVICE: &str = "device";
    pub(in crate::device) const KEY: &str = "key";
    pub(in crate::device) const ACTOR: &str = "actor";
    pub(in crate::device) const SERVER_KEY: &str = "server_key";
    pub(in crate::device) const PACK_NUMBER: &str = "pack_number";
    pub(in crate::device) const PACK_HASH: &str = "pack_hash";
    pub(in crate::device) const TOKEN: &str = "token";
    pub(in crate::device) const LAST_CONTACT: &str = "last_contact";
    /// The server's clock at the last contact, and this device's uptime at that moment.
    pub(in crate::device) const BEACON: &str = "beacon";
    pub(in crate::device) const SERVER: &str = "server";
    /// The version of the rules by which the rows were folded; absent: version 1.
    pub(in crate::device) const FOLD: &str = "fold";
    /// The signed editions of the catalogue that the server sent; absent: those of the program.
    pub(in crate::device) const EDITIONS: &str = "editions";
    /// Set by a migration: events that depend on refused ones are rewritten when the store is opened.
    pub(in crate::device) const RESTATE: &str = "restate";
}

pub(super) fn find(c: &Connection, name: &str) -> Result<Option<Vec<u8>>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn find_array<const N: usize>(
    c: &Connection,
    name: &str,
) -> Result<Option<[u8; N]>, DeviceError> {
    let Some(bytes) = find(c, name)? else {
        return Ok(None);
    };
    bytes
        .try_into()
        .map(Some)
        .map_err(|_| DeviceError::damaged(format!("meta {name}")))
}

pub(super) fn find_int(c: &Connection, name: &str) -> Result<Option<i64>, DeviceError> {
    Ok(find_array(c, name)?.map(i64::from_be_bytes))
}

pub(super) fn set(c: &Connection, name: &str, value: &[u8]) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute(params![name, value])?;
    Ok(())
}

pub(super) fn delete(c: &Connection, name: &str) -> Result<(), DeviceError> {
    c.prepare_cached("DELETE FROM meta WHERE name = ?1")?
        .execute([name])?;
    Ok(())
}

pub(super) fn set_int(c: &Connection, name: &str, value: i64) -> Result<(), DeviceError> {
    set(c, name, &value.to_be_bytes())
}
