//! The draft of a report: figures from one snapshot, compared with earlier sealed reports. Only its number is missing.

use sha2::{Digest, Sha256};
use sync_core::{
    catalogue::{Catalogue, Level},
    record::LogEpoch,
    wire::Code,
};

use super::{
    document::{FORM, LateCount, Marked, SealedReport},
    earlier::{before, compare},
    frozen::Frozen,
    order::Checked,
    post::may_seal,
};
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::{
        Versions,
        indicators::{
            Counting, Ground, Row, checks, count, manual_values, rows, set_indivisible, total,
        },
    },
    review::time::instant,
    storage::Tx,
};

/// A report without its number.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) sealed: SealedReport,
    /// The ids of the reports of parts that were added up, and the level of the parts.
    pub(super) sources: Vec<Vec<u8>>,
    pub(super) level: Option<Level>,
    /// The log epochs of its spaces.
    logs: Vec<LogEpoch>,
}

impl Draft {
    /// The series of its number: 16 hexadecimal digits of a hash of the database's epoch and the log epochs make it
    /// another one after each restore, so that no number is given twice.
    pub(super) fn series(&self, checked: &Checked, epoch: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(epoch);
        for log in &self.logs {
            hash.update(log.as_bytes());
        }
        let epoch = hex::encode(&hash.finalize()[..8]);
        let code = checked.area.codes().last().unwrap_or_default();
        let order = &checked.order;
        let (kind, to) = (order.kind.letter(), order.to.replace('-', ""));
        format!("{kind}-{code}-{to}-{epoch}")
    }
}

/// Figures that were computed or taken from sealed reports.
pub(super) struct Figured {
    pub(super) total: Row,
    pub(super) rows: Vec<Row>,
    unreadable: i64,
}

/// Computes the figures from one snapshot and compares them with earlier sealed reports.
pub(super) fn gather(tx: &mut dyn Tx, reach: &Reach, checked: &Checked) -> Result<Draft, Refusal> {
    let Checked {
        order,
        counting,
        area,
        ..
    } = checked;
    // First: this refuses a caller who may not read the area, before an error can reveal that a report exists.
    let levels = shown(tx, reach, checked)?;
    let day = &counting.period.to;
    let table = &Catalogue::embedded().indicators.report_steps;
    may_seal(tx, table, reach, checked.role, (area, day))?;
    let before = before(tx, checked)?;
    let mut ground = Ground::of(tx, reach, Some(area.clone()), &levels, day)?;
    // Also of parts with a sealed report: figures that cannot be added are counted over the whole.
    let lag = ground.lag();
    if lag > 0 {
        let detail = format!("{lag} changes are in the log but not in the ledger yet");
        return Err(Refusal::new(Code::LedgerBehind, detail));
    }
    let (level, subject) = (levels.first().copied(), checked.subject());
    let frozen = Frozen::gather(tx, &ground, level, &subject, counting.cut_off)?;
    ground.leave(|ground, space| frozen.holds(ground, space));
    let figured = figures(tx, &ground, &frozen, &levels, counting)?;
    let mut sealed = SealedReport {
        form: FORM.to_owned(),
        number: String::new(),
        version: before.version + 1,
        kind: order.kind.name().to_owned(),
        area: area.to_string(),
        from: order.from.clone(),
        to: order.to.clone(),
        cut_off: instant(counting.cut_off),
        as_of: instant(counting.as_of),
        person: checked.person.to_string(),
        role: checked.role.name().to_owned(),
        catalogue: Versions::of(tx)?,
        without_duties: order.without_duties,
        marks: marks(&ground, &frozen),
        late_arrivals: LateCount::default(),
        unreadable: figured.unreadable,
        checks: checks(&figured.total, &figured.rows),
        total: figured.total,
        rows: figured.rows,
        sources: frozen.sources(),
        left_out: frozen.left_out(),
        corrections: Vec::new(),
        falls: Vec::new(),
        manual: manual_values(tx, area, &counting.period)?,
        corrects: None,
    };
    compare(tx, &before, checked, &mut sealed)?;
    Ok(Draft {
        sealed,
        logs: ground.parts.iter().map(|part| part.log).collect(),
        sources: frozen.ids(),
        level,
    })
}

/// Computes what no sealed report contains, and adds the figures of the sealed reports.
pub(super) fn figures(
    tx: &mut dyn Tx,
    ground: &Ground,
    frozen: &Frozen,
    levels: &[Level],
    counting: &Counting,
) -> Result<Figured, Refusal> {
    let mut counted = count(tx, ground, counting)?;
    counted.leave(|place| frozen.holds(ground, place));
    let mut figured = Figured {
        total: total(tx, ground, &counted)?,
        rows: Vec::new(),
        unreadable: counted.unreadable + frozen.unreadable(),
    };
    for level in levels {
        figured.rows.extend(rows(tx, ground, *level, &counted)?);
    }
    frozen.add_to(ground, &mut figured.total, &mut figured.rows);
    if !frozen.is_empty() {
        let whole = count(tx, &ground.whole(), counting)?;
        let whole = total(tx, ground, &whole)?;
        set_indivisible(&mut figured.total.values, &whole.values);
    }
    Ok(figured)
}

/// The levels whose rows a report of this area has: the next two below it.
fn shown(tx: &mut dyn Tx, reach: &Reach, checked: &Checked) -> Result<Vec<Level>, Refusal> {
    let day = &checked.counting.period.to;
    let ground = Ground::of(tx, reach, Some(checked.area.clone()), &[], day)?;
    let county = ground.county(&checked.area);
    let own = ground.parents.levels(&checked.area, &county);
    let below = own.last().and_then(|level| level.below());
    let next = below.and_then(Level::below);
    Ok([below, next].into_iter().flatten().collect())
}

/// The baseline: how far each log was counted now, or in the reports of parts.
fn marks(ground: &Ground, frozen: &Frozen) -> Vec<Marked> {
    let now = ground.counted().map(|part| Marked {
        space: part.space.to_string(),
        log: part.log.to_string(),
        seq: part.mark,
    });
    let mut marks: Vec<Marked> = now.chain(frozen.marks().cloned()).collect();
    // If a county was counted twice the earlier mark is kept, so that no change falls between two reports.
    marks.sort_by(|a, b| (&a.space, a.seq).cmp(&(&b.space, b.seq)));
    marks.dedup_by(|a, b| a.space == b.space);
    marks
}
