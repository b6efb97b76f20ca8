//! Queries on the ledger: the rows that match, and how many there are.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::StateCode,
    grouping::Counting,
    record::{AreaPath, DeviceTime, DocId, ServerTime},
};

use super::{
    StorageError, Tx, Value,
    column::Column,
    hazards::HazardRow,
    spaces::{self, area},
};

/// A query on the ledger. Every part narrows the result.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Areas that the caller may read; empty: no rows.
    pub within: Vec<AreaPath>,
    /// Only of this space. Changes are numbered separately in each space.
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
    pub state: Option<StateCode>,
    /// Only open, or only closed.
    pub open: Option<bool>,
    /// Only with this flag (one bit).
    pub flag: Option<i64>,
    /// Only those whose state rests on two ids that are one person.
    pub one_person: bool,
    /// Found at or after this time.
    pub found_from: Option<i64>,
    /// Found before this time.
    pub found_to: Option<i64>,
    /// Text that the place, the description, the code or the name of the kind contains.
    pub text: Option<String>,
    /// After this position (found_at, doc), from the newest to the oldest.
    pub after: Option<(DeviceTime, DocId)>,
    /// Changed after this number of the space's change counter.
    pub changed_after: Option<i64>,
    /// Rows at most.
    pub limit: i64,
}

/// A WHERE clause under construction, its values in order of first use.
#[derive(Default)]
pub(super) struct Where {
    pub(super) sql: Vec<String>,
    values: Vec<Owned>,
}

pub(super) enum Owned {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Int(v) => Value::Int(*v),
            Self::Text(v) => Value::Text(v),
            Self::Bytes(v) => Value::Bytes(v),
        }
    }
}

impl Where {
    pub(super) fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(Owned::value).collect()
    }

    pub(super) fn add(&mut self, fragment: &str, values: impl IntoIterator<Item = Owned>) {
        let mut sql = fragment.to_owned();
        for value in values {
            self.values.push(value);
            sql = sql.replacen('?', &format!("${}", self.values.len()), 1);
        }
        self.sql.push(sql);
    }

    /// Only in one of these areas below the space; empty: no restriction.
    pub(super) fn areas(&mut self, areas: &[&AreaPath]) {
        let start = self.sql.len();
        for area in areas {
            let (from, to) = area.below();
            let own = Owned::Text(area.to_string());
            self.add(
                "(path = ? OR (path >= ? AND path < ?))",
                [own, Owned::Text(from), Owned::Text(to)],
            );
        }
        let any = self.sql.split_off(start);
        if !any.is_empty() {
            self.sql.push(format!("({})", any.join(" OR ")));
        }
    }
}

impl Query {
    /// The requested areas that the caller may read.
    fn areas(&self) -> BTreeSet<AreaPath> {
        narrow(&self.within, self.area.as_ref())
    }
}

/// The requested areas that the caller may read.
pub(super) fn narrow(within: &[AreaPath], area: Option<&AreaPath>) -> BTreeSet<AreaPath> {
    let narrowed = |within: &AreaPath| match area {
        Some(area) if within.covers(area) => Some(area.clone()),
        Some(area) if !area.covers(within) => None,
        _ => Some(within.clone()),
    };
    within.iter().filter_map(narrowed).collect()
}

impl Where {
    /// Restricts a query to these areas of a space; `None` if none of them lies in it.
    pub(super) fn within(
        column: &str,
        space: &AreaPath,
        areas: &BTreeSet<AreaPath>,
    ) -> Option<Self> {
        let mut w = Self::default();
        w.add(&format!("{column} = ?"), [Owned::Text(space.to_string())]);
        if !areas.iter().any(|area| area.covers(space)) {
            let here: Vec<&AreaPath> = areas.iter().filter(|area| space.covers(area)).collect();
            if here.is_empty() {
                return None;
            }
            w.areas(&here);
        }
        Some(w)
    }
}

/// The conditions within one space; `None` if none of the areas lies in it.
fn conditions(q: &Query, space: &AreaPath, areas: &BTreeSet<AreaPath>) -> Option<Where> {
    let mut w = Where::within("h.space", space, areas)?;
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
        ("h.state = ?", q.state.map(|state| i64::from(state.0))),
        ("h.is_open = ?", q.open.map(i64::from)),
        ("(h.flags & ?) <> 0", q.flag),
        ("h.one_person = ?", q.one_person.then_some(1)),
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
            Owned::Int(found.0),
            Owned::Int(found.0),
            Owned::Bytes(doc.as_bytes().to_vec()),
        ];
        w.add("(h.found_at < ? OR (h.found_at = ? AND h.doc < ?))", values);
    }
    Some(w)
}

/// Rows of the ledger, newest found first; with `changed_after`, in the order of changes. Each space is queried
/// separately, so that every statement reads one partition and an index of it gives the order.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx, q: &Query) -> Result<Vec<HazardRow>, StorageError> {
    let order = if q.changed_after.is_some() {
        "h.changed"
    } else {
        "h.found_at DESC, h.doc DESC"
    };
    let columns = HazardRow::TABLE.names_of("h");
    let mut rows = each_space(tx, q, |tx, _, w| {
        w.values.push(Owned::Int(q.limit));
        let sql = format!(
            "SELECT {columns} FROM hazard h WHERE {} ORDER BY {order} LIMIT ${}",
            w.sql.join(" AND "),
            w.values.len()
        );
        tx.all(&sql, &w.values(), HazardRow::read)
    })?;
    if q.changed_after.is_none() {
        rows.sort_by_key(|row| std::cmp::Reverse((row.found_at, row.doc)));
    }
    rows.truncate(usize::try_from(q.limit).unwrap_or(0));
    Ok(rows)
}

/// Runs `ask` for each space that the query reaches.
fn each_space<T>(
    tx: &mut dyn Tx,
    q: &Query,
    ask: impl Fn(&mut dyn Tx, &AreaPath, &mut Where) -> Result<Vec<T>, StorageError>,
) -> Result<Vec<T>, StorageError> {
    let areas = q.areas();
    let spaces = match &q.space {
        Some(space) => BTreeSet::from([space.clone()]),
        None => spaces::touching(tx, &areas)?,
    };
    let mut rows = Vec::new();
    for space in spaces {
        if let Some(mut w) = conditions(q, &space, &areas) {
            rows.extend(ask(tx, &space, &mut w)?);
        }
    }
    Ok(rows)
}

/// The number of hazards of a place in one state.
#[derive(Debug, Clone)]
pub struct Count {
    /// The space, or the path if grouped by path.
    pub place: AreaPath,
    /// The state.
    pub state: StateCode,
    /// The grade.
    pub grade: String,
    /// How these documents count.
    pub counts: Counting,
    /// The number of hazards.
    pub hazards: i64,
    /// The number of their observations.
    pub observations: i64,
    /// The number of these hazards that were certainly due before the given time.
    pub past_deadline: i64,
}

/// Hazards grouped by place, state and grade, each with its space. `by_path`: the place is the path, not the space.
///
/// # Errors
/// [`StorageError`].
pub fn counts(
    tx: &mut dyn Tx,
    q: &Query,
    by_path: bool,
    now: ServerTime,
) -> Result<Vec<(AreaPath, Count)>, StorageError> {
    let place = if by_path { "h.path" } else { "h.space" };
    each_space(tx, q, |tx, space, w| {
        // `now` is set by this program, never by a caller. As a parameter it would precede the others and shift their
        // numbers.
        let sql = format!(
            "SELECT {place}, h.state, h.grade, COUNT(*), COUNT(CASE WHEN h.due < {} THEN 1 END), h.counts,
               CAST(SUM(h.observation_count) AS BIGINT)
             FROM hazard h WHERE {} GROUP BY {place}, h.state, h.grade, h.counts
             ORDER BY {place}, h.state, h.grade, h.counts",
            now.0,
            w.sql.join(" AND "),
        );
        tx.all(&sql, &w.values(), |row| {
            let count = Count {
                place: area(&row.text(0)?)?,
                state: StateCode::read(row, 1)?,
                grade: row.text(2)?,
                hazards: row.int(3)?,
                past_deadline: row.int(4)?,
                counts: Counting::read(row, 5)?,
                observations: row.int(6)?,
            };
            Ok((space.clone(), count))
        })
    })
}
