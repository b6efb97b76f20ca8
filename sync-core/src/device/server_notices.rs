//! Notices that the server signed: revoked devices, ended grants, accepted changes.

use rusqlite::{Connection, params};

use super::{DeviceError, meta, meta::name};
use crate::{
    identity::{PublicKey, SignedNotice, server_notice::Subject},
    record::{AreaPath, ChangeHash, DeviceId, Grant, GrantId, ServerTime},
    wire::{encode, page::NumberedNotice, pull::Cursor},
};

/// When a device was revoked, in any space.
pub(super) fn revoked(c: &Connection, device: DeviceId) -> Result<Vec<ServerTime>, DeviceError> {
    let subject = Subject::DeviceRevoked(device);
    let sql = "SELECT DISTINCT at FROM server_notice WHERE kind = ?1 AND subject = ?2";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map(params![subject.kind(), subject.bytes()], |row| row.get(0))?;
    rows.map(|at| Ok(ServerTime(at?))).collect()
}

/// Ends a grant where a notice states it, if that is earlier than the end that the grant states.
pub(super) fn end(c: &Connection, id: GrantId, grant: &mut Grant) -> Result<(), DeviceError> {
    let subject = Subject::GrantEnded(id);
    let mut statement =
        c.prepare_cached("SELECT min(at) FROM server_notice WHERE kind = ?1 AND subject = ?2")?;
    let key = params![subject.kind(), subject.bytes()];
    let at: Option<i64> = statement.query_row(key, |row| row.get(0))?;
    if let Some(at) = at {
        grant.end_at(ServerTime(at));
    }
    Ok(())
}

/// The changes that a person accepted. There are few.
pub(super) fn accepted(c: &Connection) -> Result<Vec<ChangeHash>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT subject FROM server_notice WHERE kind = 3")?;
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let subjects = rows.collect::<Result<Vec<_>, _>>()?;
    let read = subjects.iter().map(|subject| Subject::read(3, subject));
    Ok(read
        .filter_map(|subject| match subject {
            Some(Subject::ChangeAccepted(_, change)) => Some(change),
            _ => None,
        })
        .collect())
}

/// Stores notices of the enrolled server. All documents of the area are folded again when the device is idle.
pub(super) fn take(
    c: &Connection,
    at: &Cursor,
    notices: &[NumberedNotice],
    server: &PublicKey,
) -> Result<(), DeviceError> {
    let Some(last) = notices.iter().map(|notice| notice.number).max() else {
        return Ok(());
    };
    for notice in notices {
        // Another server's notice, or one of another space, has no effect here.
        let Ok(claims) = notice.sealed.open(server) else {
            continue;
        };
        if claims.space != at.space {
            continue;
        }
        if let Some(Subject::GrantEnded(grant)) = claims.subject()
            && is_own(c, grant)?
        {
            // A new session states the areas that are left.
            meta::set(c, name::TOKEN, b"")?;
        }
        c.prepare_cached(
            "INSERT INTO server_notice (space, kind, subject, at, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (space, kind, subject, at) DO UPDATE SET sealed = excluded.sealed, give_back = 0",
        )?
        .execute(params![
            at.space.as_str(),
            claims.kind,
            claims.subject,
            claims.at.0,
            encode(&notice.sealed)
        ])?;
    }
    c.prepare_cached("UPDATE scope SET last_notice = ?3 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str(), last as i64])?;
    fold_again(c, &at.area)
}

fn is_own(c: &Connection, grant: GrantId) -> Result<bool, DeviceError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM known_grant WHERE id = ?1 AND own = 1)";
    let mut statement = c.prepare_cached(sql)?;
    Ok(statement.query_row([grant.as_bytes()], |row| row.get(0))?)
}

/// In a new log epoch the server may have lost notices: they are given back, and requested again under their new numbers.
pub(super) fn new_epoch(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    let space = at.space.as_str();
    c.prepare_cached(
        "UPDATE server_notice SET give_back = 1 WHERE space = ?1 AND sealed NOT NULL",
    )?
    .execute([space])?;
    c.prepare_cached("UPDATE scope SET last_notice = 0 WHERE space = ?1")?
        .execute([space])?;
    Ok(())
}

/// Notices that a restored server may lack, at most `limit`.
pub(super) fn to_give_back(c: &Connection, limit: usize) -> Result<Vec<SignedNotice>, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT sealed FROM server_notice WHERE give_back = 1 LIMIT ?1")?;
    let rows = statement.query_map([limit as i64], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|sealed| Ok(minicbor::decode(&sealed?)?)).collect()
}

/// Marks notices as given back.
pub(super) fn given_back(c: &Connection, notices: &[SignedNotice]) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("UPDATE server_notice SET give_back = 0 WHERE sealed = ?1")?;
    for notice in notices {
        statement.execute([encode(notice)])?;
    }
    Ok(())
}

/// Marks all documents of an area to be folded again. Only loading a document shows which devices wrote to it, and
/// notices are too rare for an index.
fn fold_again(c: &Connection, area: &AreaPath) -> Result<(), DeviceError> {
    let (from, to) = area.below();
    c.prepare_cached("UPDATE doc SET verified = 0 WHERE path = ?1 OR (path >= ?2 AND path < ?3)")?
        .execute(params![area.as_str(), from, to])?;
    Ok(())
}
