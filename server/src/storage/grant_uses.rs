//! Which grants authorise the events of a document, and of a path.

use std::collections::HashSet;

use sync_core::record::{AreaPath, DocId, GrantId};

use super::{StorageError, Tx, Value, docs::ids, table::table};

table! {
    /// Which grants the events of a document were made under, since which sequence number.
    const DOC_GRANT in "doc_grant" key 3 {
        space: AreaPath,
        doc: DocId,
        grant_id: GrantId,
        seq: u64,
    }
}

table! {
    /// The first use of a grant in a path: a device whose cursor is past it has the grant.
    const PATH_GRANT in "path_grant" key 3 {
        space: AreaPath,
        path: AreaPath,
        grant_id: GrantId,
        seq: u64,
    }
}

/// A grant that events of a document refer to, and the first change that does.
#[derive(Debug)]
pub struct GrantUse<'a> {
    /// The document.
    pub doc: DocId,
    /// The document is created in this transaction, so it has no stored uses.
    pub begun: bool,
    /// The document's area path.
    pub path: &'a AreaPath,
    /// The grant.
    pub grant: GrantId,
    /// The sequence number of the change.
    pub seq: u64,
}

/// Stores uses of grants, in the order of sequence numbers: the first for each document, and the first for each path.
///
/// # Errors
/// [`StorageError`].
pub fn note(tx: &mut dyn Tx, space: &AreaPath, uses: &[GrantUse<'_>]) -> Result<(), StorageError> {
    let (mut begun, mut older, mut by_path) = (Vec::new(), Vec::new(), Vec::new());
    let (mut in_doc, mut in_path) = (HashSet::new(), HashSet::new());
    for u in uses {
        let (space, seq) = (Value::from(space.as_str()), u.seq.cast_signed().into());
        if in_doc.insert((u.doc, u.grant)) {
            let values = if u.begun { &mut begun } else { &mut older };
            values.extend([
                space,
                u.doc.as_bytes().into(),
                u.grant.as_bytes().into(),
                seq,
            ]);
        }
        if in_path.insert((u.path, u.grant)) {
            by_path.extend([
                space,
                u.path.as_str().into(),
                u.grant.as_bytes().into(),
                seq,
            ]);
        }
    }
    DOC_GRANT.insert(tx, &begun, "")?;
    DOC_GRANT.insert(tx, &older, "ON CONFLICT DO NOTHING")?;
    PATH_GRANT.insert(tx, &by_path, "ON CONFLICT DO NOTHING")
}

/// The grants that events of these documents refer to.
///
/// # Errors
/// [`StorageError`].
pub fn of_docs(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<HashSet<GrantId>, StorageError> {
    let found = tx.all_of(
        "SELECT DISTINCT grant_id FROM doc_grant WHERE space = $1 AND doc IN (?)",
        &[space.as_str().into()],
        &ids(docs),
        |row| Ok(GrantId::from_slice(&row.bytes(0)?)?),
    )?;
    Ok(found.into_iter().collect())
}

/// Grants that were used in an area up to a sequence number: a device whose cursor is past it has them.
///
/// # Errors
/// [`StorageError`].
pub fn of_area(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    upto: u64,
) -> Result<Vec<GrantId>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT DISTINCT grant_id FROM path_grant WHERE space = $1 AND seq <= $2
         AND (path = $3 OR (path >= $4 AND path < $5))",
        &[
            space.as_str().into(),
            upto.cast_signed().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| Ok(GrantId::from_slice(&row.bytes(0)?)?),
    )
}
