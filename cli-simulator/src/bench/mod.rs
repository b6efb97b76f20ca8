//! Benchmarks: each row is a figure that users notice, its target, and the value measured on this machine.
//!
//! The result is a table or the same as JSON. The server runs as a process of its own; devices are real stores; bytes
//! are counted on the socket, headers included. A missed target does not fail a build.

mod fold;
mod generate;
mod province;
mod relay;
mod rows;
mod server;

use std::path::Path;

use serde::Serialize;

pub use generate::Generator;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// What was measured.
    pub figure: String,
    /// The unit.
    pub unit: &'static str,
    /// The target, if the figure has one.
    pub bar: Option<f64>,
    /// Whether higher values are better.
    pub at_least: bool,
    /// The measured value.
    pub measured: f64,
    /// Measured value divided by the target.
    pub ratio: Option<f64>,
    /// Whether the target was met.
    pub reached: Option<bool>,
}

impl Row {
    fn new(work: &str, figure: &str, unit: &'static str, bar: f64, measured: f64) -> Self {
        let ratio = measured / bar;
        let (work, figure) = (work.to_owned(), figure.to_owned());
        Self {
            work,
            figure,
            unit,
            bar: Some(bar),
            at_least: false,
            measured,
            ratio: Some(ratio),
            reached: Some(measured <= bar),
        }
    }

    /// A figure that is reported without a target.
    fn shown(work: &str, figure: &str, unit: &'static str, measured: f64) -> Self {
        Self {
            bar: None,
            ratio: None,
            reached: None,
            ..Self::new(work, figure, unit, 1.0, measured)
        }
    }

    fn at_least(work: &str, figure: &str, unit: &'static str, bar: f64, measured: f64) -> Self {
        let row = Self::new(work, figure, unit, bar, measured);
        Self {
            at_least: true,
            reached: Some(measured >= bar),
            ..row
        }
    }
}

/// The results of one machine.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Processor and cores.
    pub machine: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Amounts of data to measure with.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Documents of the first measurements.
    pub records: usize,
    /// Documents of the large measurements.
    pub large: usize,
    /// Documents of a province on PostgreSQL; 0 skips the province.
    pub province: usize,
}

fn province(
    folder: &Path,
    sizes: Sizes,
    measured: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    if sizes.province == 0 {
        return Ok(());
    }
    province::rows(folder, sizes.province, measured, say)
}

/// Runs the benchmarks of a province alone.
///
/// # Errors
/// If PostgreSQL is missing, or a server or a device fails.
pub fn run_province(folder: &Path, sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Run> {
    let mut measured = Vec::new();
    province(folder, sizes, &mut measured, say)?;
    Ok(Run {
        machine: machine(),
        rows: measured,
    })
}

/// Runs every benchmark in a new folder under `folder`.
///
/// # Errors
/// If a server or a device fails.
pub fn run(folder: &Path, sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Run> {
    let mut measured = Vec::new();
    fold::fold(&mut measured, say);
    rows::ingest(&folder.join("ingest"), &mut measured, say)?;
    rows::phones(&folder.join("phones"), sizes, &mut measured, say)?;
    rows::large(&folder.join("large"), sizes, &mut measured, say)?;
    province(folder, sizes, &mut measured, say)?;
    Ok(Run {
        machine: machine(),
        rows: measured,
    })
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
