//! Runs the benchmarks.

use std::path::Path;

use super::{county, fold, ingest, province, results::Run};

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

/// Runs the benchmarks of a province alone.
///
/// # Errors
/// If PostgreSQL is missing, or a server or a device fails.
pub fn run_province(folder: &Path, sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Run> {
    let mut measured = Vec::new();
    if sizes.province > 0 {
        province::rows(folder, sizes.province, &mut measured, say)?;
    }
    Ok(Run::of(measured))
}

/// Runs every benchmark in a new folder under `folder`.
///
/// # Errors
/// If a server or a device fails.
pub fn run(folder: &Path, sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Run> {
    let mut measured = Vec::new();
    fold::fold(&mut measured, say);
    ingest::ingest(&folder.join("ingest"), &mut measured, say)?;
    county::usual(&folder.join("phones"), sizes.records, &mut measured, say)?;
    county::large(&folder.join("large"), sizes.large, &mut measured, say)?;
    if sizes.province > 0 {
        province::rows(folder, sizes.province, &mut measured, say)?;
    }
    Ok(Run::of(measured))
}
