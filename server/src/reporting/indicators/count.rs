//! Counts facts: each is added once, at its place, to the indicators that it belongs to.

use sync_core::catalogue::{Catalogue, Fields, Indicators, Inspected, Measure, Registered};

use super::{
    facts::{self, Facts, Standing},
    ground::Ground,
    period::Counting,
    tally::Counted,
};
use crate::storage::{
    StorageError, Tx,
    activities::record_name,
    indicators::{Amount, Hazards},
};

/// Counts everything on the ground.
pub(crate) fn count(
    tx: &mut dyn Tx,
    ground: &Ground,
    counting: &Counting,
) -> Result<Counted, StorageError> {
    let table = &Catalogue::embedded().indicators;
    let parts = Parts::new(table);
    let mut counted = Counted::default();
    for part in ground.counted() {
        let facts = facts::gather(tx, table, part, counting)?;
        parts.add(&facts, counting, &mut counted)?;
    }
    counted.leave(|place| !ground.holds(place));
    Ok(counted)
}

/// The table in parts: every part of every indicator, with the index of the indicator.
struct Parts<'t> {
    table: &'t Indicators,
    all: Vec<(usize, &'t Measure)>,
}

impl<'t> Parts<'t> {
    fn new(table: &'t Indicators) -> Self {
        let indicators = table.indicators.iter().enumerate();
        let all = indicators.flat_map(|(at, i)| i.value.parts().into_iter().map(move |p| (at, p)));
        Self {
            table,
            all: all.collect(),
        }
    }

    fn add(
        &self,
        facts: &Facts,
        counting: &Counting,
        counted: &mut Counted,
    ) -> Result<(), StorageError> {
        for hazards in &facts.hazards {
            self.hazards(hazards, counting, counted);
        }
        for amount in &facts.quantities {
            self.amount(amount, counted);
        }
        for (_, count) in &facts.unreadable {
            counted.unreadable += count;
        }
        for standing in &facts.compounds {
            self.compound(standing, counted)?;
        }
        Ok(())
    }

    fn hazards(&self, h: &Hazards, counting: &Counting, counted: &mut Counted) {
        if self.table.not_counted.contains(&h.state) {
            return;
        }
        let duty = counting.without_duties && h.category == self.table.duties_category;
        let figures = self.table.hazard_figures();
        let tally = counted.at(&h.place);
        for (at, part) in &self.all {
            let Measure::Hazards { hazards: w } = part else {
                continue;
            };
            let figure = w.figure.as_deref().is_none_or(|name| {
                let bit = figures.iter().position(|figure| *figure == name);
                bit.is_some_and(|bit| h.figures >> bit & 1 == 1)
            });
            let fits = w.fits(h.state, &h.grade, &h.code, &h.category)
                && h.cycle >= w.cycle_from
                && (!w.overdue || h.overdue)
                && (!duty || w.always);
            if fits && figure {
                tally.add(*at, h.recent, 1000 * h.count);
            }
        }
    }

    /// Adds a sum of quantities.
    fn amount(&self, amount: &Amount, counted: &mut Counted) {
        let detail = serde_json::from_str(&amount.detail).unwrap_or_default();
        let tally = counted.at(&amount.place);
        for (at, part) in &self.all {
            let fits = match part {
                Measure::Quantity { quantity, fields } => {
                    *quantity == amount.name && has(&detail, fields)
                }
                Measure::Records { records, fields } => {
                    record_name(records) == amount.name && has(&detail, fields)
                }
                _ => false,
            };
            if fits {
                tally.add(*at, amount.recent, amount.amount);
            }
        }
    }

    fn compound(&self, standing: &Standing, counted: &mut Counted) -> Result<(), StorageError> {
        let Standing {
            compound,
            building_count: buildings,
            covered,
        } = standing;
        let tally = counted.at(&compound.path);
        for (at, part) in &self.all {
            // What the register contains counts in every period.
            let [known, all] = [covered.known, covered.all];
            let [ever, now] = match part {
                Measure::Compounds { compounds } => {
                    let count = match compounds {
                        Registered::All => 1,
                        Registered::WithCompany => i64::from(compound.pmc.is_some()),
                        Registered::WithoutCompany => i64::from(compound.pmc.is_none()),
                        Registered::Buildings => *buildings,
                    };
                    [count; 2]
                }
                Measure::Inspected { inspected } => match inspected {
                    Inspected::Compounds => {
                        known.map(|seen| i64::from(*buildings > 0 && seen == *buildings))
                    }
                    Inspected::Buildings => known,
                    Inspected::UnregisteredBuildings => [all[0] - known[0], all[1] - known[1]],
                    Inspected::Companies => {
                        let company = compound.pmc.iter().filter(|_| all[0] > 0);
                        let company = company.map(|pmc| (*pmc, all[1] > 0));
                        tally.companies.extend(company);
                        [0; 2]
                    }
                },
                _ => continue,
            };
            tally.add(*at, false, 1000 * (ever - now));
            tally.add(*at, true, 1000 * now);
        }
        Ok(())
    }
}

/// Whether an activity's fields are these.
fn has(detail: &serde_json::Value, fields: &Fields) -> bool {
    let mut fields = fields.iter();
    fields.all(|(name, value)| detail.get(name) == Some(value))
}
