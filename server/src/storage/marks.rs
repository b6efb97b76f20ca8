//! How far each space's log is projected, and which process holds the lease on its projection.

use std::collections::HashMap;

use sync_core::record::{AreaPath, ServerTime};

use super::{
    StorageError, Tx,
    column::{Column, Stored},
    spaces::{self, area},
    table::table,
};

/// What waits for the projection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// Spaces whose log has grown since they were last projected.
    pub grown: Vec<AreaPath>,
    /// Spaces with documents to be folded again.
    pub refolds: Vec<AreaPath>,
    /// Spaces with documents to be compared.
    pub comparisons: Vec<AreaPath>,
    /// Whether photos were stored that are not processed yet.
    pub photos: bool,
}

/// What waits for the projection, in one statement: it is asked every few seconds, and mostly nothing waits.
///
/// # Errors
/// [`StorageError`].
pub fn work(tx: &mut dyn Tx) -> Result<Work, StorageError> {
    let mut work = Work::default();
    tx.query(
        "SELECT 'grown', s.id FROM space s LEFT JOIN projection_mark m ON m.space = s.id
           WHERE s.head > COALESCE(m.seq, 0)
         UNION ALL SELECT DISTINCT 'refold', space FROM fold_queue
         UNION ALL SELECT DISTINCT 'compare', space FROM comparison_queue
         UNION ALL SELECT 'photos', '' WHERE EXISTS (SELECT 1 FROM arrived_photo)
         ORDER BY 2",
        &[],
        &mut |row| {
            let spaces = match row.text(0)?.as_str() {
                "grown" => &mut work.grown,
                "refold" => &mut work.refolds,
                "compare" => &mut work.comparisons,
                _ => {
                    work.photos = true;
                    return Ok(());
                }
            };
            spaces.push(AreaPath::read(row, 1)?);
            Ok(())
        },
    )?;
    Ok(work)
}

/// The number of changes of all spaces that are not projected yet.
///
/// # Errors
/// [`StorageError`].
pub fn lag(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    let lag = tx.first(
        "SELECT CAST(COALESCE(SUM(s.head - COALESCE(m.seq, 0)), 0) AS BIGINT)
         FROM space s LEFT JOIN projection_mark m ON m.space = s.id WHERE s.head > COALESCE(m.seq, 0)",
        &[],
        |row| u64::read(row, 0),
    )?;
    Ok(lag.unwrap_or(0))
}

table! {
    /// How far a space is projected.
    pub struct Mark in "projection_mark" key 1 {
        /// The space.
        space: AreaPath,
        /// The log is projected up to this sequence number.
        seq: u64,
        /// The counter of changes to the ledger of this space.
        changed: i64,
        /// The process that holds the lease, if one does.
        worker: Option<[u8; 16]>,
        /// End of the lease if it is not renewed.
        lease_until: ServerTime,
    }
}

impl Mark {
    /// The mark of a space that was never projected.
    fn start(space: &AreaPath) -> Self {
        Self {
            space: space.clone(),
            seq: 0,
            changed: 0,
            worker: None,
            lease_until: ServerTime(0),
        }
    }
}

/// The mark of a space.
///
/// # Errors
/// [`StorageError`].
pub fn mark(tx: &mut dyn Tx, space: &AreaPath) -> Result<Mark, StorageError> {
    let names = Mark::TABLE.names();
    let sql = format!("SELECT {names} FROM projection_mark WHERE space = $1");
    let mark = tx.first(&sql, &[space.value()], Mark::read)?;
    Ok(mark.unwrap_or_else(|| Mark::start(space)))
}

/// The marks of these spaces, in one statement; spaces that were never projected are absent.
///
/// # Errors
/// [`StorageError`].
pub fn marks<'s>(
    tx: &mut dyn Tx,
    spaces: impl IntoIterator<Item = &'s AreaPath>,
) -> Result<HashMap<AreaPath, Mark>, StorageError> {
    let keys: Vec<_> = spaces.into_iter().map(Stored::value).collect();
    let names = Mark::TABLE.names();
    let sql = format!("SELECT {names} FROM projection_mark WHERE space IN (?)");
    let found = tx.all_of(&sql, &[], &keys, Mark::read)?;
    Ok(found
        .into_iter()
        .map(|mark| (mark.space.clone(), mark))
        .collect())
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
pub fn advance(tx: &mut dyn Tx, to: &Mark) -> Result<(), StorageError> {
    Mark::TABLE.put_one(tx, to.values())
}

/// Releases every lease of a process.
///
/// # Errors
/// [`StorageError`].
pub fn release(tx: &mut dyn Tx, worker: [u8; 16]) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE projection_mark SET worker = NULL, lease_until = 0 WHERE worker = $1",
        &[worker.value()],
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
    let marks = marks(tx, upto.iter().map(|(space, _)| space))?;
    let reached = |(space, head): &(AreaPath, u64)| marks.get(space).map_or(0, |m| m.seq) >= *head;
    if !upto.iter().all(reached) {
        return Ok(());
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
