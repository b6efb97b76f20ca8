//! The results of one machine, as a table.

use serde::Serialize;

use super::row::Row;

/// The results of one machine.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Processor and cores.
    pub machine: String,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Run {
    /// These rows, measured on this machine.
    pub(super) fn of(rows: Vec<Row>) -> Self {
        Self {
            machine: machine(),
            rows,
        }
    }
}

/// The machine's name for the table.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| {
        l.strip_prefix("model name")?
            .split_once(':')
            .map(|(_, n)| n.trim())
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {cores} cores, {}",
        model.unwrap_or("unknown processor"),
        std::env::consts::OS
    )
}

/// The results as a table.
pub fn table(run: &Run) -> String {
    use std::fmt::Write;
    let mut out = format!("machine: {}\n", run.machine);
    for row in &run.rows {
        let sign = if row.at_least { "≥" } else { "≤" };
        let verdict = match row.reached {
            Some(true) => "ok  ",
            Some(false) => "MISS",
            None => "    ",
        };
        let bar = match (row.bar, row.ratio) {
            (Some(bar), Some(ratio)) => format!("bar {sign} {bar} ({ratio:.2})"),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "{verdict} {:<58} {:>12.1} {:<10} {bar}",
            format!("{}: {}", row.work, row.figure),
            row.measured,
            row.unit,
        );
    }
    out
}
