//! Turns tallies into rows: values by code, ratios, and cross-checks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::{
    catalogue::roll_up,
    catalogue::{Catalogue, Compare, Level, Measure, Side},
    record::AreaPath,
};

use super::{
    count::{Cell, Counted, Tally},
    ground::Ground,
    milli::Milli,
};
use crate::storage::{StorageError, Tx, names};

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

/// A cross-check: two sides that must agree, and whether they do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckView {
    /// The place; absent for the whole.
    pub area: Option<String>,
    /// `period` or `cumulative`.
    pub column: String,
    /// The check as a formula, such as `ST-08 ≤ ST-07`.
    pub check: String,
    /// The left side.
    #[schema(value_type = f64)]
    pub left: Milli,
    /// The right side.
    #[schema(value_type = f64)]
    pub right: Milli,
    /// Whether it holds.
    pub holds: bool,
}

/// A row for each place of a level.
pub(crate) fn rows(
    tx: &mut dyn Tx,
    ground: &Ground,
    level: Level,
    counted: &Counted,
) -> Result<Vec<Row>, StorageError> {
    let registered = ground.registered(level).into_iter();
    let registered = registered.map(|place| (place, Tally::default()));
    let mut tallies: BTreeMap<AreaPath, Tally> = registered.collect();
    let places = counted.places.iter();
    let values = places.map(|(place, tally)| (place.clone(), ground.county(place), tally.clone()));
    for (place, tally) in roll_up(&ground.parents, level, values) {
        *tallies.entry(place).or_default() += tally;
    }
    let names = names_of(tx, tallies.keys())?;
    let row = |(area, tally): (AreaPath, Tally)| Row {
        level: Some(level.name().to_owned()),
        name: names.get(&area).cloned(),
        area: Some(area.to_string()),
        values: values_of(&tally),
    };
    Ok(tallies.into_iter().map(row).collect())
}

/// The row of the whole area.
pub(crate) fn total(
    tx: &mut dyn Tx,
    ground: &Ground,
    counted: &Counted,
) -> Result<Row, StorageError> {
    let mut sum = Tally::default();
    for tally in counted.places.values() {
        sum += tally.clone();
    }
    let only = match ground.areas.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let names = names_of(tx, only)?;
    Ok(Row {
        level: None,
        area: only.map(ToString::to_string),
        name: only.and_then(|area| names.get(area).cloned()),
        values: values_of(&sum),
    })
}

/// Names of areas as stored, or else from the catalogue.
pub(crate) fn names_of<'a>(
    tx: &mut dyn Tx,
    areas: impl IntoIterator<Item = &'a AreaPath>,
) -> Result<BTreeMap<AreaPath, String>, StorageError> {
    let built_in = Catalogue::embedded().regions.regions.iter();
    let built_in = built_in.map(|r| (r.path.clone(), r.zh.clone()));
    let mut names: BTreeMap<AreaPath, String> = built_in.collect();
    names.extend(names::areas(tx, areas)?);
    Ok(names)
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

/// All cross-checks of the total, and those of the rows that do not hold.
pub(crate) fn checks(total: &Row, rows: &[Row]) -> Vec<CheckView> {
    let mut found = checked(total, None);
    for row in rows {
        let broken = checked(row, row.area.as_deref()).into_iter();
        found.extend(broken.filter(|check| !check.holds));
    }
    found
}

fn checked(row: &Row, area: Option<&str>) -> Vec<CheckView> {
    let mut found = Vec::new();
    for check in &Catalogue::embedded().indicators.checks {
        for (column, of) in [
            (
                "period",
                (|f: &Figures| f.period) as fn(&Figures) -> Option<Milli>,
            ),
            ("cumulative", |f: &Figures| f.cumulative),
        ] {
            let sum = |codes: &[String]| {
                let parts = codes.iter().map(|code| row.values.get(code).and_then(of));
                parts
                    .map(|part| part.map(|milli| milli.0))
                    .sum::<Option<i64>>()
            };
            let (right, shown) = match &check.right {
                Side::Figures(codes) => (sum(codes), codes.join(" + ")),
                Side::Number(number) => (Some(number * 1000), number.to_string()),
            };
            // A side without a value, such as a ratio with the denominator 0, is not checked.
            let (Some(left), Some(right)) = (sum(&check.left), right) else {
                continue;
            };
            let (is, holds) = match check.is {
                Compare::Le => ("≤", left <= right),
                Compare::Eq => ("=", left == right),
            };
            found.push(CheckView {
                area: area.map(str::to_owned),
                column: column.to_owned(),
                check: format!("{} {is} {shown}", check.left.join(" + ")),
                left: Milli(left),
                right: Milli(right),
                holds,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(&str, i64)]) -> Row {
        let mut all = values_of(&Tally::default());
        for (code, value) in values {
            let value = Some(Milli(value * 1000));
            let figures = Figures {
                period: value,
                cumulative: value,
            };
            all.insert((*code).to_owned(), figures);
        }
        set_ratios(&mut all);
        Row {
            level: None,
            area: None,
            name: None,
            values: all,
        }
    }

    #[test]
    fn a_rate_of_nothing_is_no_value_and_a_rate_has_one_decimal() {
        let rate = |done, found| row(&[("ST-08", done), ("ST-07", found)]).values["ST-09"].period;
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(1, 3), Some(Milli(33_300)));
        assert_eq!(rate(2, 3), Some(Milli(66_700)));
        assert_eq!(rate(3, 3), Some(Milli(100_000)));
    }

    #[test]
    fn a_check_that_is_broken_shows_both_numbers() {
        let broken = row(&[("ST-07", 5), ("ST-08", 3), ("ST-12a", 3), ("ST-14.EV", 5)]);
        let found = checks(&broken, &[]);
        let broken: Vec<_> = found.iter().filter(|check| !check.holds).collect();
        assert_eq!(broken.len(), 2, "{broken:?}");
        let one = broken[1];
        assert_eq!(one.check, "ST-07 = ST-08 + ST-12a");
        assert_eq!((one.left, one.right), (Milli(5000), Milli(6000)));
    }
}
