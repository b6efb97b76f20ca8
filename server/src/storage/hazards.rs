//! The ledger: rows for reviewers, and the list row that a device shows before it folds a document.

use std::collections::{BTreeSet, HashMap};

use sync_core::record::{AreaPath, CompoundId, DocId, ListRow};

use super::{Row, StorageError, Tx, Value, activities, docs::Doc, suggestions};

/// A row of the ledger.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Hazard {
    pub doc: Vec<u8>,
    pub space: String,
    pub path: String,
    pub as_of_seq: i64,
    pub changed: i64,
    pub state: i64,
    pub is_open: bool,
    pub cycle: i64,
    pub grade: String,
    pub code: String,
    pub category: String,
    pub flags: i64,
    pub compound: Option<Vec<u8>>,
    pub place: String,
    pub place_key: String,
    pub description: String,
    pub search: String,
    pub item_count: Option<i64>,
    pub found_at: i64,
    pub updated_at: i64,
    pub deadline: Option<i64>,
    pub event_count: i64,
    pub observation_count: i64,
    pub conflict_count: i64,
    pub photo_count: i64,
    pub latitude_e7: Option<i64>,
    pub longitude_e7: Option<i64>,
    pub crs: Option<String>,
    pub accuracy_cm: Option<i64>,
    pub problem: String,
    pub finder: Option<Vec<u8>>,
    pub outdoors: Option<Vec<u8>>,
    pub look: i64,
    pub registered: Option<i64>,
    pub due: Option<i64>,
    pub place_group: String,
}

pub(super) const COLUMNS: &str = "h.space, h.doc, h.path, h.as_of_seq, h.changed, h.state, h.is_open, h.cycle, h.grade, h.code,
  h.category, h.flags, h.compound, h.place, h.place_key, h.description, h.search, h.item_count, h.found_at,
  h.updated_at, h.deadline, h.event_count, h.observation_count, h.conflict_count, h.photo_count, h.latitude_e7,
  h.longitude_e7, h.crs, h.accuracy_cm, h.problem, h.finder, h.outdoors, h.look, h.registered, h.due,
  h.place_group";

pub(super) fn read(row: &dyn Row) -> Result<Hazard, StorageError> {
    Ok(Hazard {
        space: row.text(0)?,
        doc: row.bytes(1)?,
        path: row.text(2)?,
        as_of_seq: row.int(3)?,
        changed: row.int(4)?,
        state: row.int(5)?,
        is_open: row.int(6)? != 0,
        cycle: row.int(7)?,
        grade: row.text(8)?,
        code: row.text(9)?,
        category: row.text(10)?,
        flags: row.int(11)?,
        compound: row.opt_bytes(12)?,
        place: row.text(13)?,
        place_key: row.text(14)?,
        description: row.text(15)?,
        search: row.text(16)?,
        item_count: row.opt_int(17)?,
        found_at: row.int(18)?,
        updated_at: row.int(19)?,
        deadline: row.opt_int(20)?,
        event_count: row.int(21)?,
        observation_count: row.int(22)?,
        conflict_count: row.int(23)?,
        photo_count: row.int(24)?,
        latitude_e7: row.opt_int(25)?,
        longitude_e7: row.opt_int(26)?,
        crs: row.opt_text(27)?,
        accuracy_cm: row.opt_int(28)?,
        problem: row.text(29)?,
        finder: row.opt_bytes(30)?,
        outdoors: row.opt_bytes(31)?,
        look: row.int(32)?,
        registered: row.opt_int(33)?,
        due: row.opt_int(34)?,
        place_group: row.text(35)?,
    })
}

/// Writes rows of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, rows: &[&Hazard]) -> Result<(), StorageError> {
    let names = COLUMNS.replace("h.", "");
    let updates: Vec<String> = names
        .split(',')
        .map(str::trim)
        .skip(2)
        .map(|c| format!("{c} = excluded.{c}"))
        .collect();
    let then = format!(
        "ON CONFLICT (space, doc) DO UPDATE SET {}",
        updates.join(", ")
    );
    let values: Vec<Value<'_>> = rows.iter().flat_map(|h| values(h)).collect();
    tx.insert_all(&format!("hazard ({names})"), WIDTH, &values, &then)
}

/// The number of columns of the ledger.
const WIDTH: usize = 36;

fn values(h: &Hazard) -> [Value<'_>; WIDTH] {
    [
        h.space.as_str().into(),
        h.doc.as_slice().into(),
        h.path.as_str().into(),
        h.as_of_seq.into(),
        h.changed.into(),
        h.state.into(),
        i64::from(h.is_open).into(),
        h.cycle.into(),
        h.grade.as_str().into(),
        h.code.as_str().into(),
        h.category.as_str().into(),
        h.flags.into(),
        h.compound.as_deref().into(),
        h.place.as_str().into(),
        h.place_key.as_str().into(),
        h.description.as_str().into(),
        h.search.as_str().into(),
        h.item_count.into(),
        h.found_at.into(),
        h.updated_at.into(),
        h.deadline.into(),
        h.event_count.into(),
        h.observation_count.into(),
        h.conflict_count.into(),
        h.photo_count.into(),
        h.latitude_e7.into(),
        h.longitude_e7.into(),
        h.crs.as_deref().into(),
        h.accuracy_cm.into(),
        h.problem.as_str().into(),
        h.finder.as_deref().into(),
        h.outdoors.as_deref().into(),
        h.look.into(),
        h.registered.into(),
        h.due.into(),
        h.place_group.as_str().into(),
    ]
}

/// Deletes rows of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, space: &AreaPath, docs: &[&[u8]]) -> Result<(), StorageError> {
    let keys: Vec<Value<'_>> = docs.iter().map(|doc| Value::Bytes(doc)).collect();
    tx.all_of(
        "DELETE FROM hazard WHERE space = $1 AND doc IN (?) RETURNING state",
        &[space.as_str().into()],
        &keys,
        |row| row.int(0),
    )?;
    Ok(())
}

/// The list rows of those of these documents of one space whose ledger row is folded up to their newest change.
///
/// # Errors
/// [`StorageError`].
pub fn list_rows(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[Doc],
) -> Result<HashMap<DocId, ListRow>, StorageError> {
    let small = |value: i64| u16::try_from(value).unwrap_or(0);
    let count = |value: i64| u32::try_from(value).unwrap_or(0);
    let newest: HashMap<DocId, i64> = docs
        .iter()
        .map(|d| (d.id, d.last_seq.cast_signed()))
        .collect();
    let keys: Vec<Value<'_>> = docs.iter().map(|d| Value::Bytes(d.id.as_bytes())).collect();
    let rows = tx.all_of(
        "SELECT doc, as_of_seq, state, flags, code, place, description, found_at, updated_at, event_count,
           photo_count, compound, place_key
         FROM hazard WHERE space = $1 AND doc IN (?) AND problem = ''",
        &[space.as_str().into()],
        &keys,
        |r| {
            let row = ListRow {
                state: small(r.int(2)?),
                flags: small(r.int(3)?),
                code: r.text(4)?,
                place: r.text(5)?,
                description: r.text(6)?,
                found: r.int(7)?,
                updated: r.int(8)?,
                events: count(r.int(9)?),
                photos: count(r.int(10)?),
                compound: r.opt_bytes(11)?.map(|id| CompoundId::from_slice(&id)).transpose()?,
                place_key: Some(r.text(12)?).filter(|key| !key.is_empty()),
                activity: None,
            };
            Ok((DocId::from_slice(&r.bytes(0)?)?, r.int(1)?, row))
        },
    )?;
    let current = |(doc, as_of, row)| (newest.get(&doc) == Some(&as_of)).then_some((doc, row));
    Ok(rows.into_iter().filter_map(current).collect())
}

/// One row of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, space: &AreaPath, doc: DocId) -> Result<Option<Hazard>, StorageError> {
    tx.first(
        &format!("SELECT {COLUMNS} FROM hazard h WHERE h.space = $1 AND h.doc = $2"),
        &[space.as_str().into(), doc.as_bytes().into()],
        read,
    )
}

/// Marks the rows of documents as changed whose photos were stored, for at most `limit` photos. Returns the number of
/// photos.
///
/// # Errors
/// [`StorageError`].
pub fn take_photos(tx: &mut dyn Tx, limit: usize) -> Result<usize, StorageError> {
    let came = tx.all(
        "DELETE FROM blob_came WHERE hash IN (SELECT hash FROM blob_came ORDER BY hash LIMIT $1) RETURNING hash",
        &[Value::Int(limit as i64)],
        |row| row.bytes(0),
    )?;
    let mut rows = BTreeSet::new();
    for hash in &came {
        rows.extend(tx.all(
            "SELECT space, doc FROM blob_doc WHERE hash = $1",
            &[hash.as_slice().into()],
            |row| Ok((row.text(0)?, row.bytes(1)?)),
        )?);
    }
    // In the order of spaces, like every transaction that locks several marks, so that none deadlocks.
    for (space, doc) in rows {
        tx.execute(
            "UPDATE projection_mark SET changed = changed + 1 WHERE space = $1",
            &[space.as_str().into()],
        )?;
        tx.execute(
            "UPDATE hazard SET changed = (SELECT changed FROM projection_mark WHERE space = $1)
             WHERE space = $1 AND doc = $2",
            &[space.as_str().into(), doc.as_slice().into()],
        )?;
        activities::mark_changed(tx, &space, &doc)?;
        // The perceptual hash of the photo is known now.
        suggestions::ask(tx, &space, &[doc])?;
    }
    Ok(came.len())
}

/// Deletes the ledger, so that `worker` rebuilds it from the log. The counter of changes continues.
///
/// # Errors
/// [`StorageError`].
pub fn clear(tx: &mut dyn Tx, worker: &[u8], lease_until: i64) -> Result<(), StorageError> {
    for table in ["hazard", "hazard_link", "suggestion", "to_compare", "duty"] {
        tx.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    activities::clear(tx)?;
    tx.execute(
        "UPDATE projection_mark SET seq = 0, worker = $1, lease_until = $2",
        &[worker.into(), lease_until.into()],
    )?;
    Ok(())
}
