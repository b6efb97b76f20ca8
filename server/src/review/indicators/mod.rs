//! The indicators of the campaign for an area and a period, computed from the ledger as of now.
//!
//! Input is an area, a level and a period. Facts are gathered space by space, counted once for each place, rolled up
//! along the reporting tree, and cross-checked. What an indicator counts is data of the catalogue; no code here refers
//! to a code of an indicator. A manual value is shown with the computed value.

mod count;
mod facts;
mod ground;
mod manual;
mod milli;
mod period;
mod sheet;

use serde::{Deserialize, Serialize};
use sync_core::{
    catalogue::{Catalogue, Level as Of},
    record::AreaPath,
    wire::Code,
};

pub(crate) use count::count;
pub(crate) use ground::Ground;
pub use manual::{ManualValue, ManualView};
pub(crate) use manual::{list as manual_values, reason};
pub use milli::Milli;
pub(crate) use period::{Counting, Period, begin, day};
pub use sheet::{CheckView, Figures, Row};
pub(crate) use sheet::{checks, rows, set_ratios, total};

use super::{Level, Review, view};
use crate::{
    access::{Reach, Refusal},
    storage::Tx,
};

/// Which indicators to compute.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// Administrative path; the caller's own area if absent.
    pub area: Option<String>,
    /// Rows by `city`, `county`, `street`, `community` or `grid`; `county` if absent.
    #[param(inline)]
    pub by: Option<Level>,
    /// First day of the period, in China Standard Time; as `to` if absent.
    pub from: Option<String>,
    /// Last day of the period, included; today if absent. Nothing later counts, not even in the cumulative values.
    pub to: Option<String>,
    /// Do not count the duties of property companies among the hazards.
    #[serde(default)]
    pub without_duties: bool,
}

/// The indicators of an area, at one time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct IndicatorSheet {
    /// When they were computed, RFC 3339.
    pub as_of: String,
    /// Nothing at or after this counts, RFC 3339.
    pub cut_off: String,
    /// First day of the period.
    pub from: String,
    /// Last day of the period.
    pub to: String,
    /// Versions of the tables that they were computed with.
    pub catalogue: Versions,
    /// Late arrivals: events in the log after the baseline of the area's newest sealed report, claimed before its
    /// cut-off.
    pub late_arrival_count: u64,
    /// Whether there are more late arrivals than were counted.
    pub late_arrivals_more: bool,
    /// Changes that are in the log but not yet in the ledger.
    pub ledger_lag: u64,
    /// Documents that cannot be folded; they are in no indicator.
    pub unreadable: i64,
    /// Whether the duties of property companies are not counted among the hazards.
    pub without_duties: bool,
    /// The values of the whole area.
    pub total: Row,
    /// One row for each place.
    pub rows: Vec<Row>,
    /// All cross-checks of the total, and those of the rows that do not hold.
    pub checks: Vec<CheckView>,
    /// Manual values for this period.
    pub manual: Vec<ManualView>,
}

/// Versions of the tables that a sheet was computed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Versions {
    /// Version of the indicators.
    pub indicators: u32,
    /// Version of the hazard kinds.
    pub hazard_kinds: u32,
    /// Version of the lifecycle.
    pub lifecycle: u32,
    /// Version of the regions.
    pub regions: u32,
}

impl Versions {
    pub(crate) fn current() -> Self {
        let catalogue = Catalogue::embedded();
        Self {
            indicators: catalogue.indicators.version,
            hazard_kinds: catalogue.kinds.version,
            lifecycle: catalogue.rules.version,
            regions: catalogue.regions.version,
        }
    }
}

/// Whether the caller is a reviewer: a person in a role that may take a step with a report.
pub(crate) fn is_reviewer(reach: &Reach) -> bool {
    let steps = &Catalogue::embedded().indicators.report_steps;
    reach.person().is_some()
        && reach
            .role()
            .is_some_and(|role| steps.iter().any(|step| step.roles.contains(&role)))
}

pub(crate) fn area(text: &str) -> Result<AreaPath, Refusal> {
    let expected = "area: expected an administrative path";
    text.parse()
        .map_err(|_| Refusal::new(Code::BadFilter, expected))
}

impl From<Level> for Of {
    fn from(level: Level) -> Self {
        match level {
            Level::City => Self::City,
            Level::County => Self::County,
            Level::Street => Self::Street,
            Level::Community => Self::Community,
            Level::Grid => Self::Grid,
        }
    }
}

impl Review {
    /// The indicators of an area as of now.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter, `out-of-scope` naming the area.
    pub async fn indicators(
        &self,
        reach: &Reach,
        question: Question,
        now: i64,
    ) -> Result<IndicatorSheet, Refusal> {
        let period = Period::read(question.from.as_deref(), question.to.as_deref(), now)?;
        let within = question.area.as_deref().map(area).transpose()?;
        let by = question.by.unwrap_or(Level::County);
        let reach = reach.clone();
        self.storage
            .read(move |tx| {
                let ground = Ground::of(tx, &reach, within, &[by.into()], &period.to)?;
                let counting = Counting {
                    cut_off: period.end,
                    period,
                    as_of: now,
                    without_duties: question.without_duties,
                };
                answer(tx, &reach, &ground, counting, by.into())
            })
            .await
    }
}

fn answer(
    tx: &mut dyn Tx,
    reach: &Reach,
    ground: &Ground,
    counting: Counting,
    by: Of,
) -> Result<IndicatorSheet, Refusal> {
    let counted = count(tx, ground, &counting)?;
    let mut rows = rows(tx, ground, by, &counted)?;
    let mut total = total(tx, ground, &counted)?;
    let mut late = super::reports::Late::default();
    let mut manual = Vec::new();
    for area in &ground.areas {
        manual.extend(manual_values(tx, area, &counting.period)?);
        late.add(super::reports::late_of_area(tx, area)?);
    }
    if !is_reviewer(reach) {
        manual.retain(|value| !sheet::is_restricted(&value.indicator));
        for row in rows.iter_mut().chain([&mut total]) {
            sheet::hide_restricted(row);
        }
    }
    Ok(IndicatorSheet {
        as_of: view::instant(counting.as_of),
        cut_off: view::instant(counting.cut_off),
        from: counting.period.from.clone(),
        to: counting.period.to.clone(),
        catalogue: Versions::current(),
        late_arrival_count: late.count,
        late_arrivals_more: late.more,
        ledger_lag: ground.lag(),
        unreadable: counted.unreadable,
        without_duties: counting.without_duties,
        checks: checks(&total, &rows),
        total,
        rows,
        manual,
    })
}
