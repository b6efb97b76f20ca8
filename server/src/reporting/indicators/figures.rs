//! The figures of a place, by the codes of the indicators.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::catalogue::{Catalogue, Measure};

use super::{
    milli::Milli,
    tally::{Cell, Tally},
};

/// A figure; `null` if it has no value, as a ratio with the denominator 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// Of the period 本期.
    #[schema(value_type = Option<f64>)]
    pub period: Option<Milli>,
    /// Cumulative 累计.
    #[schema(value_type = Option<f64>)]
    pub cumulative: Option<Milli>,
}

/// The figures of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Row {
    /// The level that the place is counted at; absent for the whole.
    pub level: Option<String>,
    /// Administrative path; absent if the whole consists of several areas.
    pub area: Option<String>,
    /// Its name, if it is known.
    pub name: Option<String>,
    /// Values by the indicator's code, such as `ST-07`.
    pub values: BTreeMap<String, Figures>,
}

/// Every indicator of a tally, ratios last.
pub(crate) fn values_of(tally: &Tally) -> BTreeMap<String, Figures> {
    let table = &Catalogue::embedded().indicators;
    let mut values = BTreeMap::new();
    for (at, indicator) in table.indicators.iter().enumerate() {
        let Cell { period, cumulative } = tally.cell(at, &indicator.value);
        let figures = Figures {
            period: Some(Milli(period)),
            cumulative: Some(Milli(cumulative)),
        };
        values.insert(indicator.code.clone(), figures);
    }
    set_ratios(&mut values);
    values
}

/// Computes every ratio from the other values.
pub(crate) fn set_ratios(values: &mut BTreeMap<String, Figures>) {
    for indicator in &Catalogue::embedded().indicators.indicators {
        let Measure::Ratio { ratio: [of, among] } = &indicator.value else {
            continue;
        };
        let (Some(of), Some(among)) = (values.get(of), values.get(among)) else {
            continue;
        };
        let figures = Figures {
            period: percent(of.period, among.period),
            cumulative: percent(of.cumulative, among.cumulative),
        };
        values.insert(indicator.code.clone(), figures);
    }
}

/// Takes the figures over which parts cannot be added, such as companies, from those that were counted over the whole.
pub(crate) fn set_indivisible(
    values: &mut BTreeMap<String, Figures>,
    whole: &BTreeMap<String, Figures>,
) {
    for indicator in &Catalogue::embedded().indicators.indicators {
        let ratio = matches!(indicator.value, Measure::Ratio { .. });
        if let Some(figures) = whole
            .get(&indicator.code)
            .filter(|_| !ratio && !indicator.additive)
        {
            values.insert(indicator.code.clone(), *figures);
        }
    }
    set_ratios(values);
}

/// Percent with one decimal; no value if the denominator is 0.
fn percent(of: Option<Milli>, among: Option<Milli>) -> Option<Milli> {
    let (of, among) = (i128::from(of?.0), i128::from(among?.0));
    if among == 0 {
        return None;
    }
    let tenths = (of * 2000 + among) / (among * 2);
    i64::try_from(tenths * 100).ok().map(Milli)
}

pub(crate) fn is_restricted(code: &str) -> bool {
    let found = Catalogue::embedded().indicators.find(code);
    found.is_some_and(|indicator| indicator.restricted)
}

pub(crate) fn hide_restricted(row: &mut Row) {
    row.values.retain(|code, _| !is_restricted(code));
}
