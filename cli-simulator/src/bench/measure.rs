//! What the benchmarks of devices share: an enrolled device, a timed sync, the median.

use std::{path::Path, time::Instant};

use sync_core::{
    record::DeviceTime,
    sync::{Options, Report},
};

use crate::phone::{Http, Phone};

/// One minute from now: every grant of this run is valid then, so that no event is void.
pub(super) fn soon() -> i64 {
    xuncha_server::app::system_clock()().0 + 60_000
}

/// Milliseconds since a moment.
pub(super) fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The middle one of these values.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A sync of documents, without photos.
pub(super) fn records_only() -> Options {
    Options {
        photos: false,
        ..Options::default()
    }
}

/// A sync that must complete, and its duration in milliseconds.
pub(super) fn sync(phone: &mut Phone, http: &Http) -> anyhow::Result<(Report, f64)> {
    let started = Instant::now();
    let report = phone.sync(&mut http.clone(), records_only())?;
    let took = ms(started);
    anyhow::ensure!(report.complete, "the sync did not complete: {report:?}");
    Ok((report, took))
}

/// An enrolled device.
pub(super) fn ready(folder: &Path, http: &Http, code: &str) -> anyhow::Result<Phone> {
    let mut phone = Phone::simulated(folder, 77, DeviceTime(soon()))?;
    phone.enrol(&mut http.clone(), "http://bench", code)?;
    Ok(phone)
}
