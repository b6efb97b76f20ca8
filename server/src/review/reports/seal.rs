//! Sealing: gather the figures and what stands beside them, seal them, keep them with a number of their own.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sync_core::{
    catalogue::Level,
    identity::{ReportSeal, SecretKey},
    record::{AreaPath, PersonId, Role},
    wire::Code,
};

use super::{
    difference::{differences, falls},
    document::{Corrects, FORM, LateCount, Marked, Sealed},
    frozen::Frozen,
    kept::{self, ReportView, hex},
    late::Behind,
};
use crate::{
    access::{Reach, Refusal, random},
    review::{
        Review,
        indicators::{
            Counting, Ground, Period, Versions, area, begin, checks, count, is_reviewer,
            manual_values, reason, rows, total,
        },
        view::instant,
    },
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// How often a report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 日报.
    Daily,
    /// 周报.
    Weekly,
    /// 阶段小结、工作总结.
    Summary,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Summary => "summary",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Daily => 'D',
            Self::Weekly => 'W',
            Self::Summary => 'S',
        }
    }
}

/// A report to be sealed.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// How often it is made.
    pub kind: Kind,
    /// Administrative path.
    pub area: String,
    /// First day of the period, of China time.
    pub from: String,
    /// Last day, included.
    pub to: String,
    /// Nothing at or after this counts, RFC 3339; the end of the last day if absent.
    pub cut_off: Option<String>,
    /// Leave the duties of property companies out of the hazards.
    #[serde(default)]
    pub without_duties: bool,
    /// The report this one corrects: the newest version.
    pub corrects: Option<String>,
    /// Why it is corrected.
    pub reason: Option<String>,
}

/// An order that was checked.
#[derive(Debug, Clone)]
struct Checked {
    order: Order,
    area: AreaPath,
    counting: Counting,
    corrects: Option<Vec<u8>>,
    reason: String,
    person: PersonId,
    role: Role,
}

fn check(reach: &Reach, order: Order, now: i64) -> Result<Checked, Refusal> {
    let (Some(person), Some(role), true) = (reach.person(), reach.role(), is_reviewer(reach))
    else {
        return Err(Refusal::new(Code::OutOfScope, "a reviewer's token is needed"));
    };
    let period = Period::read(Some(&order.from), Some(&order.to), now)?;
    let bad = |text: &str| Refusal::new(Code::BadFilter, format!("cut_off: {text}"));
    let cut_off = match &order.cut_off {
        Some(text) => {
            let at = text.parse::<jiff::Timestamp>();
            at.map_err(|_| bad("expected RFC 3339"))?.as_millisecond()
        }
        None => period.end,
    };
    if cut_off > now {
        return Err(bad("it lies in the future; seal the report afterwards"));
    }
    if cut_off <= begin("from", &order.from)? {
        return Err(bad("it lies before the period"));
    }
    let corrects = order.corrects.as_deref().map(kept::id).transpose()?;
    let said = match &corrects {
        Some(_) => reason(order.reason.as_deref().unwrap_or_default())?,
        None => String::new(),
    };
    Ok(Checked {
        area: area(&order.area)?,
        counting: Counting {
            period,
            cut_off,
            as_of: now,
            without_duties: order.without_duties,
        },
        corrects,
        reason: said,
        person,
        role,
        order,
    })
}

/// A report that lacks nothing but its number.
#[derive(Debug, Clone)]
struct Draft {
    sealed: Sealed,
    series: String,
}

/// Counts, from one snapshot, and compares with what was sealed before.
fn gather(tx: &mut dyn Tx, reach: &Reach, checked: &Checked) -> Result<Draft, Refusal> {
    let Checked { order, counting, .. } = checked;
    let before = before(tx, checked)?;
    let day = &counting.period.to;
    let levels = shown(tx, reach, checked)?;
    let ground = Ground::of(tx, reach, Some(checked.area.clone()), &levels, day)?;
    let frozen = Frozen::gather(tx, &ground, levels.first().copied(), order)?;
    let life = life(&ground);
    let mut ground = ground;
    let gone = |part: &AreaPath| frozen.holds(&ground, part);
    let spaces = ground.parts.iter().map(|part| (part.by_path, gone(&part.space)));
    let keep: Vec<bool> = spaces.map(|(by_path, gone)| by_path || !gone).collect();
    let mut all = ground.parts.clone().into_iter().zip(keep);
    let counted_parts = all.by_ref().filter(|(_, keep)| *keep).map(|(part, _)| part);
    let counted_parts: Vec<_> = counted_parts.collect();
    let every_part = std::mem::replace(&mut ground.parts, counted_parts);
    let lag = ground.lag();
    if lag > 0 {
        let detail = format!("{lag} changes are in the log but not in the ledger yet");
        return Err(Refusal::new(Code::LedgerBehind, detail));
    }
    let mut counted = count(tx, &ground, counting)?;
    let marks = marks(&ground, &frozen);
    ground.parts = every_part;
    counted.leave(|place| frozen.holds(&ground, place));
    let mut whole = total(tx, &ground, &counted)?;
    let mut parts = Vec::new();
    for level in &levels {
        parts.extend(rows(tx, &ground, *level, &counted)?);
    }
    frozen.add_to(&ground, &mut whole, &mut parts);
    let mut sealed = Sealed {
        form: FORM.to_owned(),
        number: String::new(),
        version: before.version + 1,
        kind: order.kind.name().to_owned(),
        area: checked.area.to_string(),
        from: order.from.clone(),
        to: order.to.clone(),
        cut_off: instant(counting.cut_off),
        as_of: instant(counting.as_of),
        person: checked.person.to_string(),
        role: checked.role.name().to_owned(),
        catalogue: Versions::current(),
        without_duties: order.without_duties,
        marks,
        late_arrivals: LateCount::default(),
        unreadable: counted.unreadable + frozen.unreadable(),
        checks: checks(&whole, &parts),
        total: whole,
        rows: parts,
        sources: frozen.sources(),
        falls: Vec::new(),
        manual: manual_values(tx, &checked.area, &counting.period)?,
        corrects: None,
    };
    compare(tx, &before, checked, &mut sealed)?;
    let code = checked.area.codes().last().unwrap_or_default();
    let (kind, to) = (order.kind.letter(), order.to.replace('-', ""));
    Ok(Draft {
        series: format!("{kind}-{code}-{to}-{life}"),
        sealed,
    })
}

/// Whatever was sealed before: the version that is corrected, and the newest report of this kind.
struct Before {
    version: i64,
    corrected: Option<(Report, Sealed)>,
    last: Option<(Report, Sealed)>,
}

fn before(tx: &mut dyn Tx, checked: &Checked) -> Result<Before, Refusal> {
    let (order, area) = (&checked.order, checked.area.as_str());
    let kind = order.kind.name();
    let versions = reports::versions(tx, area, kind, (&order.from, &order.to))?;
    let newest = versions.first();
    let version = newest.map_or(0, |report| report.version);
    match (newest, &checked.corrects) {
        (Some(newest), Some(corrects)) if newest.id == *corrects => {}
        (None, None) => {}
        (None, Some(_)) => return Err(Refusal::new(Code::NotFound, "corrects: no such report")),
        (Some(newest), _) => return Err(Refusal::new(Code::ReportExists, newest.number.clone())),
    }
    let mut whole = |id: &[u8]| -> Result<Option<(Report, Sealed)>, Refusal> {
        let Some(report) = reports::find(tx, id)? else {
            return Ok(None);
        };
        let sealed = kept::content(&report)?;
        Ok(Some((report, sealed)))
    };
    let corrected = match newest {
        Some(newest) => whole(&newest.id)?,
        None => None,
    };
    let last = match (&corrected, reports::newest(tx, area, Some(kind))?) {
        (Some(corrected), _) => Some(corrected.clone()),
        (None, Some(last)) => match reports::find(tx, &last.id)? {
            Some(report) => Some((report.clone(), kept::content(&report)?)),
            None => None,
        },
        (None, None) => None,
    };
    Ok(Before {
        version,
        corrected,
        last,
    })
}

/// The levels whose rows a report of this area has: the next two.
fn shown(tx: &mut dyn Tx, reach: &Reach, checked: &Checked) -> Result<Vec<Level>, Refusal> {
    let day = &checked.counting.period.to;
    let ground = Ground::of(tx, reach, Some(checked.area.clone()), &[], day)?;
    let county = ground.county(&checked.area);
    let own = ground.parents.levels(&checked.area, &county);
    let below = own.last().and_then(|level| level.below());
    let next = below.and_then(Level::below);
    Ok([below, next].into_iter().flatten().collect())
}

/// How far each log was counted: what was counted now, and what the reports of parts had counted.
fn marks(ground: &Ground, frozen: &Frozen) -> Vec<Marked> {
    let now = ground.parts.iter().map(|part| Marked {
        space: part.space.to_string(),
        log: part.log.to_string(),
        seq: part.mark,
    });
    let mut marks: Vec<Marked> = now.chain(frozen.marks().cloned()).collect();
    // Of a county that was counted twice the earlier mark holds: nothing may come between two reports.
    marks.sort_by(|a, b| (&a.space, a.seq).cmp(&(&b.space, b.seq)));
    marks.dedup_by(|a, b| a.space == b.space);
    marks
}

/// The life of the logs, in four digits: new after a restore, so that no number is given twice.
fn life(ground: &Ground) -> String {
    let mut hash = Sha256::new();
    for part in &ground.parts {
        hash.update(part.log.as_bytes());
    }
    hex(&hash.finalize()[..2])
}

/// What differs from the reports before.
fn compare(
    tx: &mut dyn Tx,
    before: &Before,
    checked: &Checked,
    sealed: &mut Sealed,
) -> Result<(), Refusal> {
    if let Some((report, last)) = &before.last {
        let late = Behind::of(tx, last, report.cut_off)?.count(tx)?;
        sealed.late_arrivals = LateCount {
            after: Some(last.number.clone()),
            count: late.count,
            more: late.more,
        };
        if last.from <= sealed.from {
            sealed.falls = falls(last, sealed);
        }
    }
    if let Some((report, old)) = &before.corrected {
        sealed.corrects = Some(Corrects {
            report: old.number.clone(),
            sha256: hex(&report.sha256),
            reason: checked.reason.clone(),
            differences: differences(old, sealed),
        });
    }
    Ok(())
}

/// Gives the number, seals and keeps.
fn apply(
    tx: &mut dyn Tx,
    draft: &Draft,
    checked: &Checked,
    key: &SecretKey,
) -> Result<ReportView, Refusal> {
    let (order, area) = (&checked.order, checked.area.as_str());
    let n = reports::next_number(tx, &draft.series)?;
    let period = (order.from.as_str(), order.to.as_str());
    let versions = reports::versions(tx, area, order.kind.name(), period)?;
    // Somebody else was faster.
    if let Some(newest) = versions.first().filter(|r| r.version >= draft.sealed.version) {
        return Err(Refusal::new(Code::ReportExists, newest.number.clone()));
    }
    let sealed = Sealed {
        number: format!("{}-{n:03}", draft.series),
        ..draft.sealed.clone()
    };
    let bytes = sealed.bytes();
    let seal = ReportSeal::of(&bytes, key);
    let report = Report {
        id: sync_core::record::ids::uuid_v7(checked.counting.as_of, random()).to_vec(),
        number: sealed.number,
        kind: sealed.kind,
        area: sealed.area,
        period_from: sealed.from,
        period_to: sealed.to,
        cut_off: checked.counting.cut_off,
        version: sealed.version,
        corrects: checked.corrects.clone(),
        reason: checked.reason.clone(),
        person: checked.person.as_bytes().to_vec(),
        role: i64::from(checked.role.number()),
        sealed_at: checked.counting.as_of,
        sha256: seal.sha256.to_vec(),
        signature: seal.signature.as_bytes().to_vec(),
        bytes,
    };
    reports::insert(tx, &report)?;
    super::steps::begin(tx, &report)?;
    let mut views = kept::views(tx, vec![report])?;
    views
        .pop()
        .ok_or_else(|| Refusal::new(Code::Internal, "the report is gone"))
}

impl Review {
    /// Seals a report of an area as of now.
    ///
    /// # Errors
    /// `ledger-behind`, `report-exists`, `out-of-scope`, `bad-filter`.
    pub async fn seal(
        &self,
        reach: &Reach,
        order: Order,
        key: SecretKey,
        now: i64,
    ) -> Result<ReportView, Refusal> {
        let checked = check(reach, order, now)?;
        let (reach, order) = (reach.clone(), checked.clone());
        let draft = self
            .storage
            .read(move |tx| gather(tx, &reach, &order))
            .await?;
        self.storage
            .write(move |tx| apply(tx, &draft, &checked, &key))
            .await
    }
}
