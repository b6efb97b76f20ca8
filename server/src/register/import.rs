//! The result of an import: counts, warnings, and every line that cannot be imported.

/// A line that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
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
    /// Buildings that are new or differ; for compounds only.
    pub buildings: usize,
    /// Lines that are imported and should be checked.
    pub warnings: Vec<String>,
    /// Lines that cannot be imported; if there is one, nothing is imported.
    pub bad: Vec<BadLine>,
    /// Whether the rows were written.
    pub written: bool,
}

impl Import {
    /// Adds a line that cannot be imported.
    pub(in crate::register) fn refuse(&mut self, line: usize, problem: impl Into<String>) {
        let problem = problem.into();
        self.bad.push(BadLine { line, problem });
    }
}
