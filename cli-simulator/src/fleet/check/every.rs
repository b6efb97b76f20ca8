//! Every promise.

use super::{
    documents::{
        everything_is_its_authors, nothing_stated_is_lost, phones_equal_the_server,
        projections_are_equal, server_ledger,
    },
    photos::photos_are_served,
    syncs::{every_sync_ends, nothing_more_to_do},
    verdicts::nobody_closed_by_merge,
};
use crate::fleet::{outcome::Promise, running::Fleet};

/// Checks every promise.
pub(in crate::fleet) fn check(fleet: &mut Fleet) -> anyhow::Result<Vec<Promise>> {
    let server = server_ledger(fleet)?;
    Ok(vec![
        nothing_stated_is_lost(fleet, &server)?,
        everything_is_its_authors(fleet)?,
        phones_equal_the_server(fleet, &server)?,
        projections_are_equal(fleet)?,
        photos_are_served(fleet)?,
        nothing_more_to_do(fleet)?,
        nobody_closed_by_merge(fleet)?,
        every_sync_ends(fleet),
    ])
}
