//! Checks what only the whole table shows: levels, provinces, codes, successors, and the chain of every area on every day
//! that the table names.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::{Catalogue, Level, ReportingTree},
    record::AreaPath,
};

use super::line::base;
use crate::{
    register::{
        csv::{day_before, next_day},
        import::both,
        tree::{Hierarchy, levels},
    },
    storage::regions::Region,
};

/// The table as it is after the import.
pub(super) struct Table {
    rows: BTreeMap<AreaPath, Region>,
    /// The line of the file that gives a row.
    lines: BTreeMap<AreaPath, usize>,
}

/// A problem with the line that it is shown at; `None` if the file has no row that the problem is about.
pub(super) type Problem = (Option<usize>, String);

/// The rank of a level; an area reports to one of a smaller rank. A functional area is listed with the counties.
fn rank(level: Level) -> u8 {
    match level {
        Level::Province => 0,
        Level::City => 1,
        Level::County | Level::FunctionalArea => 2,
        Level::Street => 3,
        Level::Community => 4,
        Level::Grid => 5,
    }
}

const COUNTY: u8 = 2;

impl Table {
    /// The stored rows with those of the file.
    pub(super) fn new(known: &BTreeMap<AreaPath, Region>, file: &[(usize, Region)]) -> Self {
        let mut rows = known.clone();
        rows.extend(file.iter().map(|(_, row)| (row.path.clone(), row.clone())));
        Self {
            rows,
            lines: file
                .iter()
                .map(|(line, row)| (row.path.clone(), *line))
                .collect(),
        }
    }

    /// The highest and the lowest rank of an area that has a row or is built in.
    fn ranks(&self, path: &AreaPath) -> Option<(u8, u8)> {
        let found = match self.rows.get(path) {
            Some(row) => levels(&row.level)?,
            None => levels(&base(path, None)?.level)?,
        };
        let ranks = found.into_iter().map(rank);
        Some((ranks.clone().min()?, ranks.max()?))
    }

    /// Whether the reporting tree needs the row: an area without these follows its path on every day.
    fn is_moved(row: &Region) -> bool {
        row.parent.is_some() || row.report_parent.is_some() || row.replaced_by.is_some()
    }

    /// Every problem of the rows that the file gives or that depend on them.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let moved = self.rows.values().filter(|row| Self::is_moved(row));
        let moved = Hierarchy::of(moved.cloned().collect());
        let circles = self.circles(&moved);
        if !circles.is_empty() {
            return circles;
        }
        let mut problems = Vec::new();
        for (path, row) in &self.rows {
            let above: Vec<AreaPath> = ancestors(path).skip(1).collect();
            if !Self::is_moved(row)
                && let Err(problem) = self.below(row, &above)
            {
                problems.push((self.line(path, &above), problem));
            }
        }
        problems.extend(self.moves(&moved));
        problems.extend(self.successors());
        problems.extend(self.codes());
        problems.sort();
        problems.dedup();
        problems
    }

    /// The line of a row, or of the nearest area above it that the file gives: a row that is not in the file can become
    /// wrong by one that is.
    fn line(&self, path: &AreaPath, above: &[AreaPath]) -> Option<usize> {
        let mut near = std::iter::once(path).chain(above);
        near.find_map(|area| self.lines.get(area).copied())
    }

    /// Every circle, with the days on which it exists.
    fn circles(&self, moved: &Hierarchy) -> Vec<Problem> {
        let days: Vec<String> = moved.days().into_iter().collect();
        for (at, day) in days.iter().enumerate() {
            let Err(circle) = moved.tree(day) else {
                continue;
            };
            let ends = days[at..].iter().find(|day| moved.tree(day).is_ok());
            let last = ends.and_then(|end| day_before(end));
            let line = circle.0.iter().find_map(|area| self.lines.get(area));
            let (until, to) = match &last {
                Some(last) => (format!("至 {last}"), format!("to {last}")),
                None => ("起".to_owned(), "on".to_owned()),
            };
            let problem = both(
                format!("{day} {until}，隶属关系成环：{circle}；请改正上级"),
                format!(
                    "from {day} {to} these areas report to each other in a circle: {circle}; correct their parents"
                ),
            );
            return vec![(line.copied(), problem)];
        }
        Vec::new()
    }

    /// The levels of the areas that report elsewhere, on each day.
    fn moves(&self, moved: &Hierarchy) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut done: BTreeSet<(&AreaPath, Vec<AreaPath>)> = BTreeSet::new();
        for day in moved.days() {
            let Ok(tree) = moved.tree(&day) else { continue };
            for row in self.rows.values().filter(|row| Self::is_moved(row)) {
                if !holds(&tree, row, &day) {
                    continue;
                }
                let above: Vec<AreaPath> = tree.chain(&row.path).into_iter().skip(1).collect();
                if !done.insert((&row.path, above.clone())) {
                    continue;
                }
                if let Err(problem) = self.below(row, &above) {
                    problems.push((self.line(&row.path, &above), problem));
                }
            }
        }
        problems
    }

    /// Whether the level of an area is below that of the nearest known area that it reports to.
    fn below(&self, row: &Region, above: &[AreaPath]) -> Result<(), String> {
        let (path, level) = (&row.path, &row.level);
        let Some((own, _)) = self.ranks(path) else {
            return Ok(());
        };
        let known = above
            .iter()
            .find_map(|area| Some((self.ranks(area)?.1, area)));
        let Some((rank, area)) = known else {
            let top = path.codes().next().unwrap_or_default();
            if own == 0 && path.codes().count() == 1 {
                return Ok(());
            }
            return Err(both(
                format!("{path}：省级 {top} 不在区划表中，请先导入省级区划"),
                format!(
                    "{path}: the province {top} is not known; import it first, with the level province"
                ),
            ));
        };
        if own > COUNTY && rank < COUNTY {
            return Err(both(
                format!("{path}：级别 {level} 之上缺少县区，{area} 不是县区；请先导入其县区"),
                format!(
                    "{path}: no county above this {level}, and {area} is none; import its county first"
                ),
            ));
        }
        if rank >= own {
            return Err(both(
                format!(
                    "{path}：级别 {level} 不低于所隶属的 {area}；请改正 level、parent 或 report_parent"
                ),
                format!(
                    "{path}: the level {level} is not below that of {area}, to which it reports; correct level, parent or report_parent"
                ),
            ));
        }
        Ok(())
    }

    /// Successors: of the same level or higher, and valid when they begin.
    fn successors(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (path, row) in &self.rows {
            let (Some(successor), Some(to)) = (&row.replaced_by, &row.valid_to) else {
                continue;
            };
            let line = self.line(path, std::slice::from_ref(successor));
            if let (Some((_, own)), Some((_, next))) = (self.ranks(path), self.ranks(successor))
                && next > own
            {
                let problem = both(
                    format!("{path}：replaced_by {successor} 的级别更低"),
                    format!("{path}: replaced_by {successor} has a lower level"),
                );
                problems.push((line, problem));
            }
            let first = next_day(to);
            let begins = self.rows.get(successor).map(|row| row.valid_from.clone());
            if begins > first {
                let problem = both(
                    format!("{path}：replaced_by {successor} 在 valid_to 之后才设立，中间有空档"),
                    format!(
                        "{path}: replaced_by {successor} begins later than the day after valid_to"
                    ),
                );
                problems.push((line, problem));
            }
        }
        problems
    }

    /// Statistical codes, which have 6, 9 or 12 digits, each of one area that has not ended.
    fn codes(&self) -> Vec<Problem> {
        let mut owners: BTreeMap<&str, Vec<&AreaPath>> = BTreeMap::new();
        let built_in = Catalogue::embedded().regions.regions.iter();
        let built_in = built_in.filter(|region| !self.rows.contains_key(&region.path));
        for region in built_in {
            owners.entry(&region.code).or_default().push(&region.path);
        }
        let lasting = self.rows.values().filter(|row| row.replaced_by.is_none());
        for row in lasting.filter(|row| is_statistical(&row.code)) {
            owners.entry(&row.code).or_default().push(&row.path);
        }
        let mut problems = Vec::new();
        for (code, paths) in owners.into_iter().filter(|(_, paths)| paths.len() > 1) {
            let line = paths.iter().find_map(|path| self.lines.get(*path));
            let all: Vec<_> = paths.iter().map(|path| path.as_str()).collect();
            let all = all.join(", ");
            let problem = both(
                format!(
                    "代码 {code} 属于几个区划：{all}；若已迁移，请给原区划填写 valid_to 和 replaced_by"
                ),
                format!(
                    "code {code} is that of several areas: {all}; if it moved, give the earlier one valid_to and replaced_by"
                ),
            );
            problems.push((line.copied(), problem));
        }
        problems
    }

    /// Cities whose number of counties is not the expected one.
    pub(super) fn county_warnings(&self) -> Vec<String> {
        // A far day, so that successors count.
        let rows = Hierarchy::of(self.rows.values().cloned().collect());
        let Ok(parents) = rows.tree("9999-12-31") else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        for city in Catalogue::embedded().regions.of(Level::City) {
            let is_county = |area: &&AreaPath| parents.levels(area, area).contains(&Level::County);
            let counties = parents.registered(Level::County, &city.path);
            let found = counties.iter().filter(is_county).count();
            if found != 0 && found != city.counties as usize {
                let (zh, expected) = (&city.zh, city.counties);
                warnings.push(format!(
                    "{zh} {}: {found} counties, {expected} expected",
                    city.code
                ));
            }
        }
        warnings
    }
}

/// Whether a row decides where its area counts on a day.
fn holds(tree: &ReportingTree, row: &Region, day: &str) -> bool {
    row.valid_from.as_str() <= day && tree.successor(&row.path).is_none()
}

fn is_statistical(code: &str) -> bool {
    [6, 9, 12].contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit())
}

/// The area of a path and those above it.
fn ancestors(path: &AreaPath) -> impl Iterator<Item = AreaPath> {
    std::iter::successors(Some(path.clone()), AreaPath::parent)
}
