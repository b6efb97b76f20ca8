//! What indicators are computed from: hazards, quantities, activities, inspections, within one space.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::StateCode,
    record::{AreaPath, CompoundId, DocId},
};

use super::{
    Row, StorageError, Tx, Value, column::Column, docs::ids, spaces::area, spans::HazardSpan,
};

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
    /// Nothing that the server received at or after this time counts, and deadlines before it have passed, milliseconds
    /// UTC.
    pub to: i64,
}

/// The number of hazards that share these values.
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
    /// One bit for each of the requested quantities that the hazard has.
    pub figures: i64,
    /// Found in the period.
    pub recent: bool,
    pub count: i64,
}

/// A hazard that is merged, or that another one is merged into, as it was known.
#[derive(Debug, Clone)]
pub struct Linked {
    /// What was known of it.
    pub span: HazardSpan,
    /// One bit for each of the requested quantities that it has.
    pub figures: i64,
}

/// A sum of quantities with one name and one detail.
#[derive(Debug, Clone)]
pub struct Amount {
    /// The space, or the path.
    pub place: AreaPath,
    /// The name of the quantity.
    pub name: String,
    /// In the period.
    pub recent: bool,
    /// The fields of the documents as JSON; empty if no indicator has a condition on them.
    pub detail: String,
    /// Thousandths of the unit.
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

    /// The SQL condition that an interval contains the last moment that counts.
    fn known(&self, alias: &str) -> String {
        let last = self.to.saturating_sub(1);
        format!("{alias}.since <= {last} AND {alias}.until > {last}")
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

/// SQL expression: one bit for each of these quantities that a hazard has; their names are the first parameters.
fn bits(ask: &Ask, figures: &[&str]) -> String {
    let known = ask.known("q");
    let bits: Vec<_> = (0..figures.len())
        .map(|n| {
            let (name, bit) = (n + 1, 1_i64 << n);
            format!(
                "CASE WHEN EXISTS (SELECT 1 FROM quantity q WHERE q.space = h.space AND q.doc = h.doc
                   AND q.name = ${name} AND {known}) THEN {bit} ELSE 0 END"
            )
        })
        .collect();
    if bits.is_empty() {
        return "CAST(0 AS BIGINT)".to_owned();
    }
    format!("CAST({} AS BIGINT)", bits.join(" + "))
}

/// Hazards that are merged into no other, each counted for itself, grouped by everything that an indicator may ask for.
/// `figures` are names of quantities that a hazard may have.
///
/// # Errors
/// [`StorageError`].
pub fn hazards(tx: &mut dyn Tx, ask: &Ask, figures: &[&str]) -> Result<Vec<Hazards>, StorageError> {
    let (space, place, recent) = (figures.len() + 1, ask.place("h"), ask.recent("h.found_at"));
    let (to, known, within) = (ask.to, ask.known("h"), ask.within("h", space));
    let (bits, merged) = (bits(ask, figures), StateCode::MERGED.0);
    let sql = format!(
        "SELECT t.place, t.state, t.grade, t.code, t.category, t.cycle, t.overdue, t.figures, t.recent, COUNT(*)
         FROM (SELECT {place} AS place, h.state AS state, h.grade AS grade, h.code AS code,
             h.category AS category, h.cycle AS cycle,
             CAST(CASE WHEN h.due < {to} THEN 1 ELSE 0 END AS BIGINT) AS overdue,
             {bits} AS figures, {recent} AS recent
           FROM hazard_span h WHERE h.space = ${space} AND {known}
             AND LENGTH(h.targets) = 0 AND h.state <> {merged} {within}) t
         GROUP BY t.place, t.state, t.grade, t.code, t.category, t.cycle, t.overdue, t.figures, t.recent"
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
            count: row.int(9)?,
        })
    })
}

/// The hazards of the whole space that are merged into another, and those that they are merged into.
///
/// # Errors
/// [`StorageError`].
pub fn linked(tx: &mut dyn Tx, ask: &Ask, figures: &[&str]) -> Result<Vec<Linked>, StorageError> {
    let (space, known, bits) = (figures.len() + 1, ask.known("h"), bits(ask, figures));
    let (names, width) = (
        HazardSpan::TABLE.names_of("h"),
        HazardSpan::TABLE.columns.len(),
    );
    let mut values: Vec<Value<'_>> = figures.iter().map(|name| Value::Text(name)).collect();
    values.push(Value::Text(ask.space.as_str()));
    let sql =
        format!("SELECT {names}, {bits} FROM hazard_span h WHERE h.space = ${space} AND {known}");
    let read = |row: &dyn Row| {
        Ok(Linked {
            span: HazardSpan::read(row)?,
            figures: row.int(width)?,
        })
    };
    let state = StateCode::MERGED.0;
    let merged = format!("{sql} AND (LENGTH(h.targets) > 0 OR h.state = {state})");
    let mut found = tx.all(&merged, &values, read)?;
    let own: BTreeSet<DocId> = found.iter().map(|one| one.span.doc).collect();
    let targets = found.iter().flat_map(|one| one.span.targets());
    let targets: BTreeSet<DocId> = targets.filter(|target| !own.contains(target)).collect();
    let targets: Vec<DocId> = targets.into_iter().collect();
    let others = format!("{sql} AND h.doc IN (?)");
    found.extend(tx.all_of(&others, &values, &ids(&targets), read)?);
    Ok(found)
}

/// The number of documents that cannot be folded, as of now.
///
/// # Errors
/// [`StorageError`].
pub fn unreadable(tx: &mut dyn Tx, ask: &Ask) -> Result<Vec<(AreaPath, i64)>, StorageError> {
    let (place, within) = (ask.place("h"), ask.within("h", 1));
    let sql = format!(
        "SELECT {place}, COUNT(*) FROM hazard h WHERE h.space = $1 AND h.problem <> '' {within} GROUP BY {place}"
    );
    let bounds = ask.bounds();
    tx.all(&sql, &ask.values(&bounds), |row| {
        Ok((area(&row.text(0)?)?, row.int(1)?))
    })
}

/// Sums of the quantities with these names, grouped by the fields that indicators ask for.
///
/// # Errors
/// [`StorageError`].
pub fn quantities(
    tx: &mut dyn Tx,
    ask: &Ask,
    names: &[String],
) -> Result<Vec<Amount>, StorageError> {
    let (place, recent, known) = (ask.place("q"), ask.recent("q.at"), ask.known("q"));
    let sql = format!(
        "SELECT {place}, q.name, {recent}, q.detail, CAST(SUM(q.milli) AS BIGINT) FROM quantity q
         WHERE q.space = $1 {} AND q.at < {} AND {known} AND q.name IN (?) GROUP BY 1, 2, 3, 4",
        ask.within("q", 1),
        ask.to
    );
    let (bounds, names): (_, Vec<_>) = (
        ask.bounds(),
        names.iter().map(|name| Value::Text(name)).collect(),
    );
    tx.all_of(&sql, &ask.values(&bounds), &names, |row| {
        Ok(Amount {
            place: area(&row.text(0)?)?,
            name: row.text(1)?,
            recent: row.int(2)? != 0,
            detail: row.text(3)?,
            amount: row.int(4)?,
        })
    })
}

/// The coverage of each compound of the space by finished inspections that count.
///
/// # Errors
/// [`StorageError`].
pub fn covered(tx: &mut dyn Tx, ask: &Ask) -> Result<Vec<(CompoundId, Covered)>, StorageError> {
    let (from, known) = (ask.from, ask.known("i"));
    let sql = format!(
        "SELECT t.compound, CAST(SUM(t.known) AS BIGINT), CAST(SUM(t.known * t.recent) AS BIGINT), COUNT(*),
           CAST(SUM(t.recent) AS BIGINT)
         FROM (SELECT i.compound AS compound, i.building AS building,
             MAX(CASE WHEN b.building IS NULL THEN 0 ELSE 1 END) AS known,
             MAX(CASE WHEN i.since >= {from} THEN 1 ELSE 0 END) AS recent
           FROM inspected_building i
           LEFT JOIN building b ON b.space = i.space AND b.compound = i.compound
             AND b.building = i.building
           WHERE i.space = $1 AND i.finished = 1 AND {known}
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
