//! Refused requests: one row for each cause and caller in a minute, with the number of requests.

use sync_core::record::ServerTime;

use super::{Audit, Entry, Kind, counts::MINUTE};
use crate::{
    refusal::Refusal,
    storage::{StorageError, Tx},
};

impl Audit {
    /// Counts a refused request.
    pub fn refused(&self, cause: &'static str, actor: &str, address: &str) {
        let minute = (self.now)().0.div_euclid(MINUTE);
        let key = (cause, actor.to_owned(), address.to_owned());
        self.refusals.count(minute, key, 1);
    }

    /// Writes the refusals of the minutes that are over; of the present one too if `all`.
    ///
    /// # Errors
    /// [`Refusal`]; they are written later.
    pub async fn write_refusals(&self, all: bool) -> Result<(), Refusal> {
        let now = (self.now)().0.div_euclid(MINUTE);
        let due = self.refusals.take((!all).then_some(now));
        if due.is_empty() {
            return Ok(());
        }
        let (this, rows) = (self.clone(), due.clone());
        let write = move |tx: &mut dyn Tx| {
            for (_, (cause, actor, address), times) in &rows {
                let entry = Entry::new(Kind::Refusal, actor).refused(cause);
                this.append(tx, &entry.from(address).times(*times))?;
            }
            Ok::<_, StorageError>(())
        };
        if let Err(error) = self.storage.write(write).await {
            for (minute, key, times) in due {
                self.refusals.count(minute, key, times);
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// The server's clock.
    pub(super) fn now(&self) -> ServerTime {
        (self.now)()
    }
}
