//! The read path of devices: pages of what a device lacks, and reconciliation when sums differ.
//!
//! A cursor's area is checked against the device's reach in the same snapshot as its page is read. The feed loads no
//! document, folds nothing and writes nothing.

mod backfill;
mod by_name;
mod items;
mod page;
mod reconcile;
mod tail;

use std::collections::BTreeMap;

use sync_core::{
    record::{AreaPath, DeviceId},
    wire::{Code, MAX_NEED, MAX_SCOPES, PAGE_BYTES, PAGE_DOCUMENTS, pull, reconcile as wire},
};

use crate::{
    access::Access,
    refusal::Refusal,
    storage::{Storage, spaces},
};

/// The read path.
#[derive(Debug, Clone)]
pub struct Feed {
    storage: Storage,
    access: Access,
}

impl Feed {
    /// Reads from a storage, for devices that `access` knows.
    pub fn new(storage: Storage, access: Access) -> Self {
        Self { storage, access }
    }

    /// Whether these cursors name the present log epochs.
    ///
    /// # Errors
    /// [`Code::OutOfScope`] if a cursor lies outside the device's grants: a restored server may have lost the one that
    /// it is of.
    pub async fn is_of_this_log(
        &self,
        device: DeviceId,
        cursors: Option<Vec<pull::Cursor>>,
    ) -> Result<bool, Refusal> {
        let Some(cursors) = cursors.filter(|cursors| !cursors.is_empty()) else {
            return Ok(true);
        };
        let access = self.access.clone();
        self.storage
            .read(move |tx| {
                let mut logs = BTreeMap::new();
                for named in cursors.iter().map(|cursor| &cursor.space) {
                    if !logs.contains_key(named) {
                        logs.insert(named, spaces::find(tx, named)?.map(|space| space.log));
                    }
                }
                let is_present = |c: &pull::Cursor| logs[&c.space].is_none_or(|log| log == c.log);
                if !cursors.iter().all(is_present) {
                    return Ok(false);
                }
                let Ok(reach) = access.device_reach(tx, device) else {
                    return Ok(true);
                };
                match cursors.iter().find(|c| !reach.covers(&c.area)) {
                    Some(outside) => Err(Refusal::new(Code::OutOfScope, outside.area.to_string())),
                    None => Ok(true),
                }
            })
            .await
    }

    /// One page for each cursor, and one more for documents requested by id.
    ///
    /// # Errors
    /// [`Code::OutOfScope`] if a cursor lies outside the device's grants.
    pub async fn pull(
        &self,
        device: DeviceId,
        request: pull::Request,
    ) -> Result<pull::Response, Refusal> {
        if request.scopes.len() > MAX_SCOPES || request.need.len() > MAX_NEED {
            return Err(Refusal::new(
                Code::TooLarge,
                format!("at most {MAX_SCOPES} scopes and {MAX_NEED} documents"),
            ));
        }
        let access = self.access.clone();
        self.storage
            .read(move |tx| {
                let reach = access.device_reach(tx, device)?;
                let mut pages = Vec::with_capacity(request.scopes.len() + 1);
                let asked = request.page_documents.map_or(usize::MAX, |n| n as usize);
                let most = asked.clamp(1, PAGE_DOCUMENTS);
                let mut room = PAGE_BYTES;
                for cursor in &request.scopes {
                    inside(&cursor.space, &cursor.area)?;
                    if !reach.covers(&cursor.area) {
                        return Err(Refusal::new(Code::OutOfScope, cursor.area.to_string()));
                    }
                    pages.push(page::page(
                        tx,
                        cursor,
                        (device, access.key()),
                        most,
                        &mut room,
                    )?);
                }
                if !request.need.is_empty() {
                    pages.push(by_name::by_name(tx, &request.need, &reach)?);
                }
                Ok(pull::Response { pages })
            })
            .await
    }

    /// One round of reconciliation.
    ///
    /// # Errors
    /// [`Code::OutOfScope`] outside the device's grants, [`Code::Malformed`] for a damaged message.
    pub async fn reconcile(
        &self,
        device: DeviceId,
        request: wire::Request,
    ) -> Result<wire::Response, Refusal> {
        let access = self.access.clone();
        self.storage
            .read(move |tx| {
                inside(&request.space, &request.area)?;
                if !access.device_reach(tx, device)?.covers(&request.area) {
                    return Err(Refusal::new(Code::OutOfScope, request.area.to_string()));
                }
                reconcile::round(tx, &request)
            })
            .await
    }
}

fn inside(space: &AreaPath, area: &AreaPath) -> Result<(), Refusal> {
    if space.covers(area) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::Malformed,
        format!("area {area} does not lie in space {space}"),
    ))
}
