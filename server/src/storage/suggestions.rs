//! Suggestions: which documents are to be compared, and what was found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::record::{AreaPath, DocId};

use super::{
    StorageError, Tx, Value,
    column::Column,
    docs::{delete_rows, ids},
    table::table,
};

table! {
    /// Documents to be compared with others.
    const COMPARISON_QUEUE in "comparison_queue" key 2 {
        space: AreaPath,
        doc: DocId,
    }
}

/// Queues documents for comparison.
///
/// # Errors
/// [`StorageError`].
pub fn ask(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = docs
        .iter()
        .flat_map(|doc| [space.as_str().into(), doc.as_bytes().into()])
        .collect();
    COMPARISON_QUEUE.insert(tx, &values, "ON CONFLICT DO NOTHING")
}

/// Removes the next documents to be compared from the queue of a space and returns them.
///
/// # Errors
/// [`StorageError`].
pub fn take(tx: &mut dyn Tx, space: &AreaPath, limit: usize) -> Result<Vec<DocId>, StorageError> {
    let within = Value::Text(space.as_str());
    let docs = tx.all(
        "SELECT doc FROM comparison_queue WHERE space = $1 ORDER BY doc LIMIT $2",
        &[within, Value::Int(limit as i64)],
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )?;
    delete_rows(tx, "comparison_queue", space, &docs)?;
    Ok(docs)
}

table! {
    /// A stored suggestion.
    #[derive(PartialEq, Eq)]
    pub struct Kept in "suggestion" key 3 {
        /// The space of both documents.
        space: AreaPath,
        /// The smaller of both document ids.
        doc: DocId,
        /// The other document.
        other: DocId,
        /// The urgency; 0 is the most urgent.
        urgency: i64,
        /// In percent.
        score: i64,
        /// The signs that led to it, as JSON.
        signs: String,
    }
}

/// Suggestions about documents of a space, the most urgent first; documents without one are absent.
///
/// # Errors
/// [`StorageError`].
pub fn about(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<HashMap<DocId, Vec<Kept>>, StorageError> {
    let asked: BTreeSet<DocId> = docs.iter().copied().collect();
    let mut all = Vec::new();
    for column in ["doc", "other"] {
        let names = Kept::TABLE.names();
        let sql = format!("SELECT {names} FROM suggestion WHERE space = $1 AND {column} IN (?)");
        all.extend(tx.all_of(&sql, &[space.as_str().into()], &ids(docs), Kept::read)?);
    }
    all.sort_by_key(|s| (s.urgency, -s.score, s.doc, s.other));
    all.dedup();
    let mut found: HashMap<DocId, Vec<Kept>> = HashMap::new();
    for suggestion in all {
        for doc in [suggestion.doc, suggestion.other] {
            if asked.contains(&doc) {
                found.entry(doc).or_default().push(suggestion.clone());
            }
        }
    }
    Ok(found)
}

/// Replaces the suggestions about a document.
///
/// # Errors
/// [`StorageError`].
pub fn replace(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    now: &[Kept],
) -> Result<(), StorageError> {
    let within = Value::Text(space.as_str());
    for column in ["doc", "other"] {
        tx.execute(
            &format!("DELETE FROM suggestion WHERE space = $1 AND {column} = $2"),
            &[within, doc.as_bytes().into()],
        )?;
    }
    let values: Vec<Value<'_>> = now.iter().flat_map(Kept::values).collect();
    Kept::TABLE.insert(tx, &values, "ON CONFLICT DO NOTHING")
}

/// Those of these documents of a space about which there is a suggestion of this urgency.
///
/// # Errors
/// [`StorageError`].
pub fn with_urgency(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    urgency: i64,
) -> Result<BTreeSet<DocId>, StorageError> {
    let mut found = BTreeSet::new();
    for column in ["doc", "other"] {
        let sql = format!(
            "SELECT {column} FROM suggestion WHERE space = $1 AND urgency = $2 AND {column} IN (?)"
        );
        let values = [space.as_str().into(), urgency.into()];
        let rows = tx.all_of(&sql, &values, &ids(docs), |row| {
            Ok(DocId::from_slice(&row.bytes(0)?)?)
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// A position in the list of suggestions: urgency, score, and both documents.
pub type Position = (i64, i64, DocId, DocId);

/// Suggestions of a space in order, after a position, each with the paths of both documents.
///
/// # Errors
/// [`StorageError`].
pub fn list(
    tx: &mut dyn Tx,
    space: &AreaPath,
    urgency: Option<i64>,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<(Kept, [AreaPath; 2])>, StorageError> {
    let (least, most) = urgency.map_or((0, i64::MAX), |u| (u, u));
    let (at, score, doc, other) = after.unwrap_or((-1, 0, DocId([0; 16]), DocId([0; 16])));
    let names = Kept::TABLE.names_of("s");
    let sql = format!(
        "SELECT {names}, a.path, b.path FROM suggestion s
           JOIN hazard a ON a.space = s.space AND a.doc = s.doc
           JOIN hazard b ON b.space = s.space AND b.doc = s.other
         WHERE s.space = $1 AND s.urgency >= $2 AND s.urgency <= $3
           AND (s.urgency > $4 OR (s.urgency = $4 AND (s.score < $5 OR (s.score = $5
             AND (s.doc > $6 OR (s.doc = $6 AND s.other > $7))))))
         ORDER BY s.urgency, s.score DESC, s.doc, s.other LIMIT $8"
    );
    tx.all(
        &sql,
        &[
            space.as_str().into(),
            least.into(),
            most.into(),
            at.into(),
            score.into(),
            doc.as_bytes().into(),
            other.as_bytes().into(),
            limit.into(),
        ],
        |row| {
            Ok((
                Kept::read(row)?,
                [AreaPath::read(row, 6)?, AreaPath::read(row, 7)?],
            ))
        },
    )
}

/// Marks documents as changed in the ledger; the caller's transaction must hold the lock on the mark. Returns the new
/// change counter.
///
/// # Errors
/// [`StorageError`].
pub fn touch(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &BTreeSet<DocId>,
    mut changed: i64,
) -> Result<i64, StorageError> {
    for doc in docs {
        changed += 1;
        tx.execute(
            "UPDATE hazard SET changed = $1 WHERE space = $2 AND doc = $3",
            &[changed.into(), space.as_str().into(), doc.as_bytes().into()],
        )?;
    }
    Ok(changed)
}

/// The comparison digests of those of these documents that are in the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn comparison_digests(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<BTreeMap<DocId, i64>, StorageError> {
    let rows = tx.all_of(
        "SELECT doc, comparison_digest FROM hazard WHERE space = $1 AND doc IN (?)",
        &[space.as_str().into()],
        &ids(docs),
        |row| Ok((DocId::from_slice(&row.bytes(0)?)?, row.int(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}
