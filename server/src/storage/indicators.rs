//! What indicators are computed from: hazards, quantities, activities, inspections, within one space.

use sync_core::{
    catalogue::StateCode,
    record::{AreaPath, CompoundId},
};

use super::{StorageError, Tx, Value, column::Column, spaces::area};

/// Where and when to count.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The space.
    pub space: AreaPath,
    /// Only in these areas of the space; in all of it if empty.
    pub areas: Vec<AreaPath>,
    /// Group by path instead of by space.
    pub by_path: bool,
    /// Start of the period, milliseconds UTC.
    pub from: i64,
    /// Nothing at or after this time counts, milliseconds UTC.
    pub to: i64,
    /// Deadlines before this time have passed, milliseconds UTC.
    pub as_of: i64,
}

/// The number of hazards that share these values. Of a group only the document that counts is counted.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "columns of the ledger, explained in its migration"
)]
pub struct Hazards {
    pub place: AreaPath,
    pub state: StateCode,
    pub grade: String,
    pub code: String,
    pub category: String,
    pub cycle: i64,
    /// Certainly past the deadline: that of an order, or else that of the hazard's kind.
    pub overdue: bool,
    /// Counts as closed: every document of the group links to another one.
    pub closed: bool,
    /// One bit for each of the requested quantities that the hazard has.
    pub figures: i64,
    /// Found in the period.
    pub recent: bool,
    /// The document cannot be folded.
    pub damaged: bool,
    pub count: i64,
}

/// A sum of quantities, or a count of documents, with one name.
#[derive(Debug, Clone)]
pub struct Amount {
    /// The space, or the path.
    pub place: AreaPath,
    /// The name of the quantity, or the activity type.
    pub name: String,
    /// In the period.
    pub recent: bool,
    /// The fields of the documents as JSON, if they were requested.
    pub data: Option<String>,
    /// Thousandths of the unit, or a count of documents.
    pub amount: i64,
}

/// How many of a compound's buildings finished inspections reached.
#[derive(Debug, Clone, Default)]
pub struct Covered {
    /// Registered buildings: at any time before the end, and in the period.
    pub known: [i64; 2],
    /// All buildings: at any time before the end, and in the period.
    pub all: [i64; 2],
}

impl Ask {
    /// For each area its path and the bounds of the paths below it.
    fn bounds(&self) -> Vec<String> {
        let three = |area: &AreaPath| {
            let (from, to) = area.below();
            [area.to_string(), from, to]
        };
        self.areas.iter().flat_map(three).collect()
    }

    /// The SQL condition on areas, with parameters numbered after the first `before`.
    fn within(&self, alias: &str, before: usize) -> String {
        let any: Vec<_> = (0..self.areas.len())
            .map(|n| before + 3 * n)
            .map(|n| {
                let (own, from, to) = (n + 1, n + 2, n + 3);
                format!(
                    "{alias}.path = ${own} OR ({alias}.path >= ${from} AND {alias}.path < ${to})"
                )
            })
            .collect();
        if any.is_empty() {
            return String::new();
        }
        format!("AND ({})", any.join(" OR "))
    }

    fn place(&self, alias: &str) -> String {
        let column = if self.by_path { "path" } else { "space" };
        format!("{alias}.{column}")
    }

    /// SQL expression: 1 if a time lies in the period, else 0.
    fn recent(&self, column: &str) -> String {
        format!(
            "CAST(CASE WHEN {column} >= {} THEN 1 ELSE 0 END AS BIGINT)",
            self.from
        )
    }

    fn values<'v>(&'v self, bounds: &'v [String]) -> Vec<Value<'v>> {
        let mut values = vec![Value::Text(self.space.as_str())];
        values.extend(bounds.iter().map(|text| Value::Text(text)));
        values
    }
}

/// Hazards grouped by everything that an indicator may ask for. `figures` are names of quantities that a hazard may
/// have.
///
/// # Errors
/// [`StorageError`].
pub fn hazards(tx: &mut dyn Tx, ask: &Ask, figures: &[&str]) -> Result<Vec<Hazards>, StorageError> {
    let bits: Vec<_> = (0..figures.len())
        .map(|n| {
            let (name, bit) = (n + 1, 1_i64 << n);
            format!(
                "CASE WHEN EXISTS (SELECT 1 FROM quantity q WHERE q.space = h.space AND q.doc = h.doc
                   AND q.name = ${name}) THEN {bit} ELSE 0 END"
            )
        })
        .collect();
    let bits = if bits.is_empty() {
        "0".to_owned()
    } else {
        bits.join(" + ")
    };
    let (space, place, recent) = (figures.len() + 1, ask.place("h"), ask.recent("h.found_at"));
    let (to, as_of, within) = (ask.to, ask.as_of, ask.within("h", space));
    let sql = format!(
        "SELECT t.place, t.state, t.grade, t.code, t.category, t.cycle, t.overdue, t.figures, t.recent,
           t.damaged, t.closed, COUNT(*)
         FROM (SELECT {place} AS place, h.state AS state, h.grade AS grade, h.code AS code,
             h.category AS category, h.cycle AS cycle,
             CAST(CASE WHEN h.due < {as_of} THEN 1 ELSE 0 END AS BIGINT) AS overdue,
             CAST({bits} AS BIGINT) AS figures, {recent} AS recent,
             CAST(CASE WHEN h.problem = '' THEN 0 ELSE 1 END AS BIGINT) AS damaged,
             CAST(CASE WHEN h.counts = 2 THEN 1 ELSE 0 END AS BIGINT) AS closed
           FROM hazard h WHERE h.space = ${space} AND h.counts <> 0 AND h.found_at < {to} {within}) t
         GROUP BY t.place, t.state, t.grade, t.code, t.category, t.cycle, t.overdue, t.figures, t.recent,
           t.damaged, t.closed"
    );
    let bounds = ask.bounds();
    let mut values: Vec<Value<'_>> = figures.iter().map(|name| Value::Text(name)).collect();
    values.extend(ask.values(&bounds));
    tx.all(&sql, &values, |row| {
        Ok(Hazards {
            place: area(&row.text(0)?)?,
            state: StateCode::read(row, 1)?,
            grade: row.text(2)?,
            code: row.text(3)?,
            category: row.text(4)?,
            cycle: row.int(5)?,
            overdue: row.int(6)? != 0,
            figures: row.int(7)?,
            recent: row.int(8)? != 0,
            damaged: row.int(9)? != 0,
            closed: row.int(10)? != 0,
            count: row.int(11)?,
        })
    })
}

/// Sums of the quantities with these names.
///
/// # Errors
/// [`StorageError`].
pub fn quantities(tx: &mut dyn Tx, ask: &Ask, names: &[&str]) -> Result<Vec<Amount>, StorageError> {
    let (place, recent, to) = (ask.place("q"), ask.recent("q.at"), ask.to);
    let sql = format!(
        "SELECT {place}, q.name, {recent}, NULL, CAST(SUM(q.milli) AS BIGINT) FROM quantity q
         WHERE q.space = $1 {} AND q.at < {to} AND q.name IN (?) GROUP BY 1, 2, 3",
        ask.within("q", 1)
    );
    amounts(tx, ask, &sql, names, false)
}

/// Sums of the quantities with these names, grouped by the fields of their activities.
///
/// # Errors
/// [`StorageError`].
pub fn detailed_quantities(
    tx: &mut dyn Tx,
    ask: &Ask,
    names: &[&str],
) -> Result<Vec<Amount>, StorageError> {
    let (place, recent, to) = (ask.place("q"), ask.recent("q.at"), ask.to);
    let sql = format!(
        "SELECT {place}, q.name, {recent}, r.data, CAST(SUM(q.milli) AS BIGINT) FROM quantity q
         JOIN activity r ON r.space = q.space AND r.doc = q.doc
         WHERE q.space = $1 {} AND q.at < {to} AND q.name IN (?) GROUP BY 1, 2, 3, 4",
        ask.within("q", 1)
    );
    amounts(tx, ask, &sql, names, true)
}

/// Numbers of activities and inspections that count, by type.
///
/// # Errors
/// [`StorageError`].
pub fn records(tx: &mut dyn Tx, ask: &Ask, types: &[&str]) -> Result<Vec<Amount>, StorageError> {
    let (place, recent, to) = (ask.place("r"), ask.recent("r.held_at"), ask.to);
    let sql = format!(
        "SELECT {place}, r.type, {recent}, NULL, COUNT(*) FROM activity r
         WHERE r.space = $1 {} AND r.held_at < {to} AND r.counts = 1 AND r.type IN (?) GROUP BY 1, 2, 3",
        ask.within("r", 1)
    );
    amounts(tx, ask, &sql, types, false)
}

/// Numbers of activities of these types that count, grouped by their fields.
///
/// # Errors
/// [`StorageError`].
pub fn detailed_records(
    tx: &mut dyn Tx,
    ask: &Ask,
    types: &[&str],
) -> Result<Vec<Amount>, StorageError> {
    let (place, recent, to) = (ask.place("r"), ask.recent("r.held_at"), ask.to);
    let sql = format!(
        "SELECT {place}, r.type, {recent}, r.data, COUNT(*) FROM activity r
         WHERE r.space = $1 {} AND r.held_at < {to} AND r.counts = 1 AND r.type IN (?)
         GROUP BY 1, 2, 3, 4",
        ask.within("r", 1)
    );
    amounts(tx, ask, &sql, types, true)
}

fn amounts(
    tx: &mut dyn Tx,
    ask: &Ask,
    sql: &str,
    names: &[&str],
    detailed: bool,
) -> Result<Vec<Amount>, StorageError> {
    let (bounds, names): (_, Vec<_>) = (
        ask.bounds(),
        names.iter().map(|name| Value::Text(name)).collect(),
    );
    tx.all_of(sql, &ask.values(&bounds), &names, |row| {
        Ok(Amount {
            place: area(&row.text(0)?)?,
            name: row.text(1)?,
            recent: row.int(2)? != 0,
            data: if detailed { row.opt_text(3)? } else { None },
            amount: row.int(4)?,
        })
    })
}

/// The coverage of each compound of the space by finished inspections that count.
///
/// # Errors
/// [`StorageError`].
pub fn covered(tx: &mut dyn Tx, ask: &Ask) -> Result<Vec<(CompoundId, Covered)>, StorageError> {
    let (from, to) = (ask.from, ask.to);
    let sql = format!(
        "SELECT t.compound, CAST(SUM(t.known) AS BIGINT), CAST(SUM(t.known * t.recent) AS BIGINT), COUNT(*),
           CAST(SUM(t.recent) AS BIGINT)
         FROM (SELECT i.compound AS compound, i.building AS building,
             MAX(CASE WHEN b.building IS NULL THEN 0 ELSE 1 END) AS known,
             MAX(CASE WHEN r.held_at >= {from} THEN 1 ELSE 0 END) AS recent
           FROM inspected_building i
           JOIN activity r ON r.space = i.space AND r.doc = i.doc
           LEFT JOIN building b ON b.space = i.space AND b.compound = i.compound
             AND b.building = i.building
           WHERE i.space = $1 AND i.finished = 1 AND r.counts = 1 AND r.held_at < {to}
           GROUP BY i.compound, i.building) t
         GROUP BY t.compound"
    );
    tx.all(&sql, &[ask.space.as_str().into()], |row| {
        let covered = Covered {
            known: [row.int(1)?, row.int(2)?],
            all: [row.int(3)?, row.int(4)?],
        };
        Ok((CompoundId::read(row, 0)?, covered))
    })
}

/// The number of registered buildings of each compound of a space.
///
/// # Errors
/// [`StorageError`].
pub fn building_counts(
    tx: &mut dyn Tx,
    space: &AreaPath,
) -> Result<Vec<(CompoundId, i64)>, StorageError> {
    tx.all(
        "SELECT compound, COUNT(*) FROM building WHERE space = $1 GROUP BY compound",
        &[space.as_str().into()],
        |row| Ok((CompoundId::read(row, 0)?, row.int(1)?)),
    )
}
