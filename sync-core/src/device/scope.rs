//! The areas a phone holds, where it stands in each, and what it holds there.

use rusqlite::{Connection, params};

use super::{Device, DeviceError};
use crate::{
    record::{AreaPath, Digest, DocId, LogId},
    wire::{
        page::Sum,
        pull::{Cursor, Phase},
        session::Scope,
    },
};

/// A scope as stored.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) cursor: Cursor,
    pub(super) sum: Sum,
    pub(super) repair: bool,
}

/// A scope that has never pulled a page.
pub(super) const START: Phase = Phase::Backfill {
    after: None,
    head: 0,
};

impl Device {
    /// Takes over the scopes a session names: new ones start with a backfill, lost ones are left, a log with a new
    /// life is compared before it is followed.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn set_scopes(&mut self, scopes: &[Scope]) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            let held = list(tx)?;
            for old in &held {
                let kept = scopes
                    .iter()
                    .any(|s| s.space == old.cursor.space && s.area == old.cursor.area);
                if !kept {
                    tx.prepare_cached("DELETE FROM scope WHERE space = ?1 AND area = ?2")?
                        .execute(params![old.cursor.space.as_str(), old.cursor.area.as_str()])?;
                }
            }
            for scope in scopes {
                let known = held
                    .iter()
                    .find(|h| h.cursor.space == scope.space && h.cursor.area == scope.area);
                match known {
                    None => insert(tx, scope)?,
                    Some(old) if old.cursor.log != scope.log => mark_repair(tx, &old.cursor)?,
                    Some(_) => {}
                }
            }
            leave_uncovered(tx)
        })
    }

    /// The position in every scope that is not under repair.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn cursors(&self) -> Result<Vec<Cursor>, DeviceError> {
        let held = list(&self.connection)?;
        Ok(held
            .into_iter()
            .filter(|h| !h.repair)
            .map(|h| h.cursor)
            .collect())
    }
}

fn insert(c: &Connection, scope: &Scope) -> Result<(), DeviceError> {
    let sum = sum_of_docs(c, &scope.area)?;
    let mut statement = c.prepare_cached(
        "INSERT INTO scope (space, area, log, phase, change_count, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        scope.space.as_str(),
        scope.area.as_str(),
        scope.log.as_bytes(),
        encode(START)?,
        sum.changes as i64,
        sum.digest.to_bytes()
    ])?;
    Ok(())
}

fn encode(phase: Phase) -> Result<Vec<u8>, DeviceError> {
    minicbor::to_vec(phase).map_err(|e| DeviceError::Damaged(e.to_string()))
}

pub(super) fn list(c: &Connection) -> Result<Vec<Held>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT space, area, log, phase, change_count, digest, repair, revoked FROM scope ORDER BY space, area",
    )?;
    let mut rows = statement.query([])?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let bad = |what: &str| DeviceError::Damaged(format!("scope {what}"));
        held.push(Held {
            cursor: Cursor {
                space: row.get::<_, String>(0)?.parse().map_err(|_| bad("space"))?,
                area: row.get::<_, String>(1)?.parse().map_err(|_| bad("area"))?,
                log: LogId::from_slice(&row.get::<_, Vec<u8>>(2)?)?,
                phase: minicbor::decode(&row.get::<_, Vec<u8>>(3)?)?,
                revoked: Some(row.get::<_, i64>(7)?.unsigned_abs()).filter(|n| *n > 0),
            },
            sum: Sum {
                changes: row.get::<_, i64>(4)?.unsigned_abs(),
                digest: Digest::from_slice(&row.get::<_, Vec<u8>>(5)?),
            },
            repair: row.get(6)?,
        });
    }
    Ok(held)
}

/// Moves the cursor, in the transaction that applied what lies before it.
pub(super) fn advance(
    c: &Connection,
    at: &Cursor,
    log: LogId,
    phase: Phase,
) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("UPDATE scope SET log = ?3, phase = ?4 WHERE space = ?1 AND area = ?2")?;
    statement.execute(params![
        at.space.as_str(),
        at.area.as_str(),
        log.as_bytes(),
        encode(phase)?
    ])?;
    Ok(())
}

pub(super) fn mark_repair(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE scope SET repair = 1 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str()])?;
    Ok(())
}

pub(super) fn end_repair(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE scope SET repair = 0 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str()])?;
    Ok(())
}

/// Replaces a record's old sum by its new one in every scope that holds its path.
pub(super) fn move_sum(
    c: &Connection,
    path: &AreaPath,
    old: Sum,
    new: Sum,
) -> Result<(), DeviceError> {
    for held in list(c)? {
        if held.cursor.area.covers(path) {
            let changes = held
                .sum
                .changes
                .wrapping_add(new.changes)
                .wrapping_sub(old.changes);
            let digest = held.sum.digest.minus(old.digest).plus(new.digest);
            set_sum(c, &held.cursor, Sum { changes, digest })?;
        }
    }
    Ok(())
}

pub(super) fn set_sum(c: &Connection, at: &Cursor, sum: Sum) -> Result<(), DeviceError> {
    c.prepare_cached(
        "UPDATE scope SET change_count = ?3, digest = ?4 WHERE space = ?1 AND area = ?2",
    )?
    .execute(params![
        at.space.as_str(),
        at.area.as_str(),
        sum.changes as i64,
        sum.digest.to_bytes()
    ])?;
    Ok(())
}

/// What the phone holds in an area, counted from the records.
pub(super) fn sum_of_docs(c: &Connection, area: &AreaPath) -> Result<Sum, DeviceError> {
    let (from, to) = area.below();
    let mut statement = c.prepare_cached(
        "SELECT change_count, digest FROM doc WHERE path = ?1 OR (path >= ?2 AND path < ?3)",
    )?;
    let mut rows = statement.query(params![area.as_str(), from, to])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        let part = Sum {
            changes: row.get::<_, i64>(0)?.unsigned_abs(),
            digest: Digest::from_slice(&row.get::<_, Vec<u8>>(1)?),
        };
        sum = sum.plus(part);
    }
    Ok(sum)
}

/// Marks records that no scope holds any more as leaving, and removes those of them that owe nothing.
pub(super) fn leave_uncovered(c: &Connection) -> Result<(), DeviceError> {
    let areas: Vec<_> = list(c)?.into_iter().map(|h| h.cursor.area).collect();
    let mut statement = c.prepare_cached("SELECT DISTINCT path FROM doc WHERE leaving = 0")?;
    let paths = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for path in paths {
        let covered = path
            .parse()
            .is_ok_and(|p: AreaPath| areas.iter().any(|a| a.covers(&p)));
        if !covered {
            c.prepare_cached("UPDATE doc SET leaving = 1 WHERE path = ?1")?
                .execute([path])?;
        }
    }
    evict_leaving(c)
}

/// Removes leaving records: only those without a pending change and without a photo that is not stored.
pub(super) fn evict_leaving(c: &Connection) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT id FROM doc WHERE leaving = 1 AND pending_count = 0
         AND NOT EXISTS (SELECT 1 FROM chg WHERE chg.doc = doc.id AND chg.state IN (0, 1, 4))
         AND NOT EXISTS (SELECT 1 FROM photo WHERE photo.doc = doc.id AND photo.state < 3)",
    )?;
    let ids = statement
        .query_map([], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        remove(c, DocId::from_slice(&id)?)?;
    }
    Ok(())
}

fn remove(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    for sql in [
        "DELETE FROM chg WHERE doc = ?1",
        "DELETE FROM hazard_view WHERE doc = ?1",
        "DELETE FROM campaign_view WHERE doc = ?1",
        "DELETE FROM repair_doc WHERE doc = ?1",
        "DELETE FROM doc WHERE id = ?1",
    ] {
        c.prepare_cached(sql)?.execute([doc.as_bytes()])?;
    }
    Ok(())
}
