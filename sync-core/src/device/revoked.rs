//! Revocations: the devices that the server has revoked, and when.

use rusqlite::{Connection, params};

use super::DeviceError;
use crate::{
    record::{AreaPath, DeviceId, ServerTime},
    wire::{page::Revocation, pull::Cursor},
};

/// When a device was revoked: the earliest time that any space reported.
pub(super) fn find(c: &Connection, device: DeviceId) -> Result<Option<ServerTime>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT min(at) FROM revocation WHERE device = ?1")?;
    let at: Option<i64> = statement.query_row([device.as_bytes()], |row| row.get(0))?;
    Ok(at.map(ServerTime))
}

/// Stores revocations. All documents of the area are folded again when the device is idle.
pub(super) fn take(
    c: &Connection,
    at: &Cursor,
    revocations: &[Revocation],
) -> Result<(), DeviceError> {
    let Some(last) = revocations.iter().map(|r| r.number).max() else {
        return Ok(());
    };
    for revocation in revocations {
        c.prepare_cached(
            "INSERT INTO revocation (space, device, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            at.space.as_str(),
            revocation.device.as_bytes(),
            revocation.at.0
        ])?;
    }
    c.prepare_cached("UPDATE scope SET last_revocation = ?3 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str(), last as i64])?;
    judge_anew(c, &at.area)
}

/// In a new log epoch the server may have lost revocations: they are deleted here and requested again.
pub(super) fn forget(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    let forgotten = c
        .prepare_cached("DELETE FROM revocation WHERE space = ?1")?
        .execute([at.space.as_str()])?;
    c.prepare_cached("UPDATE scope SET last_revocation = 0 WHERE space = ?1")?
        .execute([at.space.as_str()])?;
    if forgotten > 0 {
        judge_anew(c, &at.space)?;
    }
    Ok(())
}

/// Marks all documents of an area to be folded again. Only loading a document shows which devices wrote to it, and
/// revocations are too rare for an index.
fn judge_anew(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    c.prepare_cached("UPDATE doc SET verified = 0 WHERE path = ?1 OR (path >= ?2 AND path < ?3)")?
        .execute(params![area.as_str(), from, to])?;
    Ok(())
}
