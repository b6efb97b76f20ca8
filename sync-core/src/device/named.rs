//! Records that were asked for by name.

use super::{
    Device, DeviceError, enrolment,
    page::{ScopeSums, apply_item},
};
use crate::{record::DocId, wire::page::Page};

impl Device {
    /// Applies documents that were asked for by name (they belong to no position). Returns how many came, and of how
    /// many it is now known that they came or are not there.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn apply_needed(
        &mut self,
        asked: &[DocId],
        page: &Page,
    ) -> Result<(usize, usize), DeviceError> {
        self.write(|tx, _| {
            for grant in &page.grants {
                enrolment::save_grant(tx, grant, false)?;
            }
            let mut batch = ScopeSums::default();
            for item in &page.items {
                apply_item(tx, item, None, &mut batch)?;
            }
            // What neither came nor is left for the next answer is not there (any more) for this phone; asking again
            // would never end.
            let left = page.left.as_deref().unwrap_or_default();
            let came = |doc: &DocId| page.items.iter().any(|item| item.doc == *doc);
            let settled = asked.iter().filter(|doc| came(doc) || !left.contains(doc));
            let mut count = 0;
            for doc in settled {
                count += 1;
                tx.prepare_cached("UPDATE repair_doc SET need = 0 WHERE doc = ?1")?
                    .execute([doc.as_bytes()])?;
            }
            batch.write(tx)?;
            tx.prepare_cached("DELETE FROM repair_doc WHERE need = 0 AND offer = 0")?
                .execute([])?;
            Ok((page.items.len(), count))
        })
    }
}
