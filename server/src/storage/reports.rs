//! Sealed reports, their steps, and manual values. Rows are inserted once; no statement here updates a report.

use std::collections::HashMap;

use sync_core::record::{AreaPath, DocId, PersonId, Role};

use super::{StorageError, Tx, Value, docs::ids, table::table};

table! {
    /// A sealed report.
    pub struct Report in "report" key 1 {
        /// The report.
        id: Vec<u8>,
        /// Its number; no other report ever gets it.
        number: String,
        /// `daily`, `weekly` or `summary`.
        kind: String,
        /// The area that it is about.
        area: String,
        /// First day, yyyy-mm-dd.
        period_from: String,
        /// Last day, yyyy-mm-dd.
        period_to: String,
        /// Nothing at or after this time counts, milliseconds UTC.
        cut_off: i64,
        /// 1, and one more for each correction.
        version: i64,
        /// The version that it corrects.
        corrects: Option<Vec<u8>>,
        /// Why it corrects that version.
        reason: String,
        /// Who sealed it.
        person: PersonId,
        /// In which role.
        role: Role,
        /// When it was sealed, milliseconds UTC.
        sealed_at: i64,
        /// SHA-256 of its bytes.
        sha256: Vec<u8>,
        /// The server's signature.
        signature: Vec<u8>,
        /// Its bytes; empty in lists.
        bytes: Vec<u8>,
    }
}

table! {
    /// The last number of each series of reports.
    const REPORT_NUMBER in "report_number" key 1 {
        series: String,
        last: i64,
    }
}

/// The columns of a report in a list: no bytes are read, so the column is empty.
fn listed() -> String {
    let names = Report::TABLE.names_of("r");
    names.replace("r.bytes", "SUBSTR(r.sha256, 1, 0)")
}

/// The next number of a series. A number is never returned twice.
///
/// # Errors
/// [`StorageError`].
pub fn next_number(tx: &mut dyn Tx, series: &str) -> Result<i64, StorageError> {
    let next = tx.first(
        "INSERT INTO report_number (series, last) VALUES ($1, 1)
         ON CONFLICT (series) DO UPDATE SET last = report_number.last + 1 RETURNING last",
        &[series.into()],
        |row| row.int(0),
    )?;
    next.ok_or_else(|| StorageError::Damaged(format!("series {series} has no number")))
}

/// Inserts a sealed report.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, report: &Report) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = report.values().collect();
    Report::TABLE.insert(tx, &values, "")
}

/// A report with its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: &[u8]) -> Result<Option<Report>, StorageError> {
    let names = Report::TABLE.names();
    let sql = format!("SELECT {names} FROM report WHERE id = $1");
    tx.first(&sql, &[id.into()], Report::read)
}

/// Reports of these areas and the areas below, newest first, after a position; without their bytes.
///
/// # Errors
/// [`StorageError`].
pub fn list(
    tx: &mut dyn Tx,
    areas: &[AreaPath],
    kind: Option<&str>,
    after: Option<(i64, &[u8])>,
    limit: i64,
) -> Result<Vec<Report>, StorageError> {
    let mut found = Vec::new();
    for area in areas {
        let (from, to) = area.below();
        let mut values: Vec<Value<'_>> = vec![
            area.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ];
        let mut only = String::new();
        if let Some(kind) = kind {
            values.push(kind.into());
            only += &format!(" AND r.kind = ${}", values.len());
        }
        if let Some((sealed, id)) = after {
            values.extend([Value::Int(sealed), Value::Int(sealed), Value::Bytes(id)]);
            let n = values.len();
            only += &format!(
                " AND (r.sealed_at < ${} OR (r.sealed_at = ${} AND r.id < ${n}))",
                n - 2,
                n - 1
            );
        }
        values.push(limit.into());
        let sql = format!(
            "SELECT {} FROM report r WHERE (r.area = $1 OR (r.area >= $2 AND r.area < $3)){only}
             ORDER BY r.sealed_at DESC, r.id DESC LIMIT ${}",
            listed(),
            values.len()
        );
        found.extend(tx.all(&sql, &values, Report::read)?);
    }
    found.sort_by(|a, b| (b.sealed_at, &b.id).cmp(&(a.sealed_at, &a.id)));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// The versions of one report, newest first; without their bytes.
///
/// # Errors
/// [`StorageError`].
pub fn versions(
    tx: &mut dyn Tx,
    area: &str,
    kind: &str,
    period: (&str, &str),
) -> Result<Vec<Report>, StorageError> {
    let sql = format!(
        "SELECT {} FROM report r
         WHERE r.area = $1 AND r.kind = $2 AND r.period_from = $3 AND r.period_to = $4
         ORDER BY r.version DESC",
        listed()
    );
    let values = [area.into(), kind.into(), period.0.into(), period.1.into()];
    tx.all(&sql, &values, Report::read)
}

/// The ids of the newest versions of all reports, by area, period and kind.
///
/// # Errors
/// [`StorageError`].
pub fn newest_versions(tx: &mut dyn Tx) -> Result<Vec<Vec<u8>>, StorageError> {
    tx.all(
        "SELECT r.id FROM report r WHERE NOT EXISTS (SELECT 1 FROM report n WHERE n.corrects = r.id)
         ORDER BY r.area, r.period_from, r.period_to, r.kind",
        &[],
        |row| row.bytes(0),
    )
}

/// The newest report of an area, of one kind or of any kind; without its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn newest(
    tx: &mut dyn Tx,
    area: &str,
    kind: Option<&str>,
) -> Result<Option<Report>, StorageError> {
    let mut values = vec![Value::Text(area)];
    values.extend(kind.map(Value::Text));
    let only = kind.map_or("", |_| "AND r.kind = $2");
    let sql = format!(
        "SELECT {} FROM report r WHERE r.area = $1 {only}
         ORDER BY r.cut_off DESC, r.version DESC, r.sealed_at DESC LIMIT 1",
        listed()
    );
    tx.first(&sql, &values, Report::read)
}

table! {
    /// A step of a report.
    pub struct Step in "report_step" key 2 {
        /// The report.
        report: Vec<u8>,
        /// Its number, from 1.
        n: i64,
        /// The step.
        step: String,
        /// Who took it.
        person: PersonId,
        /// In which role.
        role: Role,
        /// When, milliseconds UTC.
        at: i64,
        /// The reason; empty if none is required.
        reason: String,
    }
}

/// The steps of these reports, in order.
///
/// # Errors
/// [`StorageError`].
pub fn steps(
    tx: &mut dyn Tx,
    reports: &[Vec<u8>],
) -> Result<HashMap<Vec<u8>, Vec<Step>>, StorageError> {
    let keys: Vec<_> = reports.iter().map(|id| Value::Bytes(id)).collect();
    let names = Step::TABLE.names();
    let sql = format!("SELECT {names} FROM report_step WHERE report IN (?) ORDER BY report, n");
    let rows = tx.all_of(&sql, &[], &keys, Step::read)?;
    let mut steps: HashMap<Vec<u8>, Vec<Step>> = HashMap::new();
    for step in rows {
        steps.entry(step.report.clone()).or_default().push(step);
    }
    Ok(steps)
}

/// Appends a step. Its number is part of the key, so of two concurrent steps with one number only the first is stored.
/// Returns whether this one was.
///
/// # Errors
/// [`StorageError`].
pub fn add_step(tx: &mut dyn Tx, step: &Step) -> Result<bool, StorageError> {
    Step::TABLE.insert_once(tx, step.values())
}

/// A change of the log and its receive time.
#[derive(Debug)]
pub struct Came {
    /// Its document.
    pub doc: DocId,
    /// Its sequence number in the space's log.
    pub seq: u64,
    /// When the server received its pack, milliseconds UTC; `None` if it has no pack.
    pub received_at: Option<i64>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The changes of these documents after a sequence number, in the order of sequence numbers.
///
/// # Errors
/// [`StorageError`].
pub fn came_after(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    mark: u64,
) -> Result<Vec<Came>, StorageError> {
    let mut came = tx.all_of(
        "SELECT c.doc, c.seq, p.received_at, c.bytes FROM chg c LEFT JOIN pack p ON p.hash = c.pack
         WHERE c.space = $1 AND c.seq > $2 AND c.doc IN (?)",
        &[space.as_str().into(), mark.cast_signed().into()],
        &ids(docs),
        |row| {
            Ok(Came {
                doc: DocId::from_slice(&row.bytes(0)?)?,
                seq: row.int(1)?.unsigned_abs(),
                received_at: row.opt_int(2)?,
                bytes: row.bytes(3)?,
            })
        },
    )?;
    came.sort_by_key(|change| change.seq);
    Ok(came)
}

table! {
    /// A manual value.
    pub struct Manual in "manual_value" key 1 {
        /// The value.
        id: [u8; 16],
        /// The area that it is about.
        area: String,
        /// The indicator.
        indicator: String,
        /// First day, yyyy-mm-dd.
        period_from: String,
        /// Last day, yyyy-mm-dd.
        period_to: String,
        /// Thousandths of the unit.
        milli: i64,
        /// Why the value was typed.
        reason: String,
        /// Who typed it.
        person: PersonId,
        /// In which role.
        role: Role,
        /// When, milliseconds UTC.
        at: i64,
    }
}

/// Inserts a manual value.
///
/// # Errors
/// [`StorageError`].
pub fn insert_manual(tx: &mut dyn Tx, manual: &Manual) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = manual.values().collect();
    Manual::TABLE.insert(tx, &values, "")
}

/// The manual values for exactly this period, of an area and the areas below it, oldest first.
///
/// # Errors
/// [`StorageError`].
pub fn manual(
    tx: &mut dyn Tx,
    area: &AreaPath,
    period: (&str, &str),
) -> Result<Vec<Manual>, StorageError> {
    let (from, to) = area.below();
    let names = Manual::TABLE.names();
    let sql = format!(
        "SELECT {names} FROM manual_value
         WHERE (area = $1 OR (area >= $2 AND area < $3)) AND period_from = $4 AND period_to = $5
         ORDER BY at, id"
    );
    let values = [
        area.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        period.0.into(),
        period.1.into(),
    ];
    tx.all(&sql, &values, Manual::read)
}
