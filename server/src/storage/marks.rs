//! How far each space's log is projected, and which process holds the lease on its projection.

use sync_core::record::AreaPath;

use super::{
    StorageError, Tx,
    spaces::{self, area},
};

/// Spaces whose log has grown since they were last projected.
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
    /// The log is projected up to this sequence number.
    pub seq: u64,
    /// The counter of changes to the ledger of this space.
    pub changed: i64,
    /// The process that holds the lease, if one does.
    pub worker: Option<Vec<u8>>,
    /// End of the lease if it is not renewed; milliseconds UTC.
    pub lease_until: i64,
}

/// The mark of a space; the default if it was never projected.
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

/// As [`mark`], with a row lock until the transaction ends: two processes must not project a space concurrently.
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

/// Writes a mark that the transaction has locked.
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

/// Releases every lease of a process.
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

/// The name of the database's note on the rebuild of its ledger: how often it began, and up to where it must go.
const MAKING: &str = "ledger";

/// Progress of the rebuild of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// How often a rebuild began.
    pub times: u64,
    /// Spaces that are not yet projected to the head they had when the rebuild began, with that head. Empty: the ledger
    /// is complete.
    pub upto: Vec<(AreaPath, u64)>,
}

/// Progress of the rebuild of the ledger.
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

/// Notes that this transaction emptied the ledger. The ledger is incomplete until every log is projected up to its
/// present head.
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

/// Notes that the ledger is complete, if every log is projected to the head at which the rebuild began.
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
