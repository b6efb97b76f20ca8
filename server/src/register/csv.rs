//! A table with column names in its first line. A line that cannot be read is refused with its number.

use std::collections::BTreeMap;

use super::import::Import;

/// Largest file in bytes: the communities of a province take some 10 MB.
const MOST: usize = 64 << 20;

/// A line, by column name.
#[derive(Debug)]
pub(in crate::register) struct Line {
    pub(in crate::register) number: usize,
    cells: BTreeMap<String, String>,
}

impl Line {
    /// A cell, if it exists and is not empty.
    pub(in crate::register) fn get(&self, column: &str) -> Option<&str> {
        let cell = self.cells.get(column).map(|cell| cell.trim());
        cell.filter(|cell| !cell.is_empty())
    }

    /// A cell as owned text.
    pub(in crate::register) fn owned(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }
}

/// Reads the lines; a line that cannot be read is refused.
pub(in crate::register) fn read(text: &[u8], columns: &[&str], import: &mut Import) -> Vec<Line> {
    if text.len() > MOST {
        import.refuse(1, "the file is larger than 64 MB: import it in parts");
        return Vec::new();
    }
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(|c| c.trim().to_owned()).collect(),
        Err(error) => {
            import.refuse(
                1,
                format!("no header: {error}; save the file as CSV in UTF-8"),
            );
            return Vec::new();
        }
    };
    if let Some(unknown) = header.iter().find(|c| !columns.contains(&c.as_str())) {
        let known = columns.join(", ");
        import.refuse(1, format!("unknown column {unknown:?}; known are {known}"));
        return Vec::new();
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        match record {
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
                    format!("cannot be read: {error}; check quotes and encoding"),
                );
            }
        }
    }
    lines
}

/// Whether a text is a day `yyyy-mm-dd`.
pub(in crate::register) fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
