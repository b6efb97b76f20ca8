//! Spaces, the heads of their logs, and the sums of their paths.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    record::{AreaPath, Digest, LogEpoch},
    wire::page::Sum,
};

use super::{
    StorageError, Tx, Value,
    column::{Column, Stored},
    table::table,
};

/// A space: the log of one county or of a higher area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Its path, which is also its identifier.
    pub id: AreaPath,
    /// The present log epoch.
    pub log: LogEpoch,
    /// The highest sequence number of the log.
    pub head: u64,
}

/// What the documents of one path add up to.
#[derive(Debug, Clone, Copy, Default)]
pub struct PathSum {
    /// Highest sequence number of its documents.
    pub last_seq: u64,
    /// The number of documents.
    pub docs: i64,
    /// Count and digest of their changes.
    pub sum: Sum,
}

table! {
    /// What each path holds.
    const PATH_SUM in "path_sum" key 2 {
        space: AreaPath,
        path: AreaPath,
        last_seq: u64,
        doc_count: i64,
        change_count: u64,
        digest: Digest,
    }
}

pub(crate) fn area(text: &str) -> Result<AreaPath, StorageError> {
    text.parse()
        .map_err(|_| StorageError::Damaged(format!("{text:?} is not an area path")))
}

/// All spaces, in order.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Space>, StorageError> {
    tx.all(
        "SELECT id, log_epoch, head FROM space ORDER BY id",
        &[],
        |row| {
            Ok(Space {
                id: area(&row.text(0)?)?,
                log: LogEpoch::from_slice(&row.bytes(1)?)?,
                head: row.int(2)?.unsigned_abs(),
            })
        },
    )
}

/// The spaces that contain these areas: the space of the area itself or of an area above it.
///
/// # Errors
/// [`StorageError`].
pub fn covering(
    tx: &mut dyn Tx,
    areas: &BTreeSet<AreaPath>,
) -> Result<BTreeSet<AreaPath>, StorageError> {
    let above: BTreeSet<&str> = areas
        .iter()
        .flat_map(|area| {
            let text = area.as_str();
            let ends = text.match_indices('/').map(|(end, _)| end);
            ends.chain([text.len()]).map(move |end| &text[..end])
        })
        .collect();
    let keys: Vec<Value<'_>> = above.into_iter().map(Value::Text).collect();
    let found = tx.all_of("SELECT id FROM space WHERE id IN (?)", &[], &keys, |row| {
        area(&row.text(0)?)
    })?;
    Ok(found.into_iter().collect())
}

/// The space that an area belongs to: the deepest that covers it. Cities and the province may have their own spaces for
/// their own documents.
pub fn deepest<'s>(
    spaces: impl IntoIterator<Item = &'s AreaPath>,
    area: &AreaPath,
) -> Option<&'s AreaPath> {
    let covering = spaces.into_iter().filter(|space| space.covers(area));
    covering.max_by_key(|space| space.codes().count())
}

/// The spaces that contain these areas or lie within them.
///
/// # Errors
/// [`StorageError`].
pub fn touching(
    tx: &mut dyn Tx,
    areas: &BTreeSet<AreaPath>,
) -> Result<BTreeSet<AreaPath>, StorageError> {
    let mut found = covering(tx, areas)?;
    for within in areas {
        let (from, to) = within.below();
        found.extend(tx.all(
            "SELECT id FROM space WHERE id >= $1 AND id < $2",
            &[from.as_str().into(), to.as_str().into()],
            |row| area(&row.text(0)?),
        )?);
    }
    Ok(found)
}

/// One space.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: &AreaPath) -> Result<Option<Space>, StorageError> {
    tx.first(
        "SELECT log_epoch, head FROM space WHERE id = $1",
        &[id.as_str().into()],
        |row| {
            Ok(Space {
                id: id.clone(),
                log: LogEpoch::from_slice(&row.bytes(0)?)?,
                head: row.int(1)?.unsigned_abs(),
            })
        },
    )
}

/// The head of every space.
///
/// # Errors
/// [`StorageError`].
pub fn heads(tx: &mut dyn Tx) -> Result<HashMap<AreaPath, u64>, StorageError> {
    let found = tx.all("SELECT id, head FROM space", &[], |row| {
        Ok((AreaPath::read(row, 0)?, u64::read(row, 1)?))
    })?;
    Ok(found.into_iter().collect())
}

/// Creates a space, unless it exists.
///
/// # Errors
/// [`StorageError`].
pub fn create(tx: &mut dyn Tx, id: &AreaPath, log: LogEpoch) -> Result<(), StorageError> {
    let added = tx.execute(
        "INSERT INTO space (id, log_epoch, head) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
        &[id.as_str().into(), log.as_bytes().into()],
    )?;
    if added > 0 {
        tx.open_space(id.as_str())?;
    }
    Ok(())
}

/// Begins a new log epoch after a restore, so that devices reconcile before they read further pages.
///
/// # Errors
/// [`StorageError`].
pub fn renew_log(tx: &mut dyn Tx, id: &AreaPath, log: LogEpoch) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE space SET log_epoch = $1, epoch_start = head,
           safe_seq = CASE WHEN safe_seq < head THEN safe_seq ELSE head END WHERE id = $2",
        &[log.as_bytes().into(), id.as_str().into()],
    )?;
    Ok(())
}

/// The head at which the present log epoch began; `None` for the first epoch.
///
/// # Errors
/// [`StorageError`].
pub fn epoch_start(tx: &mut dyn Tx, id: &AreaPath) -> Result<Option<u64>, StorageError> {
    let start = tx.first(
        "SELECT epoch_start FROM space WHERE id = $1",
        &[id.as_str().into()],
        |row| row.opt_int(0),
    )?;
    Ok(start.flatten().map(i64::unsigned_abs))
}

/// The sequence number up to which an off-site backup holds the log; 0: none is known.
///
/// # Errors
/// [`StorageError`].
pub fn safe_mark(tx: &mut dyn Tx, id: &AreaPath) -> Result<u64, StorageError> {
    let sql = "SELECT safe_seq FROM space WHERE id = $1";
    let mark = tx.first(sql, &[id.value()], |row| row.int(0))?;
    Ok(mark.unwrap_or(0).unsigned_abs())
}

/// Raises the safe mark of a space, at most to its head. Returns the mark.
///
/// # Errors
/// [`StorageError`].
pub fn raise_safe_mark(tx: &mut dyn Tx, id: &AreaPath, seq: u64) -> Result<u64, StorageError> {
    let sql = "UPDATE space SET safe_seq = CASE WHEN $1 < head THEN $1 ELSE head END WHERE id = $2 AND safe_seq < $1";
    tx.execute(sql, &[seq.value(), id.value()])?;
    safe_mark(tx, id)
}

/// Locks the rows of these spaces until the transaction ends, in the order of their ids. Returns whether earlier reads
/// of the spaces may be stale.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, ids: &BTreeSet<AreaPath>) -> Result<bool, StorageError> {
    let keys: Vec<Value<'_>> = ids.iter().map(|id| Value::Text(id.as_str())).collect();
    tx.lock("SELECT id FROM space WHERE id IN (?)", &keys)
}

/// Raises the head by `count` and returns the new head. This is the last step before rows are inserted.
///
/// # Errors
/// [`StorageError`].
pub fn raise_head(tx: &mut dyn Tx, id: &AreaPath, count: usize) -> Result<u64, StorageError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let head = tx.first(
        "UPDATE space SET head = head + $1 WHERE id = $2 RETURNING head",
        &[count.into(), id.as_str().into()],
        |row| row.int(0),
    )?;
    head.map(i64::unsigned_abs)
        .ok_or_else(|| StorageError::Damaged(format!("space {id} has no row")))
}

/// The sums of these paths; paths without documents are absent.
///
/// # Errors
/// [`StorageError`].
pub fn path_sums<'p>(
    tx: &mut dyn Tx,
    space: &AreaPath,
    paths: impl IntoIterator<Item = &'p AreaPath>,
) -> Result<BTreeMap<AreaPath, PathSum>, StorageError> {
    let keys: Vec<Value<'_>> = paths.into_iter().map(|p| Value::Text(p.as_str())).collect();
    let found = tx.all_of(
        "SELECT path, last_seq, doc_count, change_count, digest FROM path_sum WHERE space = $1 AND path IN (?)",
        &[space.as_str().into()],
        &keys,
        |row| {
            let sum = Sum {
                changes: row.int(3)?.unsigned_abs(),
                digest: Digest::from_slice(&row.bytes(4)?),
            };
            let held = PathSum {
                last_seq: row.int(1)?.unsigned_abs(),
                docs: row.int(2)?,
                sum,
            };
            Ok((area(&row.text(0)?)?, held))
        },
    )?;
    Ok(found.into_iter().collect())
}

/// Writes the sums of paths.
///
/// # Errors
/// [`StorageError`].
pub fn set_path_sums(
    tx: &mut dyn Tx,
    space: &AreaPath,
    sums: &BTreeMap<AreaPath, PathSum>,
) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = sums
        .iter()
        .flat_map(|(path, sum)| {
            [
                space.value(),
                path.value(),
                sum.last_seq.value(),
                sum.docs.value(),
                sum.sum.changes.value(),
                sum.sum.digest.value(),
            ]
        })
        .collect();
    PATH_SUM.insert(tx, &values, &PATH_SUM.replace())
}

/// The sum over the paths of an area, and the highest sequence number in them.
///
/// # Errors
/// [`StorageError`].
pub fn area_sum(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
) -> Result<(Sum, u64), StorageError> {
    let (from, to) = within.below();
    let (mut sum, mut newest) = (Sum::default(), 0);
    tx.query(
        "SELECT change_count, digest, last_seq FROM path_sum
         WHERE space = $1 AND (path = $2 OR (path >= $3 AND path < $4))",
        &[
            space.as_str().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        &mut |row| {
            sum.changes += row.int(0)?.unsigned_abs();
            sum.digest = sum.digest.plus(Digest::from_slice(&row.bytes(1)?));
            newest = newest.max(row.int(2)?.unsigned_abs());
            Ok(())
        },
    )?;
    Ok((sum, newest))
}

/// Sets the log epoch and the head of a space whose log was copied as a whole.
///
/// # Errors
/// [`StorageError`].
pub fn set_head(
    tx: &mut dyn Tx,
    id: &AreaPath,
    log: LogEpoch,
    head: u64,
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE space SET log_epoch = $1, head = $2 WHERE id = $3",
        &[
            log.as_bytes().into(),
            head.cast_signed().into(),
            id.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Deletes a named value of the server.
///
/// # Errors
/// [`StorageError`].
pub fn delete_meta(tx: &mut dyn Tx, name: &str) -> Result<(), StorageError> {
    tx.execute("DELETE FROM meta WHERE name = $1", &[name.into()])?;
    Ok(())
}

/// A named value of the server.
///
/// # Errors
/// [`StorageError`].
pub fn meta(tx: &mut dyn Tx, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
    tx.first(
        "SELECT value FROM meta WHERE name = $1",
        &[name.into()],
        |row| row.bytes(0),
    )
}

/// Sets a named value of the server, unless it is already set.
///
/// # Errors
/// [`StorageError`].
pub fn set_meta_once(tx: &mut dyn Tx, name: &str, value: &[u8]) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[name.into(), value.into()],
    )?;
    Ok(())
}

/// Sets a named value of the server.
///
/// # Errors
/// [`StorageError`].
pub fn set_meta(tx: &mut dyn Tx, name: &str, value: &[u8]) -> Result<(), StorageError> {
    let value = Value::Bytes(value);
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), value],
    )?;
    Ok(())
}
