//! Parts with a sealed report of the same kind and period: its figures are added up instead of being computed again, if it
//! stands at the step that its level requires and was cut off no later than the whole.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::{Catalogue, Level},
    record::AreaPath,
};

use super::{
    document::{LeftOut, Marked, SealedReport, Source},
    standing::Standing,
    stored,
};
use crate::{
    refusal::Refusal,
    reporting::indicators::{Figures, Ground, Milli, Row, set_ratios},
    review::time::instant,
    storage::{
        Tx,
        reports::{self, Report, Subject},
        spaces,
    },
};

/// Sealed reports of the parts of an area, by part.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    level: Option<Level>,
    parts: BTreeMap<AreaPath, (Report, SealedReport)>,
    left_out: Vec<LeftOut>,
}

impl Frozen {
    /// The report of each part that counts, and those that are left out: of each part the newest version decides, never
    /// one that was corrected.
    pub(super) fn gather(
        tx: &mut dyn Tx,
        ground: &Ground,
        level: Option<Level>,
        subject: &Subject<'_>,
        cut_off: i64,
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
        // A part that lies here and reports elsewhere on this day belongs to another sheet.
        candidates.retain(|part| !ground.areas.contains(part) && ground.holds(part));
        for part in candidates {
            let of_part = Subject {
                area: part.as_str(),
                ..*subject
            };
            let standing = Standing::read(tx, &of_part)?;
            let Some(newest) = standing.newest() else {
                continue;
            };
            if let Some(why) = standing.left_out(newest, level, cut_off) {
                frozen.left_out.push(LeftOut {
                    area: part.to_string(),
                    report: newest.number.clone(),
                    version: newest.version,
                    state: standing.state(newest).to_owned(),
                    cut_off: instant(newest.cut_off),
                    why: why.to_owned(),
                });
            } else if let Some(report) = reports::find(tx, &newest.id)? {
                let sealed = stored::content(&report)?;
                frozen.parts.insert(part, (report, sealed));
            }
        }
        Ok(frozen)
    }

    /// The reports that a sealed report names as its sources.
    pub(super) fn named(
        tx: &mut dyn Tx,
        level: Option<Level>,
        sources: &[Source],
    ) -> Result<Self, Refusal> {
        let mut frozen = Self {
            level,
            ..Self::default()
        };
        for source in sources {
            for listed in reports::with_numbers(tx, &[&source.report])? {
                if let Some(report) = reports::find(tx, &listed.id)? {
                    let sealed = stored::content(&report)?;
                    frozen
                        .parts
                        .insert(spaces::area(&source.area)?, (report, sealed));
                }
            }
        }
        Ok(frozen)
    }

    /// Whether no report is added up.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The reports of parts that are not added up: these parts are counted again.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        self.left_out.clone()
    }

    /// The ids of the reports that are added up.
    pub(super) fn ids(&self) -> Vec<Vec<u8>> {
        self.parts
            .values()
            .map(|(report, _)| report.id.clone())
            .collect()
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
        let shown: BTreeSet<Level> = rows.iter().filter_map(order).collect();
        rows.retain(|row| {
            let place = row.area.as_ref().and_then(|area| area.parse().ok());
            !place.is_some_and(|place| self.holds(ground, &place))
        });
        for (area, (_, sealed)) in &self.parts {
            add(total, &sealed.total);
            // A county that also counts as a city has a row at each of both levels, and a functional area one with the
            // counties.
            let levels = ground.parents.levels(area, &ground.county(area));
            let listed = |at: &&Level| levels.iter().any(|level| level.shows_as(**at));
            let own = shown.iter().filter(listed).map(|level| Row {
                level: Some(level.name().to_owned()),
                ..sealed.total.clone()
            });
            let inside = sealed.rows.iter();
            let inside =
                inside.filter(|row| order(row).is_some_and(|level| shown.contains(&level)));
            rows.extend(own.chain(inside.cloned()));
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

/// Adds what can be added. Ratios are computed afterwards; figures such as companies are counted over the whole.
fn add(total: &mut Row, part: &Row) {
    let table = &Catalogue::embedded().indicators;
    for (code, figures) in &mut total.values {
        let additive = table.find(code).is_some_and(|i| i.additive);
        let Some(more) = part.values.get(code).filter(|_| additive) else {
            continue;
        };
        let sum = |one: Option<Milli>, other: Option<Milli>| Some(Milli(one?.0 + other?.0));
        *figures = Figures {
            period: sum(figures.period, more.period),
            cumulative: sum(figures.cumulative, more.cumulative),
        };
    }
}
