//! Groups: documents that declare to be the same hazard, and which of them counts.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::StateCode,
    grouping::Counting,
    record::{AreaPath, DocId},
};

use super::{StorageError, Tx, Value, column::Stored, docs::ids, table::table};

/// A document, and the document whose hazard it declares to be.
pub type Link = (DocId, DocId);

/// The search of a group stops once it has this many documents. Authors do not link that many, and an unbounded group
/// would make each projection of it slower.
const MEMBERS: usize = 64;

table! {
    /// Which document declares to be the hazard of another.
    const HAZARD_LINK in "hazard_link" key 3 {
        space: AreaPath,
        doc: DocId,
        target: DocId,
    }
}

/// The links from and to these documents.
///
/// # Errors
/// [`StorageError`].
pub fn around(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<BTreeSet<Link>, StorageError> {
    let mut found = BTreeSet::new();
    for column in ["doc", "target"] {
        let sql =
            format!("SELECT doc, target FROM hazard_link WHERE space = $1 AND {column} IN (?)");
        let rows = tx.all_of(&sql, &[space.as_str().into()], &ids(docs), |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            Ok((doc, DocId::from_slice(&row.bytes(1)?)?))
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// The group of a document: all documents linked with it, directly or indirectly, including itself, and their links.
///
/// # Errors
/// [`StorageError`].
pub fn group(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
) -> Result<(BTreeSet<DocId>, BTreeSet<Link>), StorageError> {
    let (mut members, mut links) = (BTreeSet::from([doc]), BTreeSet::new());
    let mut next = vec![doc];
    while !next.is_empty() && members.len() < MEMBERS {
        let found = around(tx, space, &next)?;
        next = found
            .iter()
            .flat_map(|(a, b)| [*a, *b])
            .filter(|other| members.insert(*other))
            .collect();
        links.extend(found);
    }
    Ok((members, links))
}

/// Replaces the documents that `doc` links to.
///
/// # Errors
/// [`StorageError`].
pub fn replace(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    targets: &[DocId],
) -> Result<(), StorageError> {
    let (within, own) = (Value::Text(space.as_str()), Value::Bytes(doc.as_bytes()));
    tx.execute(
        "DELETE FROM hazard_link WHERE space = $1 AND doc = $2",
        &[within, own],
    )?;
    let values: Vec<Value<'_>> = targets
        .iter()
        .flat_map(|target| [within, own, target.as_bytes().into()])
        .collect();
    HAZARD_LINK.insert(tx, &values, "ON CONFLICT DO NOTHING")
}

/// Those of these documents that are merged or do not count for themselves.
///
/// # Errors
/// [`StorageError`].
pub fn uncommon(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<DocId>, StorageError> {
    let merged = StateCode::MERGED.0;
    let sql = format!(
        "SELECT doc FROM hazard WHERE space = $1 AND (counts <> 1 OR state = {merged}) AND doc IN (?)"
    );
    tx.all_of(&sql, &[space.as_str().into()], &ids(docs), |row| {
        Ok(DocId::from_slice(&row.bytes(0)?)?)
    })
}

/// Sets how a document counts, and whether it is listed as open. A row that this changes gets the next number of its
/// space's change counter.
///
/// # Errors
/// [`StorageError`].
pub fn set_counts(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    counts: Counting,
    is_open: bool,
) -> Result<(), StorageError> {
    let changed = tx.execute(
        "UPDATE hazard SET counts = $1, is_open = $2
         WHERE space = $3 AND doc = $4 AND (counts <> $1 OR is_open <> $2)",
        &[counts.value(), is_open.value(), space.value(), doc.value()],
    )?;
    if changed > 0 {
        tx.execute(
            "UPDATE projection_mark SET changed = changed + 1 WHERE space = $1",
            &[space.value()],
        )?;
        tx.execute(
            "UPDATE hazard SET changed = (SELECT changed FROM projection_mark WHERE space = $1)
             WHERE space = $1 AND doc = $2",
            &[space.value(), doc.value()],
        )?;
    }
    Ok(())
}
