//! The indicators of an area as of their cut-off, as reviewers read them.

use serde::{Deserialize, Serialize};
use sync_core::{catalogue::Level as Of, wire::Code};

use super::{
    CheckView, Counting, Ground, ManualView, Period, Row,
    checks::checks,
    count::count,
    figures::{hide_restricted, is_restricted},
    manual,
    sheet::{rows, total},
};
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::{Late, Reporting, Versions, caller::is_reviewer, late_of_area},
    review::{Level, parameters::area, time::instant},
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
    /// Last day of the period, included; today if absent. Nothing that the server received later counts, not even in the
    /// cumulative values.
    pub to: Option<String>,
    /// Nothing that the server received after this time counts, RFC 3339; now if absent. It cannot lie in the future.
    pub as_of: Option<String>,
    /// Do not count the duties of property companies among the hazards.
    #[serde(default)]
    pub without_duties: bool,
}

/// The indicators of an area, at one time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct IndicatorSheet {
    /// The time of the figures, RFC 3339: `as_of` of the query, or else when they were computed.
    pub as_of: String,
    /// Nothing at or after this counts, RFC 3339.
    pub cut_off: String,
    /// First day of the period.
    pub from: String,
    /// Last day of the period.
    pub to: String,
    /// Versions of the tables that they were computed with.
    pub catalogue: Versions,
    /// Late arrivals: events that the area's newest sealed report does not count and that were claimed, or took place,
    /// before its cut-off.
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

impl Reporting {
    /// The indicators of an area.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter, `out-of-scope` naming the area.
    pub async fn indicators(
        &self,
        reach: &Reach,
        question: Question,
        now: i64,
    ) -> Result<IndicatorSheet, Refusal> {
        let as_of = as_of(question.as_of.as_deref(), now)?;
        let period = Period::read(question.from.as_deref(), question.to.as_deref(), as_of)?;
        let within = question.area.as_deref().map(area).transpose()?;
        let by = question.by.unwrap_or(Level::County);
        let reach = reach.clone();
        self.storage
            .read(move |tx| {
                let ground = Ground::of(tx, &reach, within, &[by.into()], &period.to)?;
                let counting = Counting {
                    cut_off: period.end,
                    period,
                    as_of,
                    without_duties: question.without_duties,
                };
                answer(tx, &reach, &ground, counting, by.into())
            })
            .await
    }
}

/// The time of the figures.
fn as_of(stated: Option<&str>, now: i64) -> Result<i64, Refusal> {
    let bad = |text: &str| Refusal::new(Code::BadFilter, format!("as_of: {text}"));
    let Some(text) = stated else {
        return Ok(now);
    };
    let at = text.parse::<jiff::Timestamp>();
    let at = at.map_err(|_| bad("expected RFC 3339"))?.as_millisecond();
    if at > now {
        return Err(bad("it lies in the future"));
    }
    Ok(at)
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
    let mut late = Late::default();
    let mut values = Vec::new();
    for area in &ground.areas {
        values.extend(manual::list(tx, area, &counting.period)?);
        late.add(late_of_area(tx, area)?);
    }
    if !is_reviewer(reach) {
        values.retain(|value| !is_restricted(&value.indicator));
        for row in rows.iter_mut().chain([&mut total]) {
            hide_restricted(row);
        }
    }
    Ok(IndicatorSheet {
        as_of: instant(counting.as_of),
        cut_off: instant(counting.cut_off),
        from: counting.period.from.clone(),
        to: counting.period.to.clone(),
        catalogue: Versions::of(tx)?,
        late_arrival_count: late.count,
        late_arrivals_more: late.more,
        ledger_lag: ground.lag(),
        unreadable: counted.unreadable,
        without_duties: counting.without_duties,
        checks: checks(&total, &rows),
        total,
        rows,
        manual: values,
    })
}
