//! The honest status: what is only here, what is on its way, what is safe.

use serde::Serialize;

use super::{Device, DeviceError};

/// Where everything on this phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Status {
    /// Hazards on this phone.
    pub hazards: u64,
    /// Other records of the campaign and inspections on this phone.
    pub records: u64,
    /// Changes that were never sent.
    pub unsent: u64,
    /// Changes in a pack whose answer has not come.
    pub sent_unacknowledged: u64,
    /// Own changes the server has acknowledged.
    pub acknowledged: u64,
    /// Changes the server refused; they are only here.
    pub refused: u64,
    /// Changes the server keeps apart until somebody has checked them.
    pub quarantined: u64,
    /// Photos taken and not yet part of a record.
    pub photos_captured: u64,
    /// Photos of records, not yet sent.
    pub photos_waiting: u64,
    /// Photos on their way.
    pub photos_uploading: u64,
    /// Photos with a receipt of the server.
    pub photos_stored: u64,
    /// Of those, the ones that may be removed from this phone.
    pub photos_removable: u64,
    /// Of those, the ones that were.
    pub photos_removed: u64,
    /// Photos the server refused; they stay here.
    pub photos_refused: u64,
    /// Photos whose file is missing or is not the photo that was taken; they are not sent.
    pub photos_damaged: u64,
    /// Changes that wait although they were tried: too large for the network.
    pub held_back: u64,
    /// Scopes under repair.
    pub scopes_in_repair: u64,
    /// Messages from the server that nobody has read.
    pub notices: u64,
    /// When the server last answered, milliseconds by this phone's clock.
    pub last_contact_ms: Option<i64>,
}

impl Device {
    /// Where everything stands.
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
        Ok(Status {
            hazards: count("SELECT count(*) FROM hazard_view")?,
            records: count("SELECT count(*) FROM campaign_view")?,
            unsent: count("SELECT count(*) FROM chg WHERE state = 0")?,
            sent_unacknowledged: count("SELECT count(*) FROM chg WHERE state = 1")?,
            acknowledged: count("SELECT count(*) FROM chg WHERE state = 2")?,
            refused: count("SELECT count(*) FROM chg WHERE state = 4")?,
            quarantined: count("SELECT count(*) FROM chg WHERE state = 5")?,
            photos_captured: count("SELECT count(*) FROM photo WHERE state = 0")?,
            photos_waiting: count(
                "SELECT count(*) FROM photo WHERE state = 1 AND refusal IS NULL AND fault IS NULL",
            )?,
            photos_uploading: count(
                "SELECT count(*) FROM photo WHERE state = 2 AND refusal IS NULL AND fault IS NULL",
            )?,
            photos_stored: count("SELECT count(*) FROM photo WHERE state = 3")?,
            photos_removable: self.removable_photos()?.len() as u64,
            photos_removed: count("SELECT count(*) FROM photo WHERE removed = 1")?,
            photos_refused: count("SELECT count(*) FROM photo WHERE refusal IS NOT NULL")?,
            photos_damaged: count(
                "SELECT count(*) FROM photo WHERE state IN (1, 2) AND fault IS NOT NULL AND refusal IS NULL",
            )?,
            held_back: count(
                "SELECT count(*) FROM chg WHERE state IN (0, 1) AND refusal IS NOT NULL",
            )?,
            scopes_in_repair: count("SELECT count(*) FROM scope WHERE repair = 1")?,
            notices: count("SELECT count(*) FROM notice")?,
            last_contact_ms: self.last_contact()?.map(|t| t.0),
        })
    }

    /// Messages about refused or quarantined changes, oldest first.
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
