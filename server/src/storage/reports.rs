//! Sealed reports, their steps, and manual values. Rows are inserted once; no statement here updates a report.

use std::collections::HashMap;

use sync_core::record::{AreaPath, DocId};

use super::{Row, StorageError, Tx, Value, docs::ids};

/// A sealed report.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Report {
    pub id: Vec<u8>,
    pub number: String,
    pub kind: String,
    pub area: String,
    pub period_from: String,
    pub period_to: String,
    pub cut_off: i64,
    pub version: i64,
    pub corrects: Option<Vec<u8>>,
    pub reason: String,
    pub person: Vec<u8>,
    pub role: i64,
    pub sealed_at: i64,
    pub sha256: Vec<u8>,
    pub signature: Vec<u8>,
    /// Empty in lists.
    pub bytes: Vec<u8>,
}

const COLUMNS: &str =
    "r.id, r.number, r.kind, r.area, r.period_from, r.period_to, r.cut_off, r.version, r.corrects,
  r.reason, r.person, r.role, r.sealed_at, r.sha256, r.signature";

fn read(row: &dyn Row) -> Result<Report, StorageError> {
    Ok(Report {
        id: row.bytes(0)?,
        number: row.text(1)?,
        kind: row.text(2)?,
        area: row.text(3)?,
        period_from: row.text(4)?,
        period_to: row.text(5)?,
        cut_off: row.int(6)?,
        version: row.int(7)?,
        corrects: row.opt_bytes(8)?,
        reason: row.text(9)?,
        person: row.bytes(10)?,
        role: row.int(11)?,
        sealed_at: row.int(12)?,
        sha256: row.bytes(13)?,
        signature: row.bytes(14)?,
        bytes: Vec::new(),
    })
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
    next.ok_or_else(|| StorageError::Engine(format!("no number of series {series}")))
}

/// Inserts a sealed report.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, r: &Report) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO report (id, number, kind, area, period_from, period_to, cut_off, version, corrects, reason,
           person, role, sealed_at, sha256, signature, bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &[
            r.id.as_slice().into(),
            r.number.as_str().into(),
            r.kind.as_str().into(),
            r.area.as_str().into(),
            r.period_from.as_str().into(),
            r.period_to.as_str().into(),
            r.cut_off.into(),
            r.version.into(),
            r.corrects.as_deref().into(),
            r.reason.as_str().into(),
            r.person.as_slice().into(),
            r.role.into(),
            r.sealed_at.into(),
            r.sha256.as_slice().into(),
            r.signature.as_slice().into(),
            r.bytes.as_slice().into(),
        ],
    )?;
    Ok(())
}

/// A report with its bytes.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: &[u8]) -> Result<Option<Report>, StorageError> {
    let sql = format!("SELECT {COLUMNS}, r.bytes FROM report r WHERE r.id = $1");
    tx.first(&sql, &[id.into()], |row| {
        Ok(Report {
            bytes: row.bytes(15)?,
            ..read(row)?
        })
    })
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
            "SELECT {COLUMNS} FROM report r WHERE (r.area = $1 OR (r.area >= $2 AND r.area < $3)){only}
             ORDER BY r.sealed_at DESC, r.id DESC LIMIT ${}",
            values.len()
        );
        found.extend(tx.all(&sql, &values, read)?);
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
        "SELECT {COLUMNS} FROM report r
         WHERE r.area = $1 AND r.kind = $2 AND r.period_from = $3 AND r.period_to = $4
         ORDER BY r.version DESC"
    );
    let values = [area.into(), kind.into(), period.0.into(), period.1.into()];
    tx.all(&sql, &values, read)
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
        "SELECT {COLUMNS} FROM report r WHERE r.area = $1 {only}
         ORDER BY r.cut_off DESC, r.version DESC, r.sealed_at DESC LIMIT 1"
    );
    tx.first(&sql, &values, read)
}

/// A step of a report.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Step {
    pub n: i64,
    pub step: String,
    pub person: Vec<u8>,
    pub role: i64,
    pub at: i64,
    pub reason: String,
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
    let rows = tx.all_of(
        "SELECT report, n, step, person, role, at, reason FROM report_step WHERE report IN (?) ORDER BY report, n",
        &[],
        &keys,
        |row| {
            let step = Step {
                n: row.int(1)?,
                step: row.text(2)?,
                person: row.bytes(3)?,
                role: row.int(4)?,
                at: row.int(5)?,
                reason: row.text(6)?,
            };
            Ok((row.bytes(0)?, step))
        },
    )?;
    let mut steps: HashMap<Vec<u8>, Vec<Step>> = HashMap::new();
    for (report, step) in rows {
        steps.entry(report).or_default().push(step);
    }
    Ok(steps)
}

/// Appends a step. Its number is part of the key, so of two concurrent steps with one number only the first is stored.
/// Returns whether this one was.
///
/// # Errors
/// [`StorageError`].
pub fn add_step(tx: &mut dyn Tx, report: &[u8], step: &Step) -> Result<bool, StorageError> {
    let added = tx.execute(
        "INSERT INTO report_step (report, n, step, person, role, at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
        &[
            report.into(),
            step.n.into(),
            step.step.as_str().into(),
            step.person.as_slice().into(),
            step.role.into(),
            step.at.into(),
            step.reason.as_str().into(),
        ],
    )?;
    Ok(added > 0)
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

/// A manual value.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Manual {
    pub id: Vec<u8>,
    pub area: String,
    pub indicator: String,
    pub period_from: String,
    pub period_to: String,
    pub milli: i64,
    pub reason: String,
    pub person: Vec<u8>,
    pub role: i64,
    pub at: i64,
}

/// Inserts a manual value.
///
/// # Errors
/// [`StorageError`].
pub fn insert_manual(tx: &mut dyn Tx, m: &Manual) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO manual_value (id, area, indicator, period_from, period_to, milli, reason, person, role, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            m.id.as_slice().into(),
            m.area.as_str().into(),
            m.indicator.as_str().into(),
            m.period_from.as_str().into(),
            m.period_to.as_str().into(),
            m.milli.into(),
            m.reason.as_str().into(),
            m.person.as_slice().into(),
            m.role.into(),
            m.at.into(),
        ],
    )?;
    Ok(())
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
    tx.all(
        "SELECT id, area, indicator, period_from, period_to, milli, reason, person, role, at FROM manual_value
         WHERE (area = $1 OR (area >= $2 AND area < $3)) AND period_from = $4 AND period_to = $5
         ORDER BY at, id",
        &[
            area.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
            period.0.into(),
            period.1.into(),
        ],
        |row| {
            Ok(Manual {
                id: row.bytes(0)?,
                area: row.text(1)?,
                indicator: row.text(2)?,
                period_from: row.text(3)?,
                period_to: row.text(4)?,
                milli: row.int(5)?,
                reason: row.text(6)?,
                person: row.bytes(7)?,
                role: row.int(8)?,
                at: row.int(9)?,
            })
        },
    )
}
