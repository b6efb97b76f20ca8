//! Several records of one hazard: who points at whom, and which of them counts.

use std::collections::BTreeSet;

use sync_core::record::{AreaPath, DocId};

use super::{StorageError, Tx, Value, docs::ids};

/// A record, and the one that it says it is.
pub type Link = (DocId, DocId);

/// Records of one group that are looked at: no person links more, and a list that grows without end must not make
/// every projection of it slower.
const MEMBERS: usize = 64;

/// The links of these records, both ways.
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

/// All records that are linked with one, itself among them, and their links.
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

/// Replaces the records that one points at.
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
    tx.insert_all(
        "hazard_link (space, doc, target)",
        3,
        &values,
        "ON CONFLICT DO NOTHING",
    )
}

/// Says how a record counts: 0 another does, 1 this one, 2 this one although it says it is elsewhere.
///
/// # Errors
/// [`StorageError`].
pub fn set_counts(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    counts: i64,
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE hazard SET counts = $1 WHERE space = $2 AND doc = $3",
        &[counts.into(), space.as_str().into(), doc.as_bytes().into()],
    )?;
    Ok(())
}
