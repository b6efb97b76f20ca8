//! Documents: their rows, and which of them a device lacks.

use std::collections::HashMap;

use sync_core::record::{AreaPath, Digest, DocId};

use super::{
    StorageError, Tx, Value,
    column::Stored,
    spaces::area,
    table::{Table, table},
};

table! {
    /// A document's row.
    pub struct Doc in "doc" key 2 {
        /// Its space.
        space: AreaPath,
        /// The document.
        id: DocId,
        /// Its area path.
        path: AreaPath,
        /// The sequence number at which it was moved to this path.
        path_seq: u64,
        /// The sequence number of its newest change.
        last_seq: u64,
        /// The number of its changes.
        changes = "change_count": u64,
        /// The digest of its changes.
        digest: Digest,
        /// Bytes of all changes.
        total_bytes: u64,
        /// The snapshot contains the changes up to this sequence number.
        snap_seq: u64,
        /// The number of changes after the snapshot.
        tail_count: u64,
        /// The bytes of the changes after the snapshot.
        tail_bytes: u64,
    }
}

/// Deletes the rows of these documents of a space from a table whose column `doc` names the document.
///
/// # Errors
/// [`StorageError`].
pub(super) fn delete_rows(
    tx: &mut dyn Tx,
    table: &str,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<(), StorageError> {
    let sql = format!("DELETE FROM {table} WHERE space = $1 AND doc IN (?) RETURNING space");
    tx.all_of(&sql, &[space.as_str().into()], &ids(docs), |_| Ok(()))?;
    Ok(())
}

impl Doc {
    /// The table without what depends on the snapshot, which each database makes for itself.
    pub(crate) const WITHOUT_SNAPSHOT: Table = Self::TABLE.first(8);
}

table! {
    /// Which space a document is in.
    const DOC_SPACE in "doc_space" key 1 {
        doc: DocId,
        space: AreaPath,
    }
}

table! {
    /// Documents that left a path.
    const DOC_EXIT in "doc_exit" key 2 {
        space: AreaPath,
        seq: u64,
        path: AreaPath,
        doc: DocId,
    }
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
        &format!(
            "SELECT {} FROM doc d WHERE d.space = $1 AND d.id IN (?)",
            Doc::TABLE.names_of("d")
        ),
        &[space.as_str().into()],
        &ids(docs),
        Doc::read,
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

/// Inserts the rows of new documents.
///
/// # Errors
/// [`StorageError`]; also if another transaction inserted one of them first.
pub fn begin(tx: &mut dyn Tx, docs: &[&Doc]) -> Result<(), StorageError> {
    let spaces: Vec<Value<'_>> = docs
        .iter()
        .flat_map(|doc| [doc.id.as_bytes().into(), doc.space.as_str().into()])
        .collect();
    DOC_SPACE.insert(tx, &spaces, "")?;
    write(tx, docs, "")
}

/// Writes the rows of documents that have new changes.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, docs: &[&Doc]) -> Result<(), StorageError> {
    write(tx, docs, &Doc::TABLE.replace())
}

/// Writes copied documents and the space of each. They have no snapshot here: every change counts as coming after it.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn put_unfolded(tx: &mut dyn Tx, docs: &[Doc]) -> Result<(), StorageError> {
    let unfolded: Vec<Doc> = docs
        .iter()
        .map(|doc| Doc {
            snap_seq: 0,
            tail_count: doc.changes,
            tail_bytes: doc.total_bytes,
            ..doc.clone()
        })
        .collect();
    put(tx, &unfolded.iter().collect::<Vec<_>>())?;
    let spaces = unfolded
        .iter()
        .flat_map(|doc| [doc.id.value(), doc.space.value()]);
    let spaces: Vec<Value<'_>> = spaces.collect();
    DOC_SPACE.insert(tx, &spaces, &DOC_SPACE.replace())
}

fn write(tx: &mut dyn Tx, docs: &[&Doc], conflict: &str) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = docs.iter().flat_map(|doc| doc.values()).collect();
    Doc::TABLE.insert(tx, &values, conflict)
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
    let columns = Doc::TABLE.names_of("d");
    let after = after.map_or([0xff; 16], |doc| doc.0);
    let limit = Value::Int(limit as i64);
    if space == within {
        let sql = format!(
            "SELECT {columns} FROM doc d WHERE d.space = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3"
        );
        return tx.all(
            &sql,
            &[space.as_str().into(), after.as_slice().into(), limit],
            Doc::read,
        );
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {columns} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.id < $1
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
    tx.all(&sql, &values, Doc::read)
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
    let columns = Doc::TABLE.names_of("d");
    let (after, limit) = (Value::Int(after.cast_signed()), Value::Int(limit as i64));
    if space == within {
        let sql = format!(
            "SELECT {columns} FROM doc d WHERE d.space = $1 AND d.last_seq > $2 ORDER BY d.last_seq LIMIT $3"
        );
        return tx.all(&sql, &[space.as_str().into(), after, limit], Doc::read);
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {columns} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.last_seq > $1
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
    tx.all(&sql, &values, Doc::read)
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
