//! Cross-checks: figures that must agree.

use serde::{Deserialize, Serialize};
use sync_core::catalogue::{Catalogue, Compare, Side};

use super::{
    figures::{Figures, Row},
    milli::Milli,
};

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
    use super::{
        super::{
            figures::{set_ratios, values_of},
            tally::Tally,
        },
        *,
    };

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
