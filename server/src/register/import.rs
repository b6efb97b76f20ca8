//! The result of an import.

use sync_core::record::AreaPath;

/// A line that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What is wrong and what to do, in Chinese and English.
    pub problem: String,
}

/// A cell of a stored row that an import changes, or a new row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// The number of the line.
    pub line: usize,
    /// The row: a path, or the name of a compound.
    pub row: String,
    /// The column, or the label of a building; empty for a new row.
    pub column: String,
    /// The stored value; empty if there is none.
    pub before: String,
    /// The value that the import writes; empty if it clears the cell.
    pub after: String,
}

/// The figures of an area that an import changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureMove {
    /// The first day on which they differ, yyyy-mm-dd, from the day of the import on.
    pub from: String,
    /// The area.
    pub area: AreaPath,
    /// The number of hazards before and after.
    pub hazards: [i64; 2],
    /// The number of compounds in the register before and after.
    pub compounds: [i64; 2],
}

/// The result of an import, or of a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// New rows.
    pub added: usize,
    /// Rows that differ from the stored ones.
    pub changed: usize,
    /// Rows that are stored already.
    pub same: usize,
    /// Buildings that are new, differ, or are removed; for compounds only.
    pub buildings: usize,
    /// Every cell that changes.
    pub changes: Vec<CellChange>,
    /// Every figure that moves; for a dry run only.
    pub moves: Vec<FigureMove>,
    /// What concerns the whole file, such as its encoding.
    pub notes: Vec<String>,
    /// Lines that are imported and should be checked.
    pub warnings: Vec<String>,
    /// Lines that cannot be imported; if there is one, nothing is imported.
    pub bad: Vec<BadLine>,
    /// Whether the rows were written.
    pub written: bool,
}

/// A problem in Chinese and English.
pub(crate) fn both(zh: impl AsRef<str>, en: impl AsRef<str>) -> String {
    format!("{} / {}", zh.as_ref(), en.as_ref())
}

impl Import {
    /// Adds a line that cannot be imported, with the problem in Chinese and English.
    pub(in crate::register) fn refuse(
        &mut self,
        line: usize,
        zh: impl AsRef<str>,
        en: impl AsRef<str>,
    ) {
        self.wrong(line, both(zh, en));
    }

    /// Adds a line that cannot be imported, with the problem as it is shown.
    pub(in crate::register) fn wrong(&mut self, line: usize, problem: String) {
        self.bad.push(BadLine { line, problem });
    }

    /// Adds the cells of a row that differ.
    pub(in crate::register) fn differ<'c>(
        &mut self,
        line: usize,
        row: &str,
        before: impl IntoIterator<Item = (&'c str, String)>,
        after: impl IntoIterator<Item = (&'c str, String)>,
    ) {
        let pairs = before.into_iter().zip(after);
        for ((column, before), (_, after)) in pairs.filter(|((_, b), (_, a))| a != b) {
            self.changes.push(CellChange {
                line,
                row: row.to_owned(),
                column: column.to_owned(),
                before,
                after,
            });
        }
    }

    /// Adds a new row.
    pub(in crate::register) fn new_row(&mut self, line: usize, row: &str) {
        self.changes.push(CellChange {
            line,
            row: row.to_owned(),
            column: String::new(),
            before: String::new(),
            after: String::new(),
        });
    }

    /// Whether the import changes nothing.
    pub fn is_idle(&self) -> bool {
        self.added + self.changed + self.buildings == 0 && self.changes.is_empty()
    }
}
