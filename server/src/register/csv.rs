//! A table with column names in its first line. A line that cannot be read is refused with its number.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    encoding,
    import::{Import, both},
};

/// Largest file in bytes: the communities of a province take some 10 MB.
const MOST: usize = 64 << 20;

/// What a line states in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::register) enum Cell<'l> {
    /// The file does not have the column: what is stored stays.
    Absent,
    /// The cell is empty: what is stored is cleared.
    Empty,
    /// The cell's text.
    Text(&'l str),
}

impl<'l> Cell<'l> {
    /// The value that holds after the import: what is stored, none, or the parsed text.
    pub(in crate::register) fn or<T>(
        self,
        stored: Option<T>,
        parse: impl FnOnce(&'l str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match self {
            Self::Absent => Ok(stored),
            Self::Empty => Ok(None),
            Self::Text(text) => parse(text).map(Some),
        }
    }
}

/// A line, by column name.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    cells: BTreeMap<String, String>,
}

impl Line {
    /// What the line states in a column.
    pub(in crate::register) fn cell(&self, column: &str) -> Cell<'_> {
        match self.cells.get(column).map(|cell| cell.trim()) {
            None => Cell::Absent,
            Some("") => Cell::Empty,
            Some(text) => Cell::Text(text),
        }
    }

    /// A cell, if it exists and is not empty.
    pub(crate) fn get(&self, column: &str) -> Option<&str> {
        match self.cell(column) {
            Cell::Text(text) => Some(text),
            Cell::Absent | Cell::Empty => None,
        }
    }
}

/// Reads the lines; a line that cannot be read is refused. One of the columns of each set of `needed` must be there.
pub(crate) fn read(
    bytes: &[u8],
    columns: &[&str],
    needed: &[&str],
    import: &mut Import,
) -> Vec<Line> {
    if bytes.len() > MOST {
        import.refuse(
            1,
            "文件超过 64 MB，请分成几份导入",
            "the file is larger than 64 MB; import it in parts",
        );
        return Vec::new();
    }
    let Some(text) = encoding::text(bytes, import) else {
        return Vec::new();
    };
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(|c| c.trim().to_owned()).collect(),
        Err(error) => {
            import.refuse(
                1,
                "读不出列名，请另存为“CSV UTF-8”",
                format!("no header: {error}; save the file as \"CSV UTF-8\""),
            );
            return Vec::new();
        }
    };
    if let Some((zh, en)) = wrong_header(&header, columns, needed) {
        import.refuse(1, zh, en);
        return Vec::new();
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(record) => lines.push(Line {
                number: record.position().map_or(0, |p| p.line() as usize),
                cells: header
                    .iter()
                    .cloned()
                    .zip(record.iter().map(str::to_owned))
                    .collect(),
            }),
            Err(error) => {
                let at = error.position().map_or(0, |p| p.line() as usize);
                import.refuse(
                    at,
                    format!("应有 {} 列，本行不符，请检查逗号和引号", header.len()),
                    format!(
                        "expected {} cells: {error}; check commas and quotes",
                        header.len()
                    ),
                );
            }
        }
    }
    lines
}

fn wrong_header(header: &[String], columns: &[&str], needed: &[&str]) -> Option<(String, String)> {
    let (known, needs) = (columns.join(", "), needed.join(", "));
    if let Some(unknown) = header
        .iter()
        .find(|c| !columns.contains(&c.as_str()) && !c.is_empty())
    {
        return Some((
            format!("不认识列 {unknown}；可用的列：{known}"),
            format!("unknown column {unknown:?}; known are {known}"),
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = header
        .iter()
        .find(|c| !c.is_empty() && !seen.insert(c.as_str()))
    {
        return Some((
            format!("列 {twice} 出现两次，请只保留一列"),
            format!("column {twice:?} is there twice; leave one"),
        ));
    }
    if !header.iter().any(|c| needed.contains(&c.as_str())) {
        return Some((
            format!("缺少列：需要 {needs} 之一"),
            format!("no column that identifies a row; give one of {needs}"),
        ));
    }
    None
}

/// A day `yyyy-mm-dd`.
pub(in crate::register) fn day(column: &str, text: &str) -> Result<String, String> {
    if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(both(
        format!("{column}：{text} 不是日期，请写成 2024-03-25 的样子"),
        format!("{column}: {text:?} is not a day, yyyy-mm-dd"),
    ))
}

/// The day after a day.
pub(in crate::register) fn next_day(day: &str) -> Option<String> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(day.tomorrow().ok()?.to_string())
}

/// The day before a day.
pub(in crate::register) fn day_before(day: &str) -> Option<String> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(day.yesterday().ok()?.to_string())
}
