//! Importing regions: reads the known rows, plans the whole file, then writes all of it or nothing.
//!
//! A bad line is part of the result, and then nothing is written.

mod checks;
mod codes;
mod line;

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{catalogue::Level, record::AreaPath};

use self::{
    checks::Table,
    codes::Codes,
    line::{base, cells, identity, region},
};
use super::{csv, figures, import::Import, tree::Hierarchy};
use crate::storage::{
    Storage, StorageError, Tx, names,
    regions::{self, Region},
};

const COLUMNS: [&str; 10] = [
    "path",
    "code",
    "name",
    "name_en",
    "level",
    "parent",
    "report_parent",
    "valid_from",
    "valid_to",
    "replaced_by",
];

/// Imports a table of regions; with `dry`, only returns what an import would do: each cell, and from `today`
/// (yyyy-mm-dd) on each figure.
///
/// # Errors
/// [`StorageError`]; bad lines are part of the result.
pub async fn import_regions(
    storage: &Storage,
    text: Vec<u8>,
    dry: Option<String>,
) -> Result<Import, StorageError> {
    storage
        .write(move |tx| {
            let known = gather(tx)?;
            let (mut import, rows) = plan(&text, &known);
            match &dry {
                _ if !import.bad.is_empty() => {}
                Some(today) => {
                    let mut after = known.clone();
                    after.extend(rows.iter().map(|row| (row.path.clone(), row.clone())));
                    let [before, after] =
                        [known, after].map(|rows| Hierarchy::of(rows.into_values().collect()));
                    import.moves = figures::moved_by_regions(tx, &before, &after, today)?;
                }
                None => {
                    apply(tx, &rows)?;
                    import.written = true;
                }
            }
            Ok(import)
        })
        .await
}

/// What an import of a table does to these regions, without a database: its result, and the regions after it. They are
/// the same if a line is bad.
pub fn planned_regions(text: &[u8], stored: &Hierarchy) -> (Import, Hierarchy) {
    let known = stored
        .rows()
        .iter()
        .map(|row| (row.path.clone(), row.clone()));
    let mut known: BTreeMap<AreaPath, Region> = known.collect();
    let (import, rows) = plan(text, &known);
    if import.bad.is_empty() {
        known.extend(rows.into_iter().map(|row| (row.path.clone(), row)));
    }
    (import, Hierarchy::of(known.into_values().collect()))
}

fn gather(tx: &mut dyn Tx) -> Result<BTreeMap<AreaPath, Region>, StorageError> {
    let rows = regions::list(tx)?.into_iter();
    Ok(rows.map(|row| (row.path.clone(), row)).collect())
}

fn apply(tx: &mut dyn Tx, rows: &[Region]) -> Result<(), StorageError> {
    regions::put(tx, rows)?;
    for row in rows {
        names::set_area(tx, &row.path, &row.name)?;
    }
    Ok(())
}

fn plan(text: &[u8], known: &BTreeMap<AreaPath, Region>) -> (Import, Vec<Region>) {
    let mut import = Import::default();
    let lines = csv::read(text, &COLUMNS, &["path", "code"], &mut import);
    let mut codes = Codes::new(known);
    // A line may name a code before the code's own line: as many passes as there are levels resolve all of them.
    for _ in Level::ALL {
        for line in &lines {
            if let Ok(path) = identity(line, &codes) {
                codes.add(path.codes().last().unwrap_or_default(), &path);
            }
        }
    }
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for line in &lines {
        let read = identity(line, &codes).and_then(|path| {
            let base = base(&path, known.get(&path));
            region(line, path, &codes, base.as_ref())
        });
        match read {
            Ok(row) if !seen.insert(row.path.clone()) => import.refuse(
                line.number,
                format!("{} 出现两次，请只保留一行", row.path),
                format!("{} is given twice; leave one line", row.path),
            ),
            Ok(row) => rows.push((line.number, row)),
            Err(problem) => import.wrong(line.number, problem),
        }
    }
    if import.bad.is_empty() {
        let table = Table::new(known, &rows);
        let problems = table.problems();
        // What an earlier build took is no reason to refuse a file that is about other areas.
        let elsewhere = problems.iter().any(|(line, _)| line.is_none());
        let known_problems = if elsewhere {
            stored_problems(known)
        } else {
            BTreeSet::new()
        };
        let first = rows.first().map_or(1, |(line, _)| *line);
        for (line, problem) in problems {
            match line {
                None if known_problems.contains(&problem) => import.warnings.push(problem),
                line => import.wrong(line.unwrap_or(first), problem),
            }
        }
        if import.bad.is_empty() {
            import.warnings.extend(table.county_warnings());
        }
    }
    let rows = rows
        .into_iter()
        .filter(|(line, row)| differs(known, *line, row, &mut import));
    let rows = rows.map(|(_, row)| row).collect();
    (import, rows)
}

/// The problems of the stored regions, except a circle: with one nothing can be added up.
fn stored_problems(known: &BTreeMap<AreaPath, Region>) -> BTreeSet<String> {
    let stored = Hierarchy::of(known.values().cloned().collect());
    if stored.trees().is_err() {
        return BTreeSet::new();
    }
    let problems = Table::new(known, &[]).problems();
    problems.into_iter().map(|(_, problem)| problem).collect()
}

/// Whether a row differs from the stored one; counts it, with each cell.
fn differs(
    known: &BTreeMap<AreaPath, Region>,
    line: usize,
    row: &Region,
    import: &mut Import,
) -> bool {
    match known.get(&row.path) {
        Some(there) if there == row => {
            import.same += 1;
            return false;
        }
        Some(there) => {
            import.changed += 1;
            import.differ(line, row.path.as_str(), cells(there), cells(row));
        }
        None => {
            import.added += 1;
            import.new_row(line, row.path.as_str());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(text: &str) -> (Import, Vec<Region>) {
        plan(text.as_bytes(), &BTreeMap::new())
    }

    #[test]
    fn a_code_is_placed_below_its_parent_and_may_report_elsewhere() {
        let (import, rows) = planned(
            "code,name,level,parent,report_parent\n420106001001,甲社区,community,420106001,F01\n\
             420106001,甲街道,street,420106,\n420106,武昌区,county,420100,\nF01,高新区,functional_area,420100,\n",
        );
        assert!(import.bad.is_empty(), "{import:?}");
        let community = &rows[0];
        assert_eq!(
            community.path.as_str(),
            "420000/420100/420106/420106001/420106001001"
        );
        let reports_to = community.report_parent.as_ref().map(AreaPath::as_str);
        assert_eq!(reports_to, Some("420000/420100/F01"));
    }

    #[test]
    fn every_bad_line_is_named_with_what_to_do() {
        let (import, _) = planned(
            "path,name,level,report_parent,valid_from,valid_to,replaced_by\n\
             420000//1,甲,county,,,,\n\
             420000/420100/420106,,county,,,,\n\
             420000/420100/420103,丙,hamlet,,,,\n\
             420000/420100/420104,丁,county,,2024-13-01,,\n\
             420000/420100/420105,戊,county,nowhere,,,\n\
             420000/420100/420111,己,county,,,,420000/420100/420103\n",
        );
        let lines: Vec<_> = import.bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7], "{import:?}");
    }

    #[test]
    fn a_circle_is_refused_and_a_wrong_number_of_counties_is_pointed_out() {
        let (import, _) = planned(
            "path,name,level,report_parent\n420000/420700/420702,甲,county,420000/420700/420703\n\
             420000/420700/420703,乙,county,420000/420700/420702\n",
        );
        assert_eq!(import.bad.len(), 1, "{import:?}");
        let (import, _) = planned("path,name,level\n420000/420700/420702,梁子湖区,county\n");
        assert!(import.bad.is_empty());
        assert!(import.warnings[0].contains("420700"), "{import:?}");
    }
}
