//! The device's status: what is only on this device, what is in transfer, what is durable on the server.

use serde::Serialize;

use super::{
    Device, DeviceError,
    states::{
        ChangeState::{self, Acknowledged, Quarantined, Refused, Sent, Waiting},
        PENDING,
        PhotoStep::{self, Captured, Referenced, Stored, Uploading},
        TO_SEND,
    },
};

/// Counts of changes and photos by state, and the last contact.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Status {
    /// Hazards on this device.
    pub hazards: u64,
    /// Activities and inspections on this device.
    pub records: u64,
    /// Changes that are in no pack.
    pub unsent: u64,
    /// Changes in a pack that is not answered yet.
    pub sent_unacknowledged: u64,
    /// Own changes the server has acknowledged.
    pub acknowledged: u64,
    /// Changes that the server refused; they are only on this device.
    pub refused: u64,
    /// Changes that the server keeps in quarantine.
    pub quarantined: u64,
    /// Photos that no event names yet.
    pub photos_captured: u64,
    /// Photos that an event names, not yet in an upload.
    pub photos_waiting: u64,
    /// Photos in an open upload.
    pub photos_uploading: u64,
    /// Photos with a receipt of the server.
    pub photos_stored: u64,
    /// Stored photos whose working copy may be removed from this device.
    pub photos_removable: u64,
    /// Stored photos whose working copy was removed.
    pub photos_removed: u64,
    /// Photos that the server refused; they stay on this device.
    pub photos_refused: u64,
    /// Photos whose file is missing or is not the photo that was taken; they are not sent.
    pub photos_damaged: u64,
    /// Pending changes that were tried and are too large for the network.
    pub held_back: u64,
    /// Scopes that are marked for reconciling.
    pub scopes_in_repair: u64,
    /// Messages about refused changes and refused or damaged photos.
    pub notices: u64,
    /// When the server last answered, in milliseconds by this device's clock.
    pub last_contact_ms: Option<i64>,
}

impl Device {
    /// The status of this device.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn status(&self) -> Result<Status, DeviceError> {
        let count = |sql: &str| -> Result<u64, DeviceError> {
            let n: i64 = self
                .connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))?;
            Ok(n.unsigned_abs())
        };
        let changes =
            |state: ChangeState| count(&format!("SELECT count(*) FROM chg WHERE state = {state}"));
        let photos =
            |step: PhotoStep| count(&format!("SELECT count(*) FROM photo WHERE state = {step}"));
        let sendable = |step: PhotoStep| {
            count(&format!(
                "SELECT count(*) FROM photo WHERE state = {step} AND refusal IS NULL AND fault IS NULL"
            ))
        };
        Ok(Status {
            hazards: count("SELECT count(*) FROM hazard_row")?,
            records: count("SELECT count(*) FROM activity_row")?,
            unsent: changes(Waiting)?,
            sent_unacknowledged: changes(Sent)?,
            acknowledged: changes(Acknowledged)?,
            refused: changes(Refused)?,
            quarantined: changes(Quarantined)?,
            photos_captured: photos(Captured)?,
            photos_waiting: sendable(Referenced)?,
            photos_uploading: sendable(Uploading)?,
            photos_stored: photos(Stored)?,
            photos_removable: self.removable_photos()?.len() as u64,
            photos_removed: count("SELECT count(*) FROM photo WHERE removed = 1")?,
            photos_refused: count("SELECT count(*) FROM photo WHERE refusal IS NOT NULL")?,
            photos_damaged: count(&format!(
                "SELECT count(*) FROM photo WHERE state IN {TO_SEND} AND fault IS NOT NULL AND refusal IS NULL"
            ))?,
            held_back: count(&format!(
                "SELECT count(*) FROM chg WHERE state IN {PENDING} AND refusal IS NOT NULL"
            ))?,
            scopes_in_repair: count("SELECT count(*) FROM scope WHERE reconcile = 1")?,
            notices: count("SELECT count(*) FROM notice")?,
            last_contact_ms: self.last_contact()?.map(|t| t.0),
        })
    }

    /// Messages about refused or quarantined changes and about photos, oldest first, at most 100.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn notices(&self) -> Result<Vec<String>, DeviceError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT text FROM notice ORDER BY n LIMIT 100")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
