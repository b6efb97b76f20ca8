//! Parts with a sealed report of the same kind and period: its figures are added up instead of being computed again.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::{Level, Measure},
    record::AreaPath,
};

use super::{
    document::{Marked, SealedReport, Source},
    order::Order,
    stored,
};
use crate::{
    refusal::Refusal,
    reporting::indicators::{Figures, Ground, Milli, Row, set_ratios},
    review::time::instant,
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// The step after which a part's report is not used.
const RETURNED: &str = "returned";

/// SealedReport reports of the parts of an area, by part.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    level: Option<Level>,
    parts: BTreeMap<AreaPath, (Report, SealedReport)>,
}

impl Frozen {
    /// The newest report of each part that was not returned.
    pub(super) fn gather(
        tx: &mut dyn Tx,
        ground: &Ground,
        level: Option<Level>,
        order: &Order,
    ) -> Result<Self, Refusal> {
        let mut frozen = Self {
            level,
            ..Self::default()
        };
        let Some(level) = level else {
            return Ok(frozen);
        };
        let mut candidates = ground.registered(level);
        let spaces = ground.parts.iter().map(|part| &part.space);
        candidates.extend(spaces.map(|space| ground.parents.place(level, space, space)));
        candidates.retain(|part| !ground.areas.contains(part));
        for part in candidates {
            let period = (order.from.as_str(), order.to.as_str());
            let versions = reports::versions(tx, part.as_str(), order.kind.name(), period)?;
            let ids: Vec<_> = versions.iter().map(|report| report.id.clone()).collect();
            let steps = reports::steps(tx, &ids)?;
            let returned = |report: &&Report| {
                let last = steps.get(&report.id).and_then(|steps| steps.last());
                last.is_some_and(|step| step.step == RETURNED)
            };
            let Some(newest) = versions.iter().find(|report| !returned(report)) else {
                continue;
            };
            if let Some(report) = reports::find(tx, &newest.id)? {
                let sealed = stored::content(&report)?;
                if sealed.without_duties == order.without_duties {
                    frozen.parts.insert(part, (report, sealed));
                }
            }
        }
        Ok(frozen)
    }

    /// Whether a sealed report contains the figures of a place.
    pub(super) fn holds(&self, ground: &Ground, place: &AreaPath) -> bool {
        let (Some(level), false) = (self.level, self.parts.is_empty()) else {
            return false;
        };
        let county = ground.county(place);
        let part = ground.parents.place(level, place, &county);
        self.parts.contains_key(&part)
    }

    /// Replaces the rows of the parts by those of their reports, and adds the reports to the total.
    pub(super) fn add_to(&self, ground: &Ground, total: &mut Row, rows: &mut Vec<Row>) {
        let shown: BTreeSet<String> = rows.iter().filter_map(|row| row.level.clone()).collect();
        rows.retain(|row| {
            let place = row.area.as_ref().and_then(|area| area.parse().ok());
            !place.is_some_and(|place| self.holds(ground, &place))
        });
        for (area, (_, sealed)) in &self.parts {
            add(total, &sealed.total);
            // A county that also counts as a city has a row at each of both levels.
            let own = ground.parents.levels(area, &ground.county(area));
            let own = own.into_iter().map(|level| Row {
                level: Some(level.name().to_owned()),
                ..sealed.total.clone()
            });
            let all = own.chain(sealed.rows.iter().cloned());
            rows.extend(all.filter(|row| row.level.as_ref().is_some_and(|l| shown.contains(l))));
        }
        rows.sort_by(|a, b| (order(a), &a.area).cmp(&(order(b), &b.area)));
        set_ratios(&mut total.values);
    }

    /// The reports whose figures were added up.
    pub(super) fn sources(&self) -> Vec<Source> {
        let source = |(area, (report, sealed)): (&AreaPath, &(Report, SealedReport))| Source {
            area: area.to_string(),
            report: sealed.number.clone(),
            version: sealed.version,
            sha256: hex::encode(&report.sha256),
            cut_off: instant(report.cut_off),
        };
        self.parts.iter().map(source).collect()
    }

    /// The baselines of the reports.
    pub(super) fn marks(&self) -> impl Iterator<Item = &Marked> {
        self.parts.values().flat_map(|(_, sealed)| &sealed.marks)
    }

    /// The number of documents that the reports could not fold.
    pub(super) fn unreadable(&self) -> i64 {
        self.parts
            .values()
            .map(|(_, sealed)| sealed.unreadable)
            .sum()
    }
}

fn order(row: &Row) -> Option<Level> {
    row.level.as_deref().and_then(Level::from_name)
}

fn add(total: &mut Row, part: &Row) {
    let table = &sync_core::catalogue::Catalogue::embedded().indicators;
    for (code, figures) in &mut total.values {
        let ratio = table
            .find(code)
            .is_some_and(|i| matches!(i.value, Measure::Ratio { .. }));
        let Some(more) = part.values.get(code).filter(|_| !ratio) else {
            continue;
        };
        let sum = |one: Option<Milli>, other: Option<Milli>| Some(Milli(one?.0 + other?.0));
        *figures = Figures {
            period: sum(figures.period, more.period),
            cumulative: sum(figures.cumulative, more.cumulative),
        };
    }
}
