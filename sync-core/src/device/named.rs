//! Documents that were requested by id.

use std::sync::Arc;

use super::{
    Device, DeviceError, differing, enrolment,
    page::{ScopeSums, apply_item},
};
use crate::{record::DocId, wire::page::Page};

impl Device {
    /// Applies documents that were requested by id; they have no position in the log. Returns how many came, and for
    /// how many requests the answer is final: the document came, or this device cannot get it.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn apply_needed(
        &mut self,
        asked: &[DocId],
        page: &Page,
    ) -> Result<(usize, usize), DeviceError> {
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, _| {
            for grant in &page.grants {
                enrolment::save_grant(tx, grant, false)?;
            }
            let mut batch = ScopeSums::default();
            for item in &page.items {
                apply_item(tx, &catalogue, item, None, &mut batch)?;
            }
            // The server lists in `left` what it will send in a further answer. A requested document that neither came
            // nor is listed is not available to this device; requesting it again would never end.
            let left = page.left.as_deref().unwrap_or_default();
            let came = |doc: &DocId| page.items.iter().any(|item| item.doc == *doc);
            let settled = asked.iter().filter(|doc| came(doc) || !left.contains(doc));
            let mut count = 0;
            for doc in settled {
                count += 1;
                differing::answered(tx, *doc)?;
            }
            batch.write(tx)?;
            differing::remove_settled(tx)?;
            Ok((page.items.len(), count))
        })
    }
}
