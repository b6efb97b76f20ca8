//! Counts the ledger: how many hazards each place has, by state.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::{
    catalogue::{Catalogue, Grade, StateCode},
    grouping::Counting,
    record::{AreaPath, ServerTime},
};

use super::{
    Filter, Level, Review,
    time::{day, instant},
};
use crate::{
    access::Reach,
    refusal::Refusal,
    register,
    storage::{
        Tx,
        ledger::{self, Query},
        names, spaces,
    },
};

/// The counts of a place.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct PlaceCount {
    /// Administrative path; absent in the total.
    pub area: Option<String>,
    /// Its name, if it is known.
    pub name: Option<String>,
    /// Hazards found, without those that turned out to be none and those that another document counts for.
    pub found: i64,
    /// The number of these that are closed.
    pub closed: i64,
    /// The number of these that are open.
    pub open: i64,
    /// Open hazards of grade `G3_suspected`.
    pub suspected_major_open: i64,
    /// Open hazards that are certainly past their deadline: that of an order, or else that of their kind.
    pub overdue: i64,
    /// Hazards that were found not to be one.
    pub void: i64,
    /// Documents whose hazard another document counts for.
    pub merged: i64,
    /// Observations of all documents, in any state.
    pub observations: i64,
    /// Closed in percent of found, with one decimal; absent if none was found.
    pub closed_percent: Option<f64>,
}

/// The ledger counted by place, at one time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Statistics {
    /// When it was counted, RFC 3339.
    pub as_of: String,
    /// One row for each place, in the order of paths.
    pub places: Vec<PlaceCount>,
    /// The sum of all places.
    pub total: PlaceCount,
}

impl PlaceCount {
    fn add(&mut self, count: &ledger::Count) {
        let open = Catalogue::embedded().rules.is_open(count.state);
        self.observations += count.observations;
        // Neither a void nor a merged document counts as found.
        match (count.state, count.counts) {
            (StateCode::VOID, _) => self.void += count.hazards,
            (_, Counting::Elsewhere) | (StateCode::MERGED, Counting::Itself) => {
                self.merged += count.hazards;
            }
            (_, Counting::AsOpen) => self.add_open(count),
            _ if open => self.add_open(count),
            _ => {
                self.found += count.hazards;
                self.closed += count.hazards;
            }
        }
    }

    fn add_open(&mut self, count: &ledger::Count) {
        let suspected = count.grade == Grade::G3Suspected.name();
        self.found += count.hazards;
        self.open += count.hazards;
        self.overdue += count.past_deadline;
        self.suspected_major_open += if suspected { count.hazards } else { 0 };
    }

    fn finish(&mut self) {
        let percent = |found| (self.closed as f64 / found as f64 * 1000.0).round() / 10.0;
        self.closed_percent = (self.found > 0).then(|| percent(self.found));
    }
}

/// Counts what the query matches.
pub(super) fn count(
    tx: &mut dyn Tx,
    query: &Query,
    level: Level,
    now: i64,
) -> Result<Statistics, Refusal> {
    let mut places: BTreeMap<AreaPath, PlaceCount> = BTreeMap::new();
    let mut total = PlaceCount::default();
    let parents = register::parents(tx, &day(now))?;
    let split = spaces::list(tx)?.iter().any(|s| parents.is_split(&s.id));
    for (space, count) in ledger::counts(tx, query, level.by_path() || split, ServerTime(now))? {
        let place = parents.place(level.into(), &count.place, &space);
        places.entry(place).or_default().add(&count);
        total.add(&count);
    }
    let names = names::areas(tx, places.keys())?;
    total.finish();
    let named = |(area, mut count): (AreaPath, PlaceCount)| {
        count.finish();
        count.name = names.get(&area).cloned();
        count.area = Some(area.to_string());
        count
    };
    Ok(Statistics {
        as_of: instant(now),
        places: places.into_iter().map(named).collect(),
        total,
    })
}

impl Review {
    /// The ledger counted by place; only hazards that the filter matches are counted.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn statistics(
        &self,
        reach: &Reach,
        filter: Filter,
        level: Level,
        now: i64,
    ) -> Result<Statistics, Refusal> {
        let query = filter.query(reach)?;
        self.storage
            .read(move |tx| count(tx, &query, level, now))
            .await
    }
}
