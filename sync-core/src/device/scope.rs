//! The scopes that a device holds, its cursor in each, and the sum of what it holds there.

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, enrolment, kept,
    states::{IN_LOG, ONLY_HERE, PhotoStep::Stored},
};
use crate::{
    record::{AreaPath, Digest, DocId, Grant, LogEpoch, ServerTime},
    wire::{
        encode,
        page::Sum,
        pull::{Cursor, Phase},
        session::Scope,
    },
};

/// A scope as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) cursor: Cursor,
    pub(super) sum: Sum,
    pub(super) repair: bool,
    /// The last session did not name it, and its grant has not ended: it is kept and not pulled.
    pub(super) paused: bool,
}

/// The position of a scope that has never pulled a page.
pub(super) const START: Phase = Phase::Backfill {
    after: None,
    head: 0,
};

impl Device {
    /// Applies the scopes of a session. A new scope starts with a backfill; a scope with a new log epoch is reconciled
    /// first. A scope that is not named is deleted if a named one covers it or no grant covers it any more. Otherwise
    /// it is paused: a server whose clock is wrong names no scope. `now`: the server's clock.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn set_scopes(&mut self, scopes: &[Scope], now: ServerTime) -> Result<(), DeviceError> {
        self.write(|tx, host| {
            // Either clock may be wrong: a grant has ended only when both clocks are past its end.
            let now = host.clock.now().0.min(now.0);
            let grants = enrolment::list_own_grants(tx)?;
            let stands = |g: &Grant| g.until.is_none_or(|until| now < until.0);
            let standing =
                |area: &AreaPath| grants.iter().any(|(_, g)| stands(g) && g.area.covers(area));
            let held = list(tx)?;
            for old in &held {
                let (space, area) = (&old.cursor.space, &old.cursor.area);
                let same = |s: &Scope| s.space == *space && s.area == *area;
                let within = |s: &Scope| s.space == *space && s.area.covers(area);
                let (key, named) = (
                    params![space.as_str(), area.as_str()],
                    scopes.iter().any(same),
                );
                if !named && (scopes.iter().any(within) || !standing(area)) {
                    tx.prepare_cached("DELETE FROM scope WHERE space = ?1 AND area = ?2")?
                        .execute(key)?;
                } else if named == old.paused {
                    let sql = "UPDATE scope SET paused = 1 - paused WHERE space = ?1 AND area = ?2";
                    tx.prepare_cached(sql)?.execute(key)?;
                }
            }
            place(tx, scopes.iter().map(|s| (&s.space, &s.area)))?;
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
            let standing = grants.iter().filter(|(_, g)| stands(g));
            leave_uncovered(tx, standing.map(|(_, g)| g.area.clone()))
        })
    }

    /// The cursor of every scope that is neither paused nor marked for reconciling.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn cursors(&self) -> Result<Vec<Cursor>, DeviceError> {
        let held = list(&self.connection)?;
        Ok(held
            .into_iter()
            .filter(|h| !h.repair && !h.paused)
            .map(|h| h.cursor)
            .collect())
    }

    /// Whether the last session named no scope, or not all that the device holds.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn lacks_scopes(&self) -> Result<bool, DeviceError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM scope) OR EXISTS (SELECT 1 FROM scope WHERE paused = 1)";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Number of scopes that are not paused.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn scope_count(&self) -> Result<u64, DeviceError> {
        let sql = "SELECT count(*) FROM scope WHERE paused = 0";
        let count: i64 = self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// Assigns documents to spaces. The server decides which log a document belongs to: that of the deepest space that
/// covers its path. Until a page confirms it, the device expects the deepest space that it knows.
fn place<'s>(
    c: &Connection,
    scopes: impl Iterator<Item = (&'s AreaPath, &'s AreaPath)>,
) -> Result<(), DeviceError> {
    let scopes: Vec<_> = scopes.collect();
    let mut statement =
        c.prepare_cached("SELECT DISTINCT path FROM doc WHERE change_count = 0 OR space = ''")?;
    let paths = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for path in paths {
        let Ok(place) = path.parse::<AreaPath>() else {
            continue;
        };
        if let Some(space) = deepest(scopes.iter().copied(), &place) {
            c.prepare_cached(
                "UPDATE doc SET space = ?2 WHERE path = ?1 AND (change_count = 0 OR space = '')",
            )?
            .execute(params![path, space.as_str()])?;
        }
    }
    Ok(())
}

/// The deepest space of the scopes that cover a place.
fn deepest<'s>(
    scopes: impl Iterator<Item = (&'s AreaPath, &'s AreaPath)>,
    place: &AreaPath,
) -> Option<&'s AreaPath> {
    scopes
        .filter(|(_, area)| area.covers(place))
        .map(|(space, _)| space)
        .max_by_key(|space| space.codes().count())
}

/// The space in which the device expects a new document; empty before the first session.
pub(super) fn expected(c: &Connection, place: &AreaPath) -> Result<String, DeviceError> {
    let held = list(c)?;
    let scopes = held.iter().map(|h| (&h.cursor.space, &h.cursor.area));
    Ok(deepest(scopes, place).map_or_else(String::new, |space| space.as_str().to_owned()))
}

fn insert(c: &Connection, scope: &Scope) -> Result<(), DeviceError> {
    let sum = sum_of_docs(c, &scope.space, &scope.area)?;
    let mut statement = c.prepare_cached(
        "INSERT INTO scope (space, area, log_epoch, phase, change_count, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        scope.space.as_str(),
        scope.area.as_str(),
        scope.log.as_bytes(),
        encode(&START),
        sum.changes as i64,
        sum.digest.to_bytes()
    ])?;
    Ok(())
}

const HELD: &str = "SELECT space, area, log_epoch, phase, change_count, digest, reconcile, last_notice, paused FROM scope";

pub(super) fn list(c: &Connection) -> Result<Vec<Held>, DeviceError> {
    let mut statement = c.prepare_cached(&format!("{HELD} ORDER BY space, area"))?;
    let mut rows = statement.query([])?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        held.push(read(row)?);
    }
    Ok(held)
}

/// The scope of a cursor, at any position.
pub(super) fn find(c: &Connection, at: &Cursor) -> Result<Option<Held>, DeviceError> {
    let mut statement = c.prepare_cached(&format!("{HELD} WHERE space = ?1 AND area = ?2"))?;
    let mut rows = statement.query(params![at.space.as_str(), at.area.as_str()])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &rusqlite::Row<'_>) -> Result<Held, DeviceError> {
    let path = |at: usize, name: &str| {
        let text: String = row.get(at)?;
        text.parse()
            .map_err(|cause| DeviceError::damaged_value(name, cause))
    };
    Ok(Held {
        cursor: Cursor {
            space: path(0, "space of a scope")?,
            area: path(1, "area of a scope")?,
            log: LogEpoch::from_slice(&row.get::<_, Vec<u8>>(2)?)?,
            phase: minicbor::decode(&row.get::<_, Vec<u8>>(3)?)?,
            revoked: None,
            notices: Some(row.get::<_, i64>(7)?.unsigned_abs()),
        },
        sum: Sum {
            changes: row.get::<_, i64>(4)?.unsigned_abs(),
            digest: Digest::from_slice(&row.get::<_, Vec<u8>>(5)?),
        },
        repair: row.get(6)?,
        paused: row.get(8)?,
    })
}

/// Moves the cursor, in the transaction that applied the page before it.
pub(super) fn advance(
    c: &Connection,
    at: &Cursor,
    log: LogEpoch,
    phase: Phase,
) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(
        "UPDATE scope SET log_epoch = ?3, phase = ?4 WHERE space = ?1 AND area = ?2",
    )?;
    statement.execute(params![
        at.space.as_str(),
        at.area.as_str(),
        log.as_bytes(),
        encode(&phase)
    ])?;
    Ok(())
}

pub(super) fn mark_repair(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE scope SET reconcile = 1 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str()])?;
    Ok(())
}

pub(super) fn end_repair(c: &Connection, at: &Cursor) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE scope SET reconcile = 0 WHERE space = ?1 AND area = ?2")?
        .execute(params![at.space.as_str(), at.area.as_str()])?;
    Ok(())
}

/// Replaces a document's old sum by its new one in every scope of its space that holds its path.
pub(super) fn move_sum(
    c: &Connection,
    (space, path): (&str, &AreaPath),
    old: Sum,
    new: Sum,
) -> Result<(), DeviceError> {
    for held in list(c)? {
        if held.cursor.space.as_str() == space && held.cursor.area.covers(path) {
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

/// The sum of a space's log in an area, counted from the documents.
pub(super) fn sum_of_docs(
    c: &Connection,
    space: &AreaPath,
    area: &AreaPath,
) -> Result<Sum, DeviceError> {
    let (from, to) = area.below();
    let mut statement = c.prepare_cached(
        "SELECT change_count, digest FROM doc
         WHERE (path = ?1 OR (path >= ?2 AND path < ?3)) AND space = ?4",
    )?;
    let mut rows = statement.query(params![area.as_str(), from, to, space.as_str()])?;
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

/// Marks documents that no scope and no valid grant covers as leaving, and removes those of them that have nothing to
/// send.
fn leave_uncovered(
    c: &Connection,
    standing: impl Iterator<Item = AreaPath>,
) -> Result<(), DeviceError> {
    let scopes = list(c)?.into_iter().map(|h| h.cursor.area);
    let areas: Vec<AreaPath> = scopes.chain(standing).collect();
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

/// Removes leaving documents that have no pending or refused change and no photo that is not stored.
pub(super) fn evict_leaving(c: &Connection) -> Result<(), DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT id FROM doc WHERE leaving = 1 AND pending_count = 0
         AND NOT EXISTS (SELECT 1 FROM chg WHERE chg.doc = doc.id AND chg.state IN {ONLY_HERE})
         AND NOT EXISTS (SELECT 1 FROM photo WHERE photo.doc = doc.id AND photo.state < {Stored})"
    ))?;
    let ids = statement
        .query_map([], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        remove(c, DocId::from_slice(&id)?)?;
    }
    Ok(())
}

fn remove(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    // Photos are kept without the acknowledged change that named them: the person may remove them, and after a restore
    // of the server they can be sent again.
    let keep_photos = format!(
        "UPDATE photo SET change = NULL WHERE doc = ?1 AND state = {Stored}
         AND change IN (SELECT hash FROM chg WHERE doc = ?1 AND state IN {IN_LOG})"
    );
    kept::keep(c, doc)?;
    for sql in [
        keep_photos.as_str(),
        "DELETE FROM chg WHERE doc = ?1",
        "DELETE FROM proof WHERE doc = ?1",
        "DELETE FROM absent WHERE doc = ?1",
        "DELETE FROM snapshot_proof WHERE doc = ?1",
        "DELETE FROM hazard_row WHERE doc = ?1",
        "DELETE FROM activity_row WHERE doc = ?1",
        "DELETE FROM reconcile_queue WHERE doc = ?1",
        "DELETE FROM doc WHERE id = ?1",
    ] {
        c.prepare_cached(sql)?.execute([doc.as_bytes()])?;
    }
    Ok(())
}
