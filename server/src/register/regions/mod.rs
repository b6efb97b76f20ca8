//! Importing regions: reads the known rows, plans the whole file, then writes all of it or nothing.
//!
//! A bad line is part of the result, and then nothing is written.

mod codes;
mod line;

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::{Catalogue, Level, ReportingTree},
    record::AreaPath,
};

use self::{
    codes::Codes,
    line::{identity, region},
};
use super::{csv, import::Import, tree::nodes};
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

/// Imports a table of regions; with `dry`, only returns what an import would do.
///
/// # Errors
/// [`StorageError`]; bad lines are part of the result.
pub async fn import_regions(
    storage: &Storage,
    text: Vec<u8>,
    dry: bool,
) -> Result<Import, StorageError> {
    storage
        .write(move |tx| {
            let known = gather(tx)?;
            let (mut import, rows) = plan(&text, &known);
            if import.bad.is_empty() && !dry {
                apply(tx, &rows)?;
                import.written = true;
            }
            Ok(import)
        })
        .await
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
    let lines = csv::read(text, &COLUMNS, &mut import);
    let mut codes = Codes::new(known);
    // A line may name a code before the code's own line: as many passes as there are levels resolve all of them.
    for _ in Level::ALL {
        for line in &lines {
            if let Ok((code, path)) = identity(line, &codes) {
                codes.add(&code, &path);
            }
        }
    }
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for line in &lines {
        match region(line, &codes) {
            Ok(row) if !seen.insert(row.path.clone()) => {
                let problem = format!("{} is given twice; leave one line", row.path);
                import.refuse(line.number, problem);
            }
            Ok(row) => match known.get(&row.path) {
                Some(there) if *there == row => import.same += 1,
                there => {
                    import.changed += usize::from(there.is_some());
                    import.added += usize::from(there.is_none());
                    rows.push((line.number, row));
                }
            },
            Err(problem) => import.refuse(line.number, problem),
        }
    }
    connected(&rows, known, &mut import);
    (import, rows.into_iter().map(|(_, row)| row).collect())
}

/// Checks what only the whole table shows: cycles, and cities with an unexpected number of counties.
fn connected(rows: &[(usize, Region)], known: &BTreeMap<AreaPath, Region>, import: &mut Import) {
    let mut all = known.clone();
    all.extend(rows.iter().map(|(_, row)| (row.path.clone(), row.clone())));
    let all: Vec<Region> = all.into_values().collect();
    // A far day, so that successors count too.
    let parents = ReportingTree::new(nodes(&all, "9999-12-31"));
    if let Err(circle) = parents.check() {
        let circle = circle.0;
        let at = rows.iter().find(|(_, row)| row.path == circle);
        let problem = format!("{circle} reports to itself by way of others; correct its parents");
        import.refuse(at.map_or(1, |(line, _)| *line), problem);
        return;
    }
    for city in Catalogue::embedded().regions.of(Level::City) {
        let is_county = |area: &&AreaPath| parents.levels(area, area).contains(&Level::County);
        let counties = parents.registered(Level::County, &city.path);
        let found = counties.iter().filter(is_county).count();
        if found != 0 && found != city.counties as usize {
            let (zh, expected) = (&city.zh, city.counties);
            let warning = format!("{zh} {}: {found} counties, {expected} expected", city.code);
            import.warnings.push(warning);
        }
    }
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
