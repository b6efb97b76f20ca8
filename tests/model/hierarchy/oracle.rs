//! A slow and literal reference of docs/hierarchy.md: every rule is applied on every day, area by area, without an index and
//! without a shortcut. It shares no code with the program.

use std::collections::BTreeMap;

/// A day by its number; 0 is the first day of rows that give none.
pub(crate) type Day = usize;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) level: String,
    pub(crate) parent: Option<String>,
    pub(crate) report_parent: Option<String>,
    pub(crate) from: Day,
    pub(crate) to: Option<Day>,
    pub(crate) replaced_by: Option<String>,
}

/// The table, by path.
pub(crate) type Table = BTreeMap<String, Row>;

/// The parent of a path.
pub(crate) fn up(path: &str) -> Option<String> {
    path.rsplit_once('/').map(|(above, _)| above.to_owned())
}

/// The rank of a level as the page lists them.
fn rank(level: &str) -> usize {
    match level {
        "province" => 0,
        "city" => 1,
        "county" | "functional_area" => 2,
        "street" => 3,
        "community" => 4,
        "grid" => 5,
        other => panic!("{other} is no level"),
    }
}

/// The rank with which an area reports, and the one with which others report to it.
fn ranks(row: &Row) -> (usize, usize) {
    match row.level.as_str() {
        "city county" => (1, 2),
        level => (rank(level), rank(level)),
    }
}

/// Whether a row holds on a day, and its successor of that day.
fn state(table: &Table, path: &str, day: Day) -> (bool, Option<String>) {
    let Some(row) = table.get(path) else {
        return (false, None);
    };
    let ended = row.to.is_some_and(|to| day > to);
    let successor = row.replaced_by.clone().filter(|_| ended);
    (day >= row.from, successor.filter(|_| day >= row.from))
}

/// The area directly above another on a day.
fn above(table: &Table, path: &str, day: Day) -> Option<String> {
    let (holds, successor) = state(table, path, day);
    let row = table.get(path).filter(|_| holds);
    if let Some(successor) = successor {
        return Some(successor);
    }
    if let Some(report_parent) = row.and_then(|row| row.report_parent.clone()) {
        return Some(report_parent);
    }
    if let Some(parent) = row.and_then(|row| row.parent.clone()) {
        return Some(parent);
    }
    up(path)
}

/// An area and everything that it reports to on a day; `None` if that does not end.
pub(crate) fn chain(table: &Table, path: &str, day: Day) -> Option<Vec<String>> {
    let (mut seen, mut chain, mut at) = (Vec::new(), Vec::new(), Some(path.to_owned()));
    while let Some(here) = at {
        if seen.contains(&here) {
            return None;
        }
        seen.push(here.clone());
        if state(table, &here, day).1.is_none() {
            chain.push(here.clone());
        }
        at = above(table, &here, day);
    }
    Some(chain)
}

/// Why the table is not taken; `None` if it is. `last` is the last day to look at.
pub(crate) fn refused(table: &Table, last: Day) -> Option<String> {
    for (path, row) in table {
        if row.to.is_some_and(|to| to < row.from) {
            return Some(format!("{path} ends before it begins"));
        }
        if row.replaced_by.is_some() && row.to.is_none() {
            return Some(format!("{path} is replaced and never ends"));
        }
        let named = [&row.parent, &row.report_parent, &row.replaced_by];
        if named.into_iter().flatten().any(|named| named == path) {
            return Some(format!("{path} names itself"));
        }
    }
    for day in 0..=last {
        for path in table.keys() {
            if chain(table, path, day).is_none() {
                return Some(format!("{path} is in or below a circle on day {day}"));
            }
        }
    }
    for day in 0..=last {
        for (path, row) in table {
            let moved =
                row.parent.is_some() || row.report_parent.is_some() || row.replaced_by.is_some();
            let (holds, successor) = state(table, path, day);
            if (moved && !holds) || successor.is_some() {
                continue;
            }
            let over = if moved {
                chain(table, path, day).expect("ends").split_off(1)
            } else {
                std::iter::successors(up(path), |path| up(path)).collect()
            };
            let near = over.iter().find_map(|area| table.get(area));
            let (own, _) = ranks(row);
            match near.map(|near| ranks(near).1) {
                None if own == 0 => {}
                None => return Some(format!("{path} has no province")),
                Some(near) if near >= own => {
                    return Some(format!("{path} reports to its like on day {day}"));
                }
                Some(near) if own > 2 && near < 2 => {
                    return Some(format!("{path} has no county on day {day}"));
                }
                Some(_) => {}
            }
        }
    }
    for (path, row) in table {
        let Some(successor) = row.replaced_by.as_ref().and_then(|path| table.get(path)) else {
            continue;
        };
        if ranks(successor).1 > ranks(row).1 {
            return Some(format!("the successor of {path} is lower"));
        }
        if row.to.is_some_and(|to| successor.from > to + 1) {
            return Some(format!("the successor of {path} begins too late"));
        }
    }
    None
}

/// The levels at which an area counts on a day. `county` is the county that its path lies in.
fn levels(table: &Table, path: &str, county: &str, day: Day) -> Vec<String> {
    if let Some(row) = table.get(path)
        && day >= row.from
    {
        return row.level.split(' ').map(str::to_owned).collect();
    }
    // Before a row of a built-in area holds, the built-in one does.
    match path {
        "420000" => return vec!["province".to_owned()],
        "420000/420100" | "420000/420200" => return vec!["city".to_owned()],
        "420000/429004" => return vec!["city".to_owned(), "county".to_owned()],
        _ => {}
    }
    let mut near = county.to_owned();
    let mut over = up(path);
    while let Some(area) = over {
        let own = match table.get(&area).filter(|row| day >= row.from) {
            Some(row) => row.level.clone(),
            None if area == "420000/429004" => "city county".to_owned(),
            None => String::new(),
        };
        if own.contains("county") || own == "functional_area" {
            near = area;
            break;
        }
        over = up(&area);
    }
    let (depth, base) = (path.split('/').count(), near.split('/').count());
    let all = ["province", "city", "county", "street", "community", "grid"];
    if depth < base {
        return vec![all[usize::from(depth > 1)].to_owned()];
    }
    if depth == base && depth == 2 {
        return vec!["city".to_owned(), "county".to_owned()];
    }
    vec![all[(2 + depth - base).min(5)].to_owned()]
}

/// The area of a level under which a place counts on a day.
pub(crate) fn place(table: &Table, level: &str, path: &str, county: &str, day: Day) -> String {
    let chain = chain(table, path, day).expect("the table was checked");
    for area in &chain {
        for own in levels(table, area, county, day) {
            if own == level || (own == "functional_area" && level == "county") {
                return area.clone();
            }
        }
    }
    chain.first().cloned().unwrap_or_else(|| path.to_owned())
}
