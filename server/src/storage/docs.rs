//! Documents: their rows, and which of them a device lacks.

use std::collections::HashMap;

use sync_core::record::{AreaPath, Digest, DocId};

use super::{Row, StorageError, Tx, Value, spaces::area};

/// A document's row.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The document.
    pub id: DocId,
    /// Its space.
    pub space: AreaPath,
    /// Its area path.
    pub path: AreaPath,
    /// The sequence number at which it was moved to this path.
    pub path_seq: u64,
    /// The sequence number of its newest change.
    pub last_seq: u64,
    /// The number of its changes.
    pub changes: u64,
    /// The digest of its changes.
    pub digest: Digest,
    /// The snapshot contains the changes up to this sequence number.
    pub snap_seq: u64,
    /// The number of changes after the snapshot.
    pub tail_count: u64,
    /// The bytes of the changes after the snapshot.
    pub tail_bytes: u64,
    /// Bytes of all changes.
    pub total_bytes: u64,
}

const COLUMNS: &str =
    "d.id, d.space, d.path, d.path_seq, d.last_seq, d.change_count, d.digest, d.snap_seq,
  d.tail_count, d.tail_bytes, d.total_bytes";

fn read(row: &dyn Row) -> Result<Doc, StorageError> {
    let int = |column| row.int(column).map(i64::unsigned_abs);
    Ok(Doc {
        id: DocId::from_slice(&row.bytes(0)?)?,
        space: area(&row.text(1)?)?,
        path: area(&row.text(2)?)?,
        path_seq: int(3)?,
        last_seq: int(4)?,
        changes: int(5)?,
        digest: Digest::from_slice(&row.bytes(6)?),
        snap_seq: int(7)?,
        tail_count: int(8)?,
        tail_bytes: int(9)?,
        total_bytes: int(10)?,
    })
}

/// The spaces of these documents; unknown documents are absent.
///
/// # Errors
/// [`StorageError`].
pub fn spaces_of(
    tx: &mut dyn Tx,
    docs: impl IntoIterator<Item = DocId>,
) -> Result<HashMap<DocId, AreaPath>, StorageError> {
    let docs: Vec<DocId> = docs.into_iter().collect();
    let found = tx.all_of(
        "SELECT doc, space FROM doc_space WHERE doc IN (?)",
        &[],
        &ids(&docs),
        |row| Ok((DocId::from_slice(&row.bytes(0)?)?, area(&row.text(1)?)?)),
    )?;
    Ok(found.into_iter().collect())
}

pub(super) fn ids(docs: &[DocId]) -> Vec<Value<'_>> {
    docs.iter()
        .map(|doc| Value::Bytes(doc.as_bytes()))
        .collect()
}

/// Those of these documents that a space has.
///
/// # Errors
/// [`StorageError`].
pub fn of(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<Vec<Doc>, StorageError> {
    tx.all_of(
        &format!("SELECT {COLUMNS} FROM doc d WHERE d.space = $1 AND d.id IN (?)"),
        &[space.as_str().into()],
        &ids(docs),
        read,
    )
}

/// A document.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: DocId) -> Result<Option<Doc>, StorageError> {
    let Some(space) = spaces_of(tx, [id])?.remove(&id) else {
        return Ok(None);
    };
    Ok(of(tx, &space, &[id])?.pop())
}

const WRITTEN: &str =
    "doc (space, id, path, path_seq, last_seq, change_count, digest, snap_seq, tail_count, tail_bytes,
       total_bytes)";

/// Inserts the rows of new documents.
///
/// # Errors
/// [`StorageError`]; also if another transaction inserted one of them first.
pub fn begin(tx: &mut dyn Tx, docs: &[&Doc]) -> Result<(), StorageError> {
    let spaces: Vec<Value<'_>> = docs
        .iter()
        .flat_map(|doc| [doc.id.as_bytes().into(), doc.space.as_str().into()])
        .collect();
    tx.insert_all("doc_space (doc, space)", 2, &spaces, "")?;
    write(tx, docs, "")
}

/// Writes the rows of documents that have new changes.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, docs: &[&Doc]) -> Result<(), StorageError> {
    write(
        tx,
        docs,
        "ON CONFLICT (space, id) DO UPDATE SET path = excluded.path, path_seq = excluded.path_seq,
           last_seq = excluded.last_seq, change_count = excluded.change_count, digest = excluded.digest,
           snap_seq = excluded.snap_seq, tail_count = excluded.tail_count, tail_bytes = excluded.tail_bytes,
           total_bytes = excluded.total_bytes",
    )
}

fn write(tx: &mut dyn Tx, docs: &[&Doc], then: &str) -> Result<(), StorageError> {
    let int = |value: u64| Value::Int(value.cast_signed());
    let digests: Vec<_> = docs.iter().map(|doc| doc.digest.to_bytes()).collect();
    let values: Vec<Value<'_>> = docs
        .iter()
        .zip(&digests)
        .flat_map(|(doc, digest)| {
            [
                doc.space.as_str().into(),
                doc.id.as_bytes().into(),
                doc.path.as_str().into(),
                int(doc.path_seq),
                int(doc.last_seq),
                int(doc.changes),
                digest.as_slice().into(),
                int(doc.snap_seq),
                int(doc.tail_count),
                int(doc.tail_bytes),
                int(doc.total_bytes),
            ]
        })
        .collect();
    tx.insert_all(WRITTEN, 11, &values, then)
}

/// Documents of an area from the newest to the oldest id, starting after the id `after`.
///
/// # Errors
/// [`StorageError`].
pub fn backfill(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: Option<DocId>,
    limit: usize,
) -> Result<Vec<Doc>, StorageError> {
    let after = after.map_or([0xff; 16], |doc| doc.0);
    let limit = Value::Int(limit as i64);
    if space == within {
        let sql = format!(
            "SELECT {COLUMNS} FROM doc d WHERE d.space = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3"
        );
        return tx.all(
            &sql,
            &[space.as_str().into(), after.as_slice().into(), limit],
            read,
        );
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {COLUMNS} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.id < $1
         WHERE p.space = $2 AND (p.path = $3 OR (p.path >= $4 AND p.path < $5)) ORDER BY d.id DESC LIMIT $6"
    );
    let values = [
        after.as_slice().into(),
        space.as_str().into(),
        within.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        limit,
    ];
    tx.all(&sql, &values, read)
}

/// Paths of a space whose sum of changes or documents differs from the documents with that path.
///
/// # Errors
/// [`StorageError`].
pub fn wrong_sums(tx: &mut dyn Tx, space: &AreaPath) -> Result<Vec<String>, StorageError> {
    tx.all(
        "SELECT p.path FROM path_sum p LEFT JOIN doc d ON d.space = p.space AND d.path = p.path
         WHERE p.space = $1 GROUP BY p.path, p.change_count, p.doc_count
         HAVING COALESCE(SUM(d.change_count), 0) <> p.change_count OR COUNT(d.id) <> p.doc_count ORDER BY p.path",
        &[space.as_str().into()],
        |row| row.text(0),
    )
}

/// Documents of an area that changed after a sequence number, ordered by their newest change.
///
/// # Errors
/// [`StorageError`].
pub fn tail(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: u64,
    limit: usize,
) -> Result<Vec<Doc>, StorageError> {
    let (after, limit) = (Value::Int(after.cast_signed()), Value::Int(limit as i64));
    if space == within {
        let sql = format!(
            "SELECT {COLUMNS} FROM doc d WHERE d.space = $1 AND d.last_seq > $2 ORDER BY d.last_seq LIMIT $3"
        );
        return tx.all(&sql, &[space.as_str().into(), after, limit], read);
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {COLUMNS} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.last_seq > $1
         WHERE p.last_seq > $1 AND p.space = $2 AND (p.path = $3 OR (p.path >= $4 AND p.path < $5))
         ORDER BY d.last_seq LIMIT $6"
    );
    let values = [
        after,
        space.as_str().into(),
        within.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        limit,
    ];
    tx.all(&sql, &values, read)
}

/// Documents that left an area after one sequence number and up to another.
///
/// # Errors
/// [`StorageError`].
pub fn exits(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: u64,
    upto: u64,
) -> Result<Vec<DocId>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT doc FROM doc_exit WHERE space = $1 AND seq > $2 AND seq <= $3
         AND (path = $4 OR (path >= $5 AND path < $6)) ORDER BY seq",
        &[
            space.as_str().into(),
            after.cast_signed().into(),
            upto.cast_signed().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )
}

/// Every document of an area with its digest, for reconciliation.
///
/// # Errors
/// [`StorageError`].
pub fn digests(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
) -> Result<Vec<(DocId, Digest)>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT id, digest FROM doc WHERE space = $1 AND (path = $2 OR (path >= $3 AND path < $4))",
        &[
            space.as_str().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| {
            Ok((
                DocId::from_slice(&row.bytes(0)?)?,
                Digest::from_slice(&row.bytes(1)?),
            ))
        },
    )
}
