//! The result of a siege.

use serde::Serialize;

/// A promise and the measured value.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What is promised.
    pub promise: String,
    /// The measured value.
    pub found: String,
    /// Whether it holds.
    pub holds: bool,
}

/// The result of a siege.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Every promise.
    pub rows: Vec<Row>,
}

impl Outcome {
    /// The result as a table.
    pub fn text(&self) -> String {
        let line = |row: &Row| {
            let mark = if row.holds {
                "成立 holds "
            } else {
                "不成立 BROKEN"
            };
            format!("{mark}  {:<58} {}", row.promise, row.found)
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Whether every promise holds.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds)
    }
}

/// A row of the result.
pub(super) fn row(promise: String, found: String, holds: bool) -> Row {
    Row {
        promise,
        found,
        holds,
    }
}
