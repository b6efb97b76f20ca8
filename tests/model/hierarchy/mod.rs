//! The hierarchy over time, compared with a reference that is written from docs/hierarchy.md alone.
//!
//! A world is a table of regions that several files change, each with some of the columns. The reference takes or refuses
//! each file and places every area on every day; imports and reporting trees must agree.
//!
//! `XUNCHA_MODEL_FROM` is the first seed and `XUNCHA_MODEL_WORLDS` the number of worlds: a run that was interrupted
//! continues from the last seed that it printed.

mod oracle;

use std::collections::BTreeMap;

use sync_core::{
    catalogue::{Level, ReportingTree},
    record::AreaPath,
};
use xuncha_server::register::{Hierarchy, planned_regions};

use crate::{fold::first_seed, laws::worlds, world::Chance};
use oracle::{Day, Row, Table, chain, place, refused, up};

/// The last day that is looked at; the last day that a file names is two before it.
const LAST: Day = 8;

const CITIES: [&str; 2] = ["420000/420100", "420000/420200"];
const COUNTIES: [&str; 4] = [
    "420000/420100/420106",
    "420000/420100/420103",
    "420000/420200/420202",
    "420000/429004",
];
const ZONE: &str = "420000/420100/Zone";
const BELOW: [&str; 4] = ["S1", "S2", "S1/c1", "S1/c1/G1"];

/// Rows between two printed seeds.
const PRINTED: u64 = 10_000;

fn date(day: Day) -> String {
    match day {
        0 => "1949-10-01".to_owned(),
        day => format!("2024-03-{day:02}"),
    }
}

fn area(text: &str) -> AreaPath {
    text.parse().expect("a path")
}

/// Every place, with its county.
fn places() -> Vec<(String, String)> {
    let mut all = vec![(ZONE.to_owned(), ZONE.to_owned())];
    for county in COUNTIES {
        all.push((county.to_owned(), county.to_owned()));
        all.extend(BELOW.map(|below| (format!("{county}/{below}"), county.to_owned())));
    }
    all
}

/// The level that a place has by its form.
fn usual(path: &str) -> &'static str {
    if path == ZONE {
        return "functional_area";
    }
    match path.rsplit('/').next() {
        Some("429004") => "city county",
        Some("c1") => "community",
        Some("G1") => "grid",
        Some("S1" | "S2") => "street",
        _ => "county",
    }
}

fn built_in() -> Table {
    let row = |level: &str| Row {
        level: level.to_owned(),
        parent: None,
        report_parent: None,
        from: 0,
        to: None,
        replaced_by: None,
    };
    let mut table: Table = CITIES.map(|city| (city.to_owned(), row("city"))).into();
    table.insert("420000".to_owned(), row("province"));
    table.insert(COUNTIES[3].to_owned(), row("city county"));
    table
}

/// A file: columns, and the cells of each line.
struct File {
    columns: Vec<&'static str>,
    lines: Vec<(String, BTreeMap<&'static str, String>)>,
}

const COLUMNS: [&str; 5] = [
    "parent",
    "report_parent",
    "valid_from",
    "valid_to",
    "replaced_by",
];

impl File {
    /// The file that every world begins with.
    fn first(chance: &mut Chance) -> Self {
        let mut lines = Vec::new();
        for (path, _) in places() {
            if usual(&path).contains("county") || path == ZONE || chance.percent(50) {
                lines.push((
                    path.clone(),
                    BTreeMap::from([("level", usual(&path).to_owned())]),
                ));
            }
        }
        Self {
            columns: vec!["level"],
            lines,
        }
    }

    fn random(chance: &mut Chance, table: &Table) -> Self {
        let mut columns = vec!["level"];
        columns.extend(COLUMNS.into_iter().filter(|_| chance.percent(45)));
        let mut lines: BTreeMap<String, BTreeMap<&'static str, String>> = BTreeMap::new();
        let all = places();
        for _ in 0..1 + chance.below(3) {
            let (path, _) = chance.one(&all).expect("places");
            let cells = columns
                .iter()
                .map(|column| (*column, cell(chance, table, path, column)));
            lines.insert(path.clone(), cells.collect());
        }
        Self {
            columns,
            lines: lines.into_iter().collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("path,name,{}\n", self.columns.join(","));
        for (path, cells) in &self.lines {
            text += &format!("{path},示范");
            for column in &self.columns {
                text += &format!(",{}", cells[column]);
            }
            text += "\n";
        }
        text
    }

    /// The table after the file by the words of the page: an absent column leaves, an empty cell clears.
    fn applied(&self, table: &Table) -> Table {
        let mut after = table.clone();
        for (path, cells) in &self.lines {
            let row = after.entry(path.clone()).or_insert_with(|| Row {
                level: String::new(),
                parent: None,
                report_parent: None,
                from: 0,
                to: None,
                replaced_by: None,
            });
            let text = |column: &str| cells.get(column).cloned();
            let stated = |text: String| Some(text).filter(|text| !text.is_empty());
            let day = |text: String| (0..=LAST).find(|day| date(*day) == text);
            row.level = text("level").expect("every file has levels");
            if let Some(cell) = text("parent") {
                row.parent = stated(cell).filter(|parent| up(path).as_ref() != Some(parent));
            }
            if let Some(cell) = text("report_parent") {
                row.report_parent = stated(cell);
            }
            if let Some(cell) = text("valid_from") {
                row.from = stated(cell).and_then(day).unwrap_or(0);
            }
            if let Some(cell) = text("valid_to") {
                row.to = stated(cell).and_then(day);
            }
            if let Some(cell) = text("replaced_by") {
                row.replaced_by = stated(cell);
            }
        }
        after
    }
}

fn cell(chance: &mut Chance, table: &Table, path: &str, column: &str) -> String {
    let known: Vec<&String> = table.keys().collect();
    let sensible: Vec<String> = match usual(path) {
        "street" | "community" | "grid" => COUNTIES
            .iter()
            .chain(&[ZONE])
            .map(|area| (*area).to_owned())
            .collect(),
        _ => CITIES.map(str::to_owned).to_vec(),
    };
    match column {
        "level" if chance.percent(95) => usual(path).to_owned(),
        "level" => {
            let all = [
                "city",
                "county",
                "street",
                "community",
                "grid",
                "functional_area",
                "city county",
            ];
            (*chance.one(&all).expect("levels")).to_owned()
        }
        "valid_from" if chance.percent(70) => date(chance.below(LAST - 1)),
        "valid_to" if chance.percent(80) => date(1 + chance.below(LAST - 2)),
        "replaced_by" if chance.percent(60) => {
            let like = known
                .iter()
                .filter(|other| usual(other) == usual(path))
                .collect::<Vec<_>>();
            match chance.percent(80) {
                true => chance
                    .one(&like)
                    .map_or(String::new(), |path| (**path).clone()),
                false => (*chance.one(&known).expect("rows")).clone(),
            }
        }
        "parent" | "report_parent" if chance.percent(75) => match chance.percent(80) {
            true => chance.one(&sensible).cloned().unwrap_or_default(),
            false => (*chance.one(&known).expect("rows")).clone(),
        },
        _ => String::new(),
    }
}

/// What a world had, for the last line of the test.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    files: u64,
    refused: u64,
    moved: u64,
}

/// The first difference between the reference and the program in a world.
fn differs(seed: u64) -> Result<Seen, String> {
    let mut chance = Chance::new(seed);
    let (mut table, mut stored, mut seen) = (built_in(), Hierarchy::default(), Seen::default());
    let count = 2 + chance.below(4);
    for number in 0..count {
        let file = match number {
            0 => File::first(&mut chance),
            _ => File::random(&mut chance, &table),
        };
        let text = file.text();
        let after = file.applied(&table);
        let why = refused(&after, LAST);
        let (import, planned) = planned_regions(text.as_bytes(), &stored);
        seen.files += 1;
        if why.is_some() == import.bad.is_empty() {
            return Err(format!(
                "seed {seed}: {text}{table:#?}\nreference: {why:?}\nprogram: {import:?}"
            ));
        }
        if why.is_some() {
            seen.refused += 1;
            continue;
        }
        (table, stored) = (after, planned);
        let (again, same) = planned_regions(text.as_bytes(), &stored);
        if !again.is_idle() || !again.bad.is_empty() {
            return Err(format!("seed {seed}: {text}a second time: {again:?}"));
        }
        stored = same;
        for day in 0..=LAST {
            let tree = stored
                .on(&date(day))
                .map_err(|error| format!("seed {seed}: {error}"))?;
            seen.moved += compared(&table, &tree, day)
                .map_err(|what| format!("seed {seed}, day {day}: {what}\n{text}{table:#?}"))?;
        }
    }
    Ok(seen)
}

/// Compares every place on a day; returns how many of them do not count where their path lies.
fn compared(table: &Table, tree: &ReportingTree, day: Day) -> Result<u64, String> {
    let places = places();
    let mut moved = 0;
    for (path, county) in &places {
        let expected = chain(table, path, day).expect("the table was taken");
        let found: Vec<String> = tree
            .chain(&area(path))
            .iter()
            .map(AreaPath::to_string)
            .collect();
        if found != expected {
            return Err(format!("chain of {path}: {found:?}, expected {expected:?}"));
        }
        for level in [Level::City, Level::County, Level::Street, Level::Community] {
            let expected = place(table, level.name(), path, county, day);
            let found = tree.place(level, &area(path), &area(county)).to_string();
            if found != expected {
                return Err(format!(
                    "{} of {path}: {found}, expected {expected}",
                    level.name()
                ));
            }
        }
        moved += u64::from(!path.starts_with(&place(table, "county", path, county, day)));
    }
    once(table, tree, day)?;
    Ok(moved)
}

/// Where the program counts a place on a day.
struct Counted {
    path: AreaPath,
    county: AreaPath,
    /// Its rows, by level.
    rows: BTreeMap<Level, AreaPath>,
    /// Whether the space is counted as a whole.
    whole: bool,
}

/// Each place is in the row of one area, in the sheet of the same area, and nowhere else.
fn once(table: &Table, tree: &ReportingTree, day: Day) -> Result<(), String> {
    let counted = places().into_iter().map(|(path, county)| {
        let (path, county) = (area(&path), area(&county));
        let levels = [Level::City, Level::County].into_iter();
        Counted {
            rows: levels
                .map(|level| (level, tree.place(level, &path, &county)))
                .collect(),
            whole: !tree.is_split(&county),
            path,
            county,
        }
    });
    let counted: Vec<Counted> = counted.collect();
    let owners = CITIES.iter().chain(&COUNTIES).chain(&[ZONE]);
    for owner in owners.map(|owner| area(owner)) {
        let row = &table[owner.as_str()];
        if row.from > day || tree.successor(&owner).is_some() {
            continue;
        }
        let members = tree.members(&owner);
        let held: Vec<bool> = counted
            .iter()
            .map(|one| tree.is_within(&one.path, &owner))
            .collect();
        for (one, within) in counted.iter().zip(&held) {
            let path = &one.path;
            if *within && !members.iter().any(|member| member.covers(path)) {
                return Err(format!(
                    "{path} reports to {owner}, and no member covers it"
                ));
            }
            for level in row.level.split(' ').filter_map(Level::from_name) {
                let level = if level == Level::FunctionalArea {
                    Level::County
                } else {
                    level
                };
                let row = one.rows.get(&level);
                if row.is_some_and(|row| *within != (*row == owner)) {
                    return Err(format!(
                        "{path}: sheet and {} row of {owner} differ",
                        level.name()
                    ));
                }
            }
            let space = counted
                .iter()
                .zip(&held)
                .find(|(other, _)| other.path == one.county);
            if one.whole && space.is_some_and(|(_, held)| held != within) {
                return Err(format!(
                    "{path} and {} differ, which is not split",
                    one.county
                ));
            }
        }
        if let Some(lost) = members
            .iter()
            .find(|member| !tree.is_within(member, &owner))
        {
            return Err(format!(
                "{lost} is a member of {owner} and does not report to it"
            ));
        }
    }
    Ok(())
}

#[test]
fn imports_and_reporting_trees_agree_with_the_reference_in_every_world_of_hierarchy() {
    let (from, count) = (first_seed(), worlds(1_500));
    let mut seen = Seen::default();
    for first in (0..count).step_by(PRINTED as usize) {
        let part = PRINTED.min(count - first);
        let found = crate::parallel(part, |n| Some(differs(from + first + n)));
        let wrong: Vec<&String> = found.iter().filter_map(|one| one.as_ref().err()).collect();
        for what in wrong.iter().take(3) {
            eprintln!("{what}");
        }
        assert!(wrong.is_empty(), "{} of {part} worlds differ", wrong.len());
        for one in found.into_iter().flatten() {
            seen.files += one.files;
            seen.refused += one.refused;
            seen.moved += one.moved;
        }
        eprintln!("seeds {from}..{}: {seen:?}", from + first + part);
    }
    // Worlds in which every file is refused, or nothing moves, prove nothing.
    assert!(
        seen.refused * 4 > seen.files && seen.refused * 10 < seen.files * 9,
        "{seen:?}"
    );
    assert!(seen.moved > count, "{seen:?}");
}
