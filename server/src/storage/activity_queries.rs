//! Queries on activities and inspections, and on their coverage.

use std::collections::{BTreeSet, HashMap};

use sync_core::record::{AreaPath, CompoundId, DeviceTime, DocId};

use super::{
    StorageError, Tx,
    activities::ActivityRow,
    column::{Column, Stored},
    docs::ids,
    ledger::{Owned, Where, narrow},
    spaces,
    spans::LASTS,
};

/// A query on activities and inspections. Every part narrows the result.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Areas that the caller may read; empty: no rows.
    pub within: Vec<AreaPath>,
    /// Only in this area.
    pub area: Option<AreaPath>,
    /// Only this type.
    pub r#type: Option<String>,
    /// Only of this compound.
    pub compound: Option<CompoundId>,
    /// Only in this state.
    pub state: Option<String>,
    /// Took place at or after this time.
    pub held_from: Option<i64>,
    /// Took place before this time.
    pub held_to: Option<i64>,
    /// After this position (held_at, doc), from the newest to the oldest.
    pub after: Option<(DeviceTime, DocId)>,
    /// Rows at most.
    pub limit: i64,
}

impl Query {
    fn areas(&self) -> BTreeSet<AreaPath> {
        narrow(&self.within, self.area.as_ref())
    }
}

/// Activities and inspections, last held first. Each space is queried separately.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx, q: &Query) -> Result<Vec<ActivityRow>, StorageError> {
    let (areas, mut rows) = (q.areas(), Vec::new());
    let columns = ActivityRow::TABLE.names_of("c");
    for space in spaces::touching(tx, &areas)? {
        let Some(mut w) = Where::within("c.space", &space, &areas) else {
            continue;
        };
        conditions(q, &mut w);
        // `limit` is set by this program, never by a caller.
        let sql = format!(
            "SELECT {columns} FROM activity c WHERE {} ORDER BY c.held_at DESC, c.doc DESC LIMIT {}",
            w.sql.join(" AND "),
            q.limit
        );
        rows.extend(tx.all(&sql, &w.values(), ActivityRow::read)?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.held_at, row.doc)));
    rows.truncate(usize::try_from(q.limit).unwrap_or(0));
    Ok(rows)
}

fn conditions(q: &Query, w: &mut Where) {
    // A document without a valid first event is in no list.
    w.add("c.state <> ?", [Owned::Text("void".to_owned())]);
    for (sql, value) in [("c.type = ?", &q.r#type), ("c.state = ?", &q.state)] {
        if let Some(value) = value {
            w.add(sql, [Owned::Text(value.clone())]);
        }
    }
    if let Some(compound) = &q.compound {
        w.add(
            "c.compound = ?",
            [Owned::Bytes(compound.as_bytes().to_vec())],
        );
    }
    for (sql, value) in [
        ("c.held_at >= ?", q.held_from),
        ("c.held_at < ?", q.held_to),
    ] {
        if let Some(value) = value {
            w.add(sql, [Owned::Int(value)]);
        }
    }
    if let Some((held, doc)) = &q.after {
        let values = [
            Owned::Int(held.0),
            Owned::Int(held.0),
            Owned::Bytes(doc.as_bytes().to_vec()),
        ];
        w.add("(c.held_at < ? OR (c.held_at = ? AND c.doc < ?))", values);
    }
}

/// Quantities of documents: names with sums in thousandths of the unit.
pub type Sums = HashMap<DocId, Vec<(String, i64)>>;

/// The quantities of documents of one space, with their sums in thousandths of the unit.
///
/// # Errors
/// [`StorageError`].
pub fn figures(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<Sums, StorageError> {
    let rows = tx.all_of(
        "SELECT doc, name, CAST(SUM(milli) AS BIGINT) FROM quantity
         WHERE space = $1 AND until = $2 AND name NOT LIKE 'record.%' AND doc IN (?)
         GROUP BY doc, name ORDER BY doc, name",
        &[space.as_str().into(), LASTS.value()],
        &ids(docs),
        |row| Ok((DocId::read(row, 0)?, row.text(1)?, row.int(2)?)),
    )?;
    let mut found = Sums::new();
    for (doc, name, milli) in rows {
        found.entry(doc).or_default().push((name, milli));
    }
    Ok(found)
}

/// How often a building or entrance was inspected.
#[derive(Debug, Clone)]
pub struct Visited {
    /// The compound.
    pub compound: CompoundId,
    /// The building, as `place_key` spells it.
    pub building: String,
    /// The entrance; empty: the building as a whole.
    pub unit: String,
    /// The number of inspections that reached it.
    pub inspections: i64,
    /// The number of these that are finished.
    pub finished: i64,
    /// When the last finished one began, milliseconds UTC by its author's clock.
    pub last: Option<i64>,
}

/// Buildings and entrances that inspections have reached in these areas, by compound; at most `limit` rows of each
/// space.
///
/// # Errors
/// [`StorageError`].
pub fn visited(
    tx: &mut dyn Tx,
    within: &[AreaPath],
    area: Option<&AreaPath>,
    limit: i64,
) -> Result<Vec<Visited>, StorageError> {
    let (areas, mut rows) = (narrow(within, area), Vec::new());
    for space in spaces::touching(tx, &areas)? {
        let Some(w) = Where::within("i.space", &space, &areas) else {
            continue;
        };
        let sql = format!(
            "SELECT i.compound, i.building, i.unit, COUNT(*), COUNT(CASE WHEN i.finished = 1 THEN 1 END),
               MAX(CASE WHEN i.finished = 1 THEN r.held_at END)
             FROM inspected_building i JOIN activity r ON r.space = i.space AND r.doc = i.doc
             WHERE {} AND r.state <> 'withdrawn' AND i.until = {}
             GROUP BY i.compound, i.building, i.unit ORDER BY i.compound, i.building, i.unit LIMIT {limit}",
            w.sql.join(" AND "),
            LASTS.0,
        );
        rows.extend(tx.all(&sql, &w.values(), |row| {
            Ok(Visited {
                compound: CompoundId::read(row, 0)?,
                building: row.text(1)?,
                unit: row.text(2)?,
                inspections: row.int(3)?,
                finished: row.int(4)?,
                last: row.opt_int(5)?,
            })
        })?);
    }
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(rows)
}

/// The numbers of compounds and of buildings that finished inspections have reached in these areas, each counted once.
///
/// # Errors
/// [`StorageError`].
pub fn covered(
    tx: &mut dyn Tx,
    within: &[AreaPath],
    area: Option<&AreaPath>,
) -> Result<(i64, i64), StorageError> {
    let areas = narrow(within, area);
    let (mut compounds, mut buildings) = (0, 0);
    for space in spaces::touching(tx, &areas)? {
        let Some(w) = Where::within("i.space", &space, &areas) else {
            continue;
        };
        let sql = format!(
            "SELECT COUNT(DISTINCT b.compound), COUNT(*) FROM (
               SELECT DISTINCT i.compound, i.building FROM inspected_building i
               JOIN activity r ON r.space = i.space AND r.doc = i.doc
               WHERE {} AND i.finished = 1 AND i.until = {}) AS b",
            w.sql.join(" AND "),
            LASTS.0,
        );
        let counted = tx.first(&sql, &w.values(), |row| Ok((row.int(0)?, row.int(1)?)))?;
        let (some, more) = counted.unwrap_or_default();
        compounds += some;
        buildings += more;
    }
    Ok((compounds, buildings))
}
