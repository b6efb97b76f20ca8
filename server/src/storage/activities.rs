//! Activities and inspections as folded, the quantities that count, and which buildings were inspected.

use std::collections::HashMap;

use sync_core::record::{AreaPath, DocId, ListRow};

use super::{Row, StorageError, Tx, Value, docs::Doc};

/// An activity or inspection as folded.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Record {
    pub space: String,
    pub doc: Vec<u8>,
    pub path: String,
    pub as_of_seq: i64,
    pub changed: i64,
    pub r#type: String,
    pub state: String,
    pub counts: bool,
    pub organ: Option<Vec<u8>>,
    pub compound: Option<Vec<u8>>,
    pub title: String,
    pub held_at: i64,
    pub updated_at: i64,
    pub event_count: i64,
    pub photo_count: i64,
    pub data: String,
    pub problem: String,
}

/// A quantity of a document that counts.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The document.
    pub doc: Vec<u8>,
    /// The name of the quantity.
    pub name: String,
    /// Distinguishes several quantities with one name.
    pub n: i64,
    /// The area path of the document.
    pub path: String,
    /// When it happened, milliseconds UTC by its author's clock.
    pub at: i64,
    /// Thousandths of the unit.
    pub milli: i64,
}

/// A building, or an entrance of it, that an inspection reached.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The inspection.
    pub doc: Vec<u8>,
    /// The compound.
    pub compound: Vec<u8>,
    /// The building, as `place_key` spells it.
    pub building: String,
    /// The entrance; empty: the building as a whole.
    pub unit: String,
    /// Whether the inspection was finished.
    pub finished: bool,
}

pub(super) const COLUMNS: &str = "c.space, c.doc, c.path, c.as_of_seq, c.changed, c.type, c.state, c.counts, c.organ, c.compound,
  c.title, c.held_at, c.updated_at, c.event_count, c.photo_count, c.data, c.problem";

/// The number of columns of `campaign_record`.
const WIDTH: usize = 17;

pub(super) fn read(row: &dyn Row) -> Result<Record, StorageError> {
    Ok(Record {
        space: row.text(0)?,
        doc: row.bytes(1)?,
        path: row.text(2)?,
        as_of_seq: row.int(3)?,
        changed: row.int(4)?,
        r#type: row.text(5)?,
        state: row.text(6)?,
        counts: row.int(7)? != 0,
        organ: row.opt_bytes(8)?,
        compound: row.opt_bytes(9)?,
        title: row.text(10)?,
        held_at: row.int(11)?,
        updated_at: row.int(12)?,
        event_count: row.int(13)?,
        photo_count: row.int(14)?,
        data: row.text(15)?,
        problem: row.text(16)?,
    })
}

fn values(r: &Record) -> [Value<'_>; WIDTH] {
    [
        r.space.as_str().into(),
        r.doc.as_slice().into(),
        r.path.as_str().into(),
        r.as_of_seq.into(),
        r.changed.into(),
        r.r#type.as_str().into(),
        r.state.as_str().into(),
        i64::from(r.counts).into(),
        r.organ.as_deref().into(),
        r.compound.as_deref().into(),
        r.title.as_str().into(),
        r.held_at.into(),
        r.updated_at.into(),
        r.event_count.into(),
        r.photo_count.into(),
        r.data.as_str().into(),
        r.problem.as_str().into(),
    ]
}

fn keys<'d>(docs: &[&'d [u8]]) -> Vec<Value<'d>> {
    docs.iter().map(|doc| Value::Bytes(doc)).collect()
}

/// Deletes the rows of these documents of a space from every table of this file, so that they are written as a whole;
/// and the ledger rows of those that are not hazards.
///
/// # Errors
/// [`StorageError`].
pub fn forget(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[&[u8]],
    no_hazards: &[&[u8]],
) -> Result<(), StorageError> {
    let (all, others) = (keys(docs), keys(no_hazards));
    let each = [
        (
            "DELETE FROM quantity WHERE space = $1 AND doc IN (?) RETURNING n",
            &all,
        ),
        (
            "DELETE FROM inspected WHERE space = $1 AND doc IN (?) RETURNING finished",
            &all,
        ),
        (
            "DELETE FROM campaign_record WHERE space = $1 AND doc IN (?) RETURNING counts",
            &all,
        ),
        (
            "DELETE FROM hazard WHERE space = $1 AND doc IN (?) RETURNING state",
            &others,
        ),
    ];
    for (sql, docs) in each {
        tx.all_of(sql, &[space.as_str().into()], docs, |row| row.int(0))?;
    }
    Ok(())
}

/// Inserts activities, inspections, quantities and visits, whose old rows were deleted before.
///
/// # Errors
/// [`StorageError`].
pub fn put(
    tx: &mut dyn Tx,
    space: &AreaPath,
    records: &[&Record],
    figures: &[&Figure],
    visits: &[&Visit],
) -> Result<(), StorageError> {
    let space = Value::from(space.as_str());
    let rows: Vec<Value<'_>> = records.iter().flat_map(|r| values(r)).collect();
    let into = format!("campaign_record ({})", COLUMNS.replace("c.", ""));
    tx.insert_all(&into, WIDTH, &rows, "")?;
    let figure = |f: &&Figure| {
        let f: &Figure = f;
        [f.n.into(), f.at.into(), f.milli.into()]
    };
    let rows: Vec<Value<'_>> = figures
        .iter()
        .flat_map(|f| {
            let [n, at, milli] = figure(f);
            [
                space,
                f.doc.as_slice().into(),
                f.name.as_str().into(),
                n,
                f.path.as_str().into(),
                at,
                milli,
            ]
        })
        .collect();
    tx.insert_all(
        "quantity (space, doc, name, n, path, at, milli)",
        7,
        &rows,
        "",
    )?;
    let rows: Vec<Value<'_>> = visits
        .iter()
        .flat_map(|v| {
            [
                space,
                v.doc.as_slice().into(),
                v.compound.as_slice().into(),
                v.building.as_str().into(),
                v.unit.as_str().into(),
                i64::from(v.finished).into(),
            ]
        })
        .collect();
    tx.insert_all(
        "inspected (space, doc, compound, building, unit, finished)",
        6,
        &rows,
        "",
    )
}

/// One activity or inspection.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, space: &AreaPath, doc: DocId) -> Result<Option<Record>, StorageError> {
    tx.first(
        &format!("SELECT {COLUMNS} FROM campaign_record c WHERE c.space = $1 AND c.doc = $2"),
        &[space.as_str().into(), doc.as_bytes().into()],
        read,
    )
}

/// The list rows of those of these documents of one space whose row is folded up to their newest change.
///
/// # Errors
/// [`StorageError`].
pub fn list_rows(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[Doc],
) -> Result<HashMap<DocId, ListRow>, StorageError> {
    let newest: HashMap<DocId, i64> = docs
        .iter()
        .map(|d| (d.id, d.last_seq.cast_signed()))
        .collect();
    let keys: Vec<Value<'_>> = docs.iter().map(|d| Value::Bytes(d.id.as_bytes())).collect();
    let rows = tx.all_of(
        &format!("SELECT {COLUMNS} FROM campaign_record c WHERE c.space = $1 AND c.doc IN (?) AND c.problem = ''"),
        &[space.as_str().into()],
        &keys,
        read,
    )?;
    let mut found = HashMap::new();
    for row in rows {
        let doc = DocId::from_slice(&row.doc)?;
        if newest.get(&doc) == Some(&row.as_of_seq) {
            found.insert(doc, list_row(row));
        }
    }
    Ok(found)
}

fn list_row(r: Record) -> ListRow {
    let count = |value: i64| u32::try_from(value).unwrap_or(0);
    let state = sync_core::activity::State::from_name(&r.state);
    ListRow {
        state: state.map_or(0, sync_core::activity::State::number),
        code: code(&r),
        description: r.title,
        found: r.held_at,
        updated: r.updated_at,
        events: count(r.event_count),
        photos: count(r.photo_count),
        activity: Some(r.r#type),
        ..ListRow::default()
    }
}

/// What a list shows as code: the activity type, or an inspection's template.
fn code(r: &Record) -> String {
    let data: serde_json::Value = serde_json::from_str(&r.data).unwrap_or_default();
    let template = data.get("template").and_then(serde_json::Value::as_str);
    match template.filter(|_| r.r#type == sync_core::catalogue::INSPECTION) {
        Some(template) => template.to_owned(),
        None => r.r#type.clone(),
    }
}

/// Marks a row as changed because one of its photos was stored: it gets the present value of its space's change
/// counter.
///
/// # Errors
/// [`StorageError`].
pub fn mark_changed(tx: &mut dyn Tx, space: &str, doc: &[u8]) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE campaign_record SET changed = (SELECT changed FROM projection_mark WHERE space = $1)
         WHERE space = $1 AND doc = $2",
        &[space.into(), doc.into()],
    )?;
    Ok(())
}

/// Deletes everything that is stored here; the projection rebuilds it from the log.
pub(super) fn clear(tx: &mut dyn Tx) -> Result<(), StorageError> {
    for table in ["campaign_record", "quantity", "inspected"] {
        tx.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    Ok(())
}
