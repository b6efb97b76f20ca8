//! Differences between two sheets.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::catalogue::{Catalogue, Indicator, Measure};

use super::document::{Correction, Difference, SealedReport};
use crate::reporting::indicators::{Figures, Milli, Row};

/// The rows of a sheet by level and place.
fn by_place(sheet: &SealedReport) -> BTreeMap<(Option<&str>, Option<&str>), &Row> {
    let rows = [&sheet.total].into_iter().chain(&sheet.rows);
    rows.map(|row| ((row.level.as_deref(), row.area.as_deref()), row))
        .collect()
}

/// Every figure that differs; a figure that a sheet does not contain has no value.
pub(super) fn differences(before: &SealedReport, now: &SealedReport) -> Vec<Difference> {
    let (old, new) = (by_place(before), by_place(now));
    let places: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let mut found = Vec::new();
    for place in places {
        let (old, new) = (old.get(&place), new.get(&place));
        let codes: BTreeSet<&String> = old
            .into_iter()
            .chain(new)
            .flat_map(|row| row.values.keys())
            .collect();
        for code in codes {
            let of = |row: Option<&&Row>| row.and_then(|row| row.values.get(code)).copied();
            found.extend(between(place.1, code, of(old), of(new)));
        }
    }
    found
}

fn between(
    area: Option<&str>,
    code: &str,
    before: Option<Figures>,
    now: Option<Figures>,
) -> Vec<Difference> {
    let column = |name: &str, of: fn(&Figures) -> Option<Milli>| Difference {
        area: area.map(str::to_owned),
        indicator: code.to_owned(),
        column: name.to_owned(),
        before: before.as_ref().and_then(of),
        now: now.as_ref().and_then(of),
    };
    let both = [
        column("period", |f| f.period),
        column("cumulative", |f| f.cumulative),
    ];
    both.into_iter().filter(|d| d.before != d.now).collect()
}

/// Cumulative figures of the whole that must never decrease and did.
pub(super) fn falls(before: &SealedReport, now: &SealedReport) -> Vec<Difference> {
    let table = &Catalogue::embedded().indicators;
    let never = |code: &str| table.find(code).is_some_and(|i| i.never_falls);
    let (mut found, rows) = (Vec::new(), (&before.total, &now.total));
    for (code, new) in rows.1.values.iter().filter(|(code, _)| never(code)) {
        let Some(old) = rows.0.values.get(code) else {
            continue;
        };
        if new.cumulative < old.cumulative {
            let area = rows.1.area.as_deref();
            let both = between(area, code, Some(*old), Some(*new)).into_iter();
            found.extend(both.filter(|d| d.column == "cumulative"));
        }
    }
    found
}

/// What the cumulative figures of the whole contain beyond the previous report and the period: what came after the previous
/// cut-off and belongs to earlier periods.
pub(super) fn corrections(previous: &SealedReport, now: &SealedReport) -> Vec<Correction> {
    let table = &Catalogue::embedded().indicators;
    let mut found = Vec::new();
    for (code, figures) in &now.total.values {
        // What the register holds has no period, and neither has a figure that cannot be added.
        let flows = |i: &Indicator| i.additive && !matches!(i.value, Measure::Compounds { .. });
        let before = previous.total.values.get(code).and_then(|f| f.cumulative);
        let (Some(before), Some(period), Some(sum), true) = (
            before,
            figures.period,
            figures.cumulative,
            table.find(code).is_some_and(flows),
        ) else {
            continue;
        };
        let correction = Milli(sum.0 - before.0 - period.0);
        if correction.0 != 0 {
            found.push(Correction {
                indicator: code.clone(),
                after: previous.number.clone(),
                before,
                correction,
            });
        }
    }
    found
}
