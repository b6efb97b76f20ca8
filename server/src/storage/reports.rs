//! Sealed reports, their steps and sources. Rows are inserted once; no statement here updates a report.

use std::collections::HashMap;

use sync_core::record::{AreaPath, PersonId, Role};

use super::{StorageError, Tx, Value, spaces, table::table};

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
        /// Whether the duties of property companies are not counted among the hazards.
        without_duties: bool,
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

table! {
    /// The reports of parts that a report added up.
    const REPORT_SOURCE in "report_source" key 2 {
        report: Vec<u8>,
        source: Vec<u8>,
    }
}

/// What the versions of one report have in common.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The area.
    pub area: &'a str,
    /// `daily`, `weekly` or `summary`.
    pub kind: &'a str,
    /// First and last day, yyyy-mm-dd.
    pub period: (&'a str, &'a str),
    /// Whether the duties of property companies are not counted among the hazards.
    pub without_duties: bool,
}

/// SQL condition: report `r` is neither withdrawn nor corrected by a version that is not withdrawn.
const STANDS: &str =
    "NOT EXISTS (SELECT 1 FROM report_step w WHERE w.report = r.id AND w.step = 'withdrawn')
  AND NOT EXISTS (SELECT 1 FROM report n WHERE n.corrects = r.id
    AND NOT EXISTS (SELECT 1 FROM report_step v WHERE v.report = n.id AND v.step = 'withdrawn'))";

/// Name of the entry with the epoch of the database's report numbers.
const EPOCH: &str = "report epoch";

/// The epoch of the database: random, and part of every report number, so that no number is given again after the
/// database was restored. A database without one gets `fresh`. An engine that is restored by other tools adds what it knows
/// of the restore.
///
/// # Errors
/// [`StorageError`].
pub fn epoch(tx: &mut dyn Tx, fresh: [u8; 16]) -> Result<Vec<u8>, StorageError> {
    spaces::set_meta_once(tx, EPOCH, &fresh)?;
    let mut epoch = spaces::meta(tx, EPOCH)?.unwrap_or_else(|| fresh.to_vec());
    epoch.extend(tx.origin()?.unwrap_or_default().into_bytes());
    Ok(epoch)
}

/// Begins a new epoch of report numbers: after a restore.
///
/// # Errors
/// [`StorageError`].
pub fn renew_epoch(tx: &mut dyn Tx, fresh: [u8; 16]) -> Result<(), StorageError> {
    spaces::set_meta(tx, EPOCH, &fresh)
}

/// Locks these reports until the transaction ends: of concurrent steps, corrections and sums of one report each sees what
/// the one before it wrote.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, reports: &[Vec<u8>]) -> Result<(), StorageError> {
    let keys: Vec<_> = reports.iter().map(|id| Value::Bytes(id)).collect();
    tx.lock("SELECT id FROM report WHERE id IN (?)", &keys)?;
    Ok(())
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
pub fn versions(tx: &mut dyn Tx, subject: &Subject<'_>) -> Result<Vec<Report>, StorageError> {
    let sql = format!(
        "SELECT {} FROM report r
         WHERE r.area = $1 AND r.kind = $2 AND r.period_from = $3 AND r.period_to = $4 AND r.without_duties = $5
         ORDER BY r.version DESC",
        listed()
    );
    let values = [
        subject.area.into(),
        subject.kind.into(),
        subject.period.0.into(),
        subject.period.1.into(),
        i64::from(subject.without_duties).into(),
    ];
    tx.all(&sql, &values, Report::read)
}

/// The reports with these numbers; without their bytes.
///
/// # Errors
/// [`StorageError`].
pub fn with_numbers(tx: &mut dyn Tx, numbers: &[&str]) -> Result<Vec<Report>, StorageError> {
    let keys: Vec<_> = numbers.iter().map(|number| Value::Text(number)).collect();
    let sql = format!("SELECT {} FROM report r WHERE r.number IN (?)", listed());
    let mut found = tx.all_of(&sql, &[], &keys, Report::read)?;
    found.sort_by(|a, b| a.number.cmp(&b.number));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

/// Those of these reports that a version which is not withdrawn corrects, each with the number of that version.
///
/// # Errors
/// [`StorageError`].
pub fn corrected(
    tx: &mut dyn Tx,
    reports: &[Vec<u8>],
) -> Result<HashMap<Vec<u8>, String>, StorageError> {
    let keys: Vec<_> = reports.iter().map(|id| Value::Bytes(id)).collect();
    let found = tx.all_of(
        "SELECT n.corrects, n.number FROM report n WHERE n.corrects IN (?)
           AND NOT EXISTS (SELECT 1 FROM report_step v WHERE v.report = n.id AND v.step = 'withdrawn')",
        &[],
        &keys,
        |row| Ok((row.bytes(0)?, row.text(1)?)),
    )?;
    Ok(found.into_iter().collect())
}

/// The ids of all reports that stand, by area, period and kind.
///
/// # Errors
/// [`StorageError`].
pub fn standing(tx: &mut dyn Tx) -> Result<Vec<Vec<u8>>, StorageError> {
    let sql = format!(
        "SELECT r.id FROM report r WHERE {STANDS} ORDER BY r.area, r.period_from, r.period_to, r.kind, r.id"
    );
    tx.all(&sql, &[], |row| row.bytes(0))
}

/// The newest report of an area that stands, of any kind; without its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn newest(tx: &mut dyn Tx, area: &str) -> Result<Option<Report>, StorageError> {
    let sql = format!(
        "SELECT {} FROM report r WHERE r.area = $1 AND {STANDS}
         ORDER BY r.cut_off DESC, r.version DESC, r.sealed_at DESC LIMIT 1",
        listed()
    );
    tx.first(&sql, &[area.into()], Report::read)
}

/// The report of the period before that of `subject`, of the same area and kind, which stands and was cut off no later;
/// without its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn previous(
    tx: &mut dyn Tx,
    subject: &Subject<'_>,
    cut_off: i64,
) -> Result<Option<Report>, StorageError> {
    let sql = format!(
        "SELECT {} FROM report r WHERE r.area = $1 AND r.kind = $2 AND r.without_duties = $3 AND r.period_to < $4
           AND r.cut_off <= $5 AND {STANDS}
         ORDER BY r.period_to DESC, r.cut_off DESC, r.version DESC LIMIT 1",
        listed()
    );
    let values = [
        subject.area.into(),
        subject.kind.into(),
        i64::from(subject.without_duties).into(),
        subject.period.1.into(),
        cut_off.into(),
    ];
    tx.first(&sql, &values, Report::read)
}

/// Stores which reports of parts a report added up.
///
/// # Errors
/// [`StorageError`].
pub fn add_sources(
    tx: &mut dyn Tx,
    report: &[u8],
    sources: &[Vec<u8>],
) -> Result<(), StorageError> {
    for source in sources {
        REPORT_SOURCE.insert_once(tx, [Value::Bytes(report), Value::Bytes(source)])?;
    }
    Ok(())
}

/// The reports of parts that these reports added up: pairs of a report and a part's report, without its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn sources(
    tx: &mut dyn Tx,
    reports: &[Vec<u8>],
) -> Result<Vec<(Vec<u8>, Report)>, StorageError> {
    let keys: Vec<_> = reports.iter().map(|id| Value::Bytes(id)).collect();
    let width = Report::TABLE.columns.len();
    let sql = format!(
        "SELECT {}, s.report FROM report_source s JOIN report r ON r.id = s.source WHERE s.report IN (?)",
        listed()
    );
    tx.all_of(&sql, &[], &keys, |row| {
        Ok((row.bytes(width)?, Report::read(row)?))
    })
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
