//! Parses the lines of a table of regions.

use sync_core::{catalogue::Level, record::AreaPath};

use super::codes::Codes;
use crate::{
    register::{
        csv::{self, Line},
        tree::levels,
    },
    storage::regions::Region,
};

/// First day of a region for which the file gives none.
const ALWAYS: &str = "1949-10-01";

/// Code and path of a line: the given path, or the code below its parent.
pub(super) fn identity(line: &Line, codes: &Codes) -> Result<(String, AreaPath), String> {
    let bad = |text: &str| format!("{text:?} is not an administrative path of codes joined by '/'");
    if let Some(text) = line.get("path") {
        let path: AreaPath = text.parse().map_err(|_| bad(text))?;
        let last = path.codes().last().unwrap_or_default().to_owned();
        return Ok((line.owned("code").unwrap_or(last), path));
    }
    let code = line.get("code").ok_or("neither path nor code; give one")?;
    let parent = line
        .get("parent")
        .ok_or("a code without a parent; give the parent or the path")?;
    let above = codes.path(parent);
    let above = above.ok_or_else(|| format!("parent {parent:?} is not known; import it first"))?;
    let path = above.child(code).map_err(|_| bad(code))?;
    Ok((code.to_owned(), path))
}

/// The region of a line.
pub(super) fn region(line: &Line, codes: &Codes) -> Result<Region, String> {
    let (code, path) = identity(line, codes)?;
    let other = |column: &str| {
        let Some(text) = line.get(column) else {
            return Ok(None);
        };
        let found = codes.path(text);
        let problem =
            || format!("{column} {text:?} is not known; import it first, or give its path");
        found.map(Some).ok_or_else(problem)
    };
    let day = |column: &str| match line.get(column) {
        Some(text) if !csv::is_day(text) => Err(format!("{column}: {text:?} is not yyyy-mm-dd")),
        text => Ok(text.map(str::to_owned)),
    };
    let level = line.get("level").ok_or("no level")?;
    if levels(level).is_none() {
        let all: Vec<_> = Level::ALL.iter().map(|l| l.name()).collect();
        return Err(format!("level {level:?} is none of {}", all.join(", ")));
    }
    let parent = other("parent")?.filter(|parent| path.parent().as_ref() != Some(parent));
    let valid_from = day("valid_from")?.unwrap_or_else(|| ALWAYS.to_owned());
    let valid_to = day("valid_to")?;
    if valid_to.as_ref().is_some_and(|to| *to < valid_from) {
        return Err("valid_to lies before valid_from".to_owned());
    }
    let replaced_by = other("replaced_by")?;
    if replaced_by.is_some() && valid_to.is_none() {
        return Err("replaced, but without valid_to; give its last day".to_owned());
    }
    Ok(Region {
        code,
        name: line.owned("name").ok_or("no name")?,
        name_en: line.owned("name_en").unwrap_or_default(),
        level: level.to_owned(),
        parent,
        report_parent: other("report_parent")?,
        valid_from,
        valid_to,
        replaced_by,
        path,
    })
}
