//! How far the ledger has followed each space's log, and which process follows it.

use sync_core::record::AreaPath;

use super::{
    StorageError, Tx,
    spaces::{self, area},
};

/// Spaces whose log has grown since they were projected.
///
/// # Errors
/// [`StorageError`].
pub fn behind(tx: &mut dyn Tx) -> Result<Vec<AreaPath>, StorageError> {
    tx.all(
        "SELECT s.id FROM space s LEFT JOIN projection_mark m ON m.space = s.id
         WHERE s.head > COALESCE(m.seq, 0) ORDER BY s.id",
        &[],
        |row| area(&row.text(0)?),
    )
}

/// How far a space is projected.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    /// Up to this number of its log.
    pub seq: u64,
    /// Changes to its ledger so far.
    pub changed: i64,
    /// The process that projects it, if one does.
    pub worker: Option<Vec<u8>>,
    /// Until then, if it moves no further; milliseconds UTC.
    pub lease_until: i64,
}

/// How far a space is projected, and by whom.
///
/// # Errors
/// [`StorageError`].
pub fn mark(tx: &mut dyn Tx, space: &AreaPath) -> Result<Mark, StorageError> {
    let mark = tx.first(
        "SELECT seq, changed, worker, lease_until FROM projection_mark WHERE space = $1",
        &[space.as_str().into()],
        |row| {
            Ok(Mark {
                seq: row.int(0)?.unsigned_abs(),
                changed: row.int(1)?,
                worker: row.opt_bytes(2)?,
                lease_until: row.int(3)?,
            })
        },
    )?;
    Ok(mark.unwrap_or_default())
}

/// As [`mark`], held until the transaction ends: two processes must not project a space at once.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, space: &AreaPath) -> Result<Mark, StorageError> {
    tx.execute(
        "INSERT INTO projection_mark (space, seq, changed) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
        &[space.as_str().into()],
    )?;
    tx.lock(
        "SELECT space FROM projection_mark WHERE space IN (?)",
        &[space.as_str().into()],
    )?;
    mark(tx, space)
}

/// Moves a mark that is held.
///
/// # Errors
/// [`StorageError`].
pub fn advance(tx: &mut dyn Tx, space: &AreaPath, to: &Mark) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE projection_mark SET seq = $1, changed = $2, worker = $3, lease_until = $4 WHERE space = $5",
        &[
            to.seq.cast_signed().into(),
            to.changed.into(),
            to.worker.as_deref().into(),
            to.lease_until.into(),
            space.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Gives back every lease of a process.
///
/// # Errors
/// [`StorageError`].
pub fn release(tx: &mut dyn Tx, worker: &[u8]) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE projection_mark SET worker = NULL, lease_until = 0 WHERE worker = $1",
        &[worker.into()],
    )?;
    Ok(())
}

/// Where a database notes how often its ledger was made, and up to where it is being made now.
const MAKING: &str = "ledger";

/// How the ledger is being made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// Times that it was begun.
    pub times: u64,
    /// Spaces that are not yet as far as when it was begun, and how far that was. Empty: the ledger is whole.
    pub upto: Vec<(AreaPath, u64)>,
}

/// How the ledger is being made.
///
/// # Errors
/// [`StorageError`].
pub fn making(tx: &mut dyn Tx) -> Result<Making, StorageError> {
    let bytes = spaces::meta(tx, MAKING)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut words = text.split_ascii_whitespace();
    let mut making = Making {
        times: words.next().and_then(|n| n.parse().ok()).unwrap_or(0),
        upto: Vec::new(),
    };
    while let (Some(space), Some(head)) = (words.next(), words.next()) {
        making
            .upto
            .push((area(space)?, head.parse().unwrap_or_default()));
    }
    Ok(making)
}

/// Notes that the ledger was emptied in this transaction: until every log is followed to its present head, it is a part.
///
/// # Errors
/// [`StorageError`].
pub fn begin_making(tx: &mut dyn Tx) -> Result<(), StorageError> {
    let times = making(tx)?.times + 1;
    let upto = spaces::list(tx)?.into_iter();
    let upto = upto.filter(|space| space.head > 0);
    let upto = upto.map(|space| (space.id, space.head)).collect();
    set_making(tx, &Making { times, upto })
}

/// Notes that the ledger is whole, if it is.
///
/// # Errors
/// [`StorageError`].
pub fn end_making(tx: &mut dyn Tx) -> Result<(), StorageError> {
    let Making { times, upto } = making(tx)?;
    for (space, head) in &upto {
        if mark(tx, space)?.seq < *head {
            return Ok(());
        }
    }
    let upto = Vec::new();
    set_making(tx, &Making { times, upto })
}

fn set_making(tx: &mut dyn Tx, making: &Making) -> Result<(), StorageError> {
    use std::fmt::Write;
    let mut text = making.times.to_string();
    for (space, head) in &making.upto {
        let _ = write!(text, " {space} {head}");
    }
    spaces::set_meta(tx, MAKING, text.as_bytes())
}
