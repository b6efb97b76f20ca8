//! Finds a document by the beginning of its id, and the area of the device.

use anyhow::{Context, bail};
use cli_simulator::phone::Phone;
use sync_core::{
    device::{ActivityFilter, Filter, ListedActivity},
    record::{AreaPath, DocId},
};

/// The given area, or the area of the device's newest grant.
pub(super) fn area(phone: &Phone, given: Option<AreaPath>) -> anyhow::Result<AreaPath> {
    if let Some(area) = given {
        return Ok(area);
    }
    let grants = phone.device.own_grants()?;
    let (_, grant) = grants.first().context("the phone has no grant; enrol it")?;
    Ok(grant.area.clone())
}

/// The hazard whose id begins with `start`.
pub(super) fn hazard(phone: &Phone, start: &str) -> anyhow::Result<DocId> {
    let all = phone.device.list(&Filter {
        limit: usize::MAX >> 1,
        ..Filter::default()
    })?;
    let mut fits = all
        .iter()
        .filter(|row| row.doc.to_string().starts_with(start));
    match (fits.next(), fits.next()) {
        (Some(row), None) => Ok(row.doc),
        (Some(_), Some(_)) => bail!("{start} is the beginning of several numbers; give more of it"),
        _ => bail!("{start} is not on this phone; see `list`"),
    }
}

/// The activity or inspection whose id begins with `start`.
pub(super) fn activity(phone: &Phone, start: &str) -> anyhow::Result<ListedActivity> {
    let all = phone.device.activity_list(&ActivityFilter {
        limit: usize::MAX >> 1,
        ..ActivityFilter::default()
    })?;
    let mut fits = all
        .into_iter()
        .filter(|row| row.doc.to_string().starts_with(start));
    match (fits.next(), fits.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => bail!("{start} is the beginning of several numbers; give more of it"),
        _ => bail!("{start} is not on this phone; see `list` and `records`"),
    }
}
