//! Removes rows that are older than the setting, behind a signed anchor, so that the rest can still be verified.

use sync_core::{
    identity::{SecretKey, key::Purpose},
    record::{DAY_MS, ServerTime},
};

use super::{Audit, Entry, Kind, verify::anchor_text};
use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        audits::{self, Anchor},
    },
};

impl Audit {
    /// Removes the rows of every chain that are older than this number of days. Returns how many. The last row of a chain
    /// stays.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn remove_old(&self, days: i64, key: &SecretKey) -> Result<u64, Refusal> {
        let now = self.now();
        let before = ServerTime(now.0.saturating_sub(days.saturating_mul(DAY_MS)));
        let heads = self.storage.read(|tx| audits::heads(tx)).await?;
        let mut removed = 0;
        for head in heads {
            let (this, key) = (self.clone(), key.clone());
            let remove = move |tx: &mut dyn Tx| {
                audits::lock(tx, &head.chain)?;
                let Some(last) = audits::last_before(tx, &head.chain, before)? else {
                    return Ok::<_, StorageError>(0);
                };
                // The last row of a chain stays: its hash is compared with the head.
                let last = if last.number == head.number {
                    let rows = audits::after(tx, &head.chain, last.number - 2, 1)?;
                    match rows
                        .into_iter()
                        .next()
                        .filter(|row| row.number < head.number)
                    {
                        Some(row) => row,
                        None => return Ok(0),
                    }
                } else {
                    last
                };
                let text = anchor_text(&last.chain, last.number, &last.hash, now);
                let signature = key.sign(Purpose::AuditAnchor, &text);
                let anchor = Anchor {
                    chain: last.chain,
                    number: last.number,
                    hash: last.hash,
                    at: now,
                    signature: minicbor::to_vec(signature).unwrap_or_default(),
                };
                let removed = audits::remove_behind(tx, &anchor)?;
                let about = format!("{} 1-{}", anchor.chain, anchor.number);
                this.append(tx, &Entry::new(Kind::Retention, "server").about(about))?;
                Ok(removed)
            };
            removed += self.storage.write(remove).await?;
        }
        Ok(removed)
    }
}
