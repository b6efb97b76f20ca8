//! The draft of a report: figures from one snapshot, compared with earlier sealed reports. Only its number is missing.

use sha2::{Digest, Sha256};
use sync_core::{catalogue::Level, wire::Code};

use super::{
    document::{FORM, LateCount, Marked, SealedReport},
    earlier::{before, compare},
    frozen::Frozen,
    order::Checked,
};
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::{
        Versions,
        indicators::{Counting, Ground, Row, checks, count, manual_values, rows, total},
    },
    review::time::instant,
    storage::Tx,
};

/// A report without its number.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) sealed: SealedReport,
    pub(super) series: String,
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
    let before = before(tx, checked)?;
    let day = &counting.period.to;
    let mut ground = Ground::of(tx, reach, Some(area.clone()), &levels, day)?;
    let frozen = Frozen::gather(tx, &ground, levels.first().copied(), order)?;
    ground.leave(|ground, space| frozen.holds(ground, space));
    if ground.lag() > 0 {
        let lag = ground.lag();
        let detail = format!("{lag} changes are in the log but not in the ledger yet");
        return Err(Refusal::new(Code::LedgerBehind, detail));
    }
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
        catalogue: Versions::current(),
        without_duties: order.without_duties,
        marks: marks(&ground, &frozen),
        late_arrivals: LateCount::default(),
        unreadable: figured.unreadable,
        checks: checks(&figured.total, &figured.rows),
        total: figured.total,
        rows: figured.rows,
        sources: frozen.sources(),
        falls: Vec::new(),
        manual: manual_values(tx, area, &counting.period)?,
        corrects: None,
    };
    compare(tx, &before, checked, &mut sealed)?;
    let code = area.codes().last().unwrap_or_default();
    let (kind, to) = (order.kind.letter(), order.to.replace('-', ""));
    let series = format!("{kind}-{code}-{to}-{}", epochs(&ground));
    Ok(Draft { sealed, series })
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

/// Four hexadecimal digits of a hash of the log epochs: they differ after a restore, so that no number is used twice.
fn epochs(ground: &Ground) -> String {
    let mut hash = Sha256::new();
    for part in &ground.parts {
        hash.update(part.log.as_bytes());
    }
    hex::encode(&hash.finalize()[..2])
}
