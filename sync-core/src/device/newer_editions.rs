//! The catalogue of the device, and how it takes newer editions.

use std::sync::Arc;

use super::{Device, DeviceError, beacon, editions};
use crate::{
    catalogue::Catalogue,
    identity::SignedEditions,
    record::{DeviceTime, Edition},
};

impl Device {
    /// The catalogue by which this device shows and folds its documents.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The edition in force now: the forms that a person is shown, and that events name. The device's clock decides, unless
    /// the server's time is known to be later.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn edition(&self) -> Result<Edition, DeviceError> {
        let now = self.host.clock.now();
        let known = beacon::beacon(&self.connection, self.host.clock.uptime())?.map(|known| {
            let since = known.since_ms.and_then(|ms| i64::try_from(ms).ok());
            DeviceTime(known.seen.0.saturating_add(since.unwrap_or(0)))
        });
        let now = known.map_or(now, |known| now.max(known));
        Ok(self.catalogue.edition_at(now))
    }

    /// Stores newer editions that the server signed, and marks every document to be folded again. Returns the newest
    /// edition.
    ///
    /// # Errors
    /// [`DeviceError::Damaged`] if they are not signed by this device's server, cannot be read by this program, or change
    /// an edition that this device has. The catalogue is unchanged then.
    pub(crate) fn take_editions(
        &mut self,
        signed: &SignedEditions,
    ) -> Result<Edition, DeviceError> {
        let server = self.enrolment()?.server;
        let new = editions::read(signed.open(&server)?)?;
        new.succeeds(&editions::present(&self.connection)?)
            .map_err(DeviceError::damaged)?;
        let catalogue = Catalogue::new(new).map_err(DeviceError::damaged)?;
        self.write(|tx, _| editions::store(tx, signed))?;
        self.catalogue = Arc::new(catalogue);
        self.refold_after_update()?;
        Ok(self.catalogue.newest())
    }
}
