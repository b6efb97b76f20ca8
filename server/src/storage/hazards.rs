//! The ledger as folded: rows for reviewers, and the row a phone lists before it folds.

use std::collections::{BTreeSet, HashMap};

use sync_core::record::{AreaPath, DocId, Row as ListRow};

use super::{Row, StorageError, Tx, Value, log::Doc, spaces::area};

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
}

const COLUMNS: &str = "h.space, h.doc, h.path, h.as_of_seq, h.changed, h.state, h.is_open, h.cycle, h.grade, h.code,
  h.category, h.flags, h.compound, h.place, h.place_key, h.description, h.search, h.item_count, h.found_at,
  h.updated_at, h.deadline, h.event_count, h.observation_count, h.conflict_count, h.photo_count, h.latitude_e7,
  h.longitude_e7, h.crs, h.accuracy_cm, h.problem";

fn read(row: &dyn Row) -> Result<Hazard, StorageError> {
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

/// Columns of the ledger.
const WIDTH: usize = 30;

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
    ]
}

/// The list rows of those of these records of one space that the ledger has as new as they are.
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
           photo_count
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
            };
            Ok((DocId::from_slice(&r.bytes(0)?)?, r.int(1)?, row))
        },
    )?;
    let current = |(doc, as_of, row)| (newest.get(&doc) == Some(&as_of)).then_some((doc, row));
    Ok(rows.into_iter().filter_map(current).collect())
}

/// What to look for in the ledger. Every part narrows.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Areas the caller may see; none means nothing.
    pub within: Vec<AreaPath>,
    /// Only of this space; the order of changes is one for each space.
    pub space: Option<AreaPath>,
    /// Only in this area.
    pub area: Option<AreaPath>,
    /// Only this kind.
    pub code: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this grade.
    pub grade: Option<String>,
    /// Only this state.
    pub state: Option<i64>,
    /// Only open, or only closed.
    pub open: Option<bool>,
    /// Only with this flag (one bit).
    pub flag: Option<i64>,
    /// Found at or after.
    pub found_from: Option<i64>,
    /// Found before.
    pub found_to: Option<i64>,
    /// Text that place, description, code or number contains.
    pub text: Option<String>,
    /// After this position (found_at, doc), newest first.
    pub after: Option<(i64, Vec<u8>)>,
    /// Changed after this number.
    pub changed_after: Option<i64>,
    /// Rows at most.
    pub limit: i64,
}

/// A WHERE clause under construction, its values in order of first use.
#[derive(Default)]
struct Where {
    sql: Vec<String>,
    values: Vec<Owned>,
}

enum Owned {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Where {
    fn add(&mut self, fragment: &str, values: impl IntoIterator<Item = Owned>) {
        let mut sql = fragment.to_owned();
        for value in values {
            self.values.push(value);
            sql = sql.replacen('?', &format!("${}", self.values.len()), 1);
        }
        self.sql.push(sql);
    }

    fn areas(&mut self, areas: &[AreaPath]) {
        let start = self.sql.len();
        for area in areas {
            let (from, to) = area.below();
            let own = Owned::Text(area.to_string());
            self.add(
                "(h.path = ? OR (h.path >= ? AND h.path < ?))",
                [own, Owned::Text(from), Owned::Text(to)],
            );
        }
        let any = self.sql.split_off(start);
        self.sql.push(if any.is_empty() {
            "1 = 0".to_owned()
        } else {
            format!("({})", any.join(" OR "))
        });
    }
}

fn conditions(q: &Query) -> Where {
    let mut w = Where::default();
    if let Some(space) = &q.space {
        w.add("h.space = ?", [Owned::Text(space.to_string())]);
    }
    w.areas(&q.within);
    if let Some(area) = &q.area {
        w.areas(std::slice::from_ref(area));
    }
    let texts = [
        ("h.code = ?", &q.code),
        ("h.category = ?", &q.category),
        ("h.grade = ?", &q.grade),
    ];
    for (sql, value) in texts {
        if let Some(value) = value {
            w.add(sql, [Owned::Text(value.clone())]);
        }
    }
    let ints = [
        ("h.state = ?", q.state),
        ("h.is_open = ?", q.open.map(i64::from)),
        ("(h.flags & ?) <> 0", q.flag),
        ("h.found_at >= ?", q.found_from),
        ("h.found_at < ?", q.found_to),
        ("h.changed > ?", q.changed_after),
    ];
    for (sql, value) in ints {
        if let Some(value) = value {
            w.add(sql, [Owned::Int(value)]);
        }
    }
    if let Some(text) = &q.text {
        let escaped = text
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        w.add(
            "h.search LIKE ? ESCAPE '\\'",
            [Owned::Text(format!("%{escaped}%"))],
        );
    }
    if let Some((found, doc)) = &q.after {
        let values = [
            Owned::Int(*found),
            Owned::Int(*found),
            Owned::Bytes(doc.clone()),
        ];
        w.add("(h.found_at < ? OR (h.found_at = ? AND h.doc < ?))", values);
    }
    w
}

/// Rows of the ledger, newest found first; with `changed_after`, in the order they changed.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx, q: &Query) -> Result<Vec<Hazard>, StorageError> {
    let mut w = conditions(q);
    w.values.push(Owned::Int(q.limit));
    let order = if q.changed_after.is_some() {
        "h.changed"
    } else {
        "h.found_at DESC, h.doc DESC"
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM hazard h WHERE {} ORDER BY {order} LIMIT ${}",
        w.sql.join(" AND "),
        w.values.len()
    );
    let values: Vec<Value<'_>> = w
        .values
        .iter()
        .map(|v| match v {
            Owned::Int(v) => Value::Int(*v),
            Owned::Text(v) => Value::Text(v),
            Owned::Bytes(v) => Value::Bytes(v),
        })
        .collect();
    tx.all(&sql, &values, read)
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

/// Marks the rows of photos that have come as changed, `limit` photos at most; returns how many photos.
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
            "SELECT r.space, r.doc FROM blob_space s JOIN blob_ref r ON r.space = s.space AND r.hash = s.hash
             WHERE s.hash = $1",
            &[hash.as_slice().into()],
            |row| Ok((row.text(0)?, row.bytes(1)?)),
        )?);
    }
    // In the order of spaces, as whoever holds several marks.
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
    }
    Ok(came.len())
}

/// Spaces whose log has grown since they were projected.
///
/// # Errors
/// [`StorageError`].
pub fn behind(tx: &mut dyn Tx) -> Result<Vec<AreaPath>, StorageError> {
    tx.all(
        "SELECT s.id FROM space s LEFT JOIN projection_mark m ON m.space = s.id
         WHERE s.head > COALESCE(m.seq, 0) ORDER BY s.id",
        &[],
        |row| area(&row.text(0)?),
    )
}

/// How far a space is projected.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    /// Up to this number of its log.
    pub seq: u64,
    /// Changes to its ledger so far.
    pub changed: i64,
    /// The process that projects it, if one does.
    pub worker: Option<Vec<u8>>,
    /// Until then, if it moves no further; milliseconds UTC.
    pub lease_until: i64,
}

/// How far a space is projected, and by whom.
///
/// # Errors
/// [`StorageError`].
pub fn mark(tx: &mut dyn Tx, space: &AreaPath) -> Result<Mark, StorageError> {
    let mark = tx.first(
        "SELECT seq, changed, worker, lease_until FROM projection_mark WHERE space = $1",
        &[space.as_str().into()],
        |row| {
            Ok(Mark {
                seq: row.int(0)?.unsigned_abs(),
                changed: row.int(1)?,
                worker: row.opt_bytes(2)?,
                lease_until: row.int(3)?,
            })
        },
    )?;
    Ok(mark.unwrap_or_default())
}

/// As [`mark`], held until the transaction ends: two processes must not project a space at once.
///
/// # Errors
/// [`StorageError`].
pub fn lock_mark(tx: &mut dyn Tx, space: &AreaPath) -> Result<Mark, StorageError> {
    tx.execute(
        "INSERT INTO projection_mark (space, seq, changed) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
        &[space.as_str().into()],
    )?;
    tx.lock(
        "SELECT seq FROM projection_mark WHERE space = $1",
        &[space.as_str().into()],
    )?;
    mark(tx, space)
}

/// Moves a mark that is held.
///
/// # Errors
/// [`StorageError`].
pub fn move_mark(tx: &mut dyn Tx, space: &AreaPath, to: &Mark) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE projection_mark SET seq = $1, changed = $2, worker = $3, lease_until = $4 WHERE space = $5",
        &[
            to.seq.cast_signed().into(),
            to.changed.into(),
            to.worker.as_deref().into(),
            to.lease_until.into(),
            space.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Gives back every lease of a process.
///
/// # Errors
/// [`StorageError`].
pub fn release(tx: &mut dyn Tx, worker: &[u8]) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE projection_mark SET worker = NULL, lease_until = 0 WHERE worker = $1",
        &[worker.into()],
    )?;
    Ok(())
}

/// Forgets the ledger, so that `worker` makes it anew from the log. The counter of changes goes on.
///
/// # Errors
/// [`StorageError`].
pub fn clear(tx: &mut dyn Tx, worker: &[u8], lease_until: i64) -> Result<(), StorageError> {
    tx.execute("DELETE FROM hazard", &[])?;
    tx.execute(
        "UPDATE projection_mark SET seq = 0, worker = $1, lease_until = $2",
        &[worker.into(), lease_until.into()],
    )?;
    Ok(())
}
