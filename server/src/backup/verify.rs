//! Verifies the stored data: photo rows against bytes, documents against their sums.

use std::collections::HashMap;

use sync_core::{
    crdt::change_hash,
    record::{Digest, LogEpoch, PhotoHash},
};

use super::pages::HeldPages;
use crate::{
    host::random,
    photos::Store,
    storage::{Storage, StorageError, Tx, docs, held_photos, log, spaces},
};

/// Called with the progress: what is processed, how much is done, and the total.
pub type Progress<'p> = &'p dyn Fn(&'static str, u64, u64);

/// What was compared, and every difference.
#[derive(Debug, Default)]
pub struct Verified {
    /// Documents whose changes were hashed.
    pub records: u64,
    /// Documents whose changes do not match the count and digest in their row.
    pub records_wrong: Vec<String>,
    /// Paths whose sum is not the sum of their documents.
    pub paths_wrong: Vec<String>,
    /// Photos whose bytes were read and hashed.
    pub photos: u64,
    /// Photos that are listed and whose bytes are missing.
    pub missing: Vec<PhotoHash>,
    /// Photos whose bytes do not have the hash of their name.
    pub damaged: Vec<PhotoHash>,
    /// The object of each missing or damaged photo at the time of the comparison.
    objects: HashMap<PhotoHash, String>,
}

impl Verified {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.records_wrong.is_empty()
            && self.paths_wrong.is_empty()
            && self.missing.is_empty()
            && self.damaged.is_empty()
    }
}

/// Documents read in one transaction.
const RECORDS: usize = 100;

/// Compares everything. The server may run concurrently.
///
/// # Errors
/// If the database or the photo store cannot be read. A difference is not an error but part of the result.
pub async fn verify(
    storage: &Storage,
    photos: &Store,
    say: Progress<'_>,
) -> anyhow::Result<Verified> {
    storage.check().await?;
    let mut found = Verified::default();
    let all = storage.read(|tx| spaces::list(tx)).await?;
    let total: u64 = all.iter().map(|space| space.head).sum();
    let mut before = 0;
    for space in &all {
        let mut at = 0;
        loop {
            let of = space.id.clone();
            let page = move |tx: &mut dyn Tx| {
                let docs = docs::tail(tx, &of, &of, at, RECORDS)?;
                let mut wrong = Vec::new();
                for doc in &docs {
                    let changes = log::changes(tx, &of, doc.id)?;
                    let digest: Digest = changes.iter().map(|bytes| change_hash(bytes)).collect();
                    if (changes.len() as u64, digest) != (doc.changes, doc.digest) {
                        wrong.push(doc.id.to_string());
                    }
                }
                Ok::<_, StorageError>((docs.len(), docs.last().map(|doc| doc.last_seq), wrong))
            };
            let (count, last, wrong) = storage.read(page).await?;
            found.records += count as u64;
            found.records_wrong.extend(wrong);
            let Some(last) = last else { break };
            at = last;
            say("记录 / records", before + at, total);
        }
        before += space.head;
        let of = space.id.clone();
        let sums = storage.read(move |tx| docs::wrong_sums(tx, &of)).await?;
        found.paths_wrong.extend(sums);
    }
    bytes(storage, photos, say, &mut found).await?;
    Ok(found)
}

async fn bytes(
    storage: &Storage,
    photos: &Store,
    say: Progress<'_>,
    found: &mut Verified,
) -> anyhow::Result<()> {
    let total = storage.read(|tx| held_photos::count(tx)).await?;
    let mut pages = HeldPages::of(storage);
    while let Some(page) = pages.next().await? {
        for held in page {
            found.photos += 1;
            say("照片 / photos", found.photos, total.max(found.photos));
            match photos.photo(&held.object).await? {
                None => found.missing.push(held.hash),
                Some(bytes) if PhotoHash::of(&bytes) != held.hash => found.damaged.push(held.hash),
                Some(_) => continue,
            }
            found.objects.insert(held.hash, held.object);
        }
    }
    Ok(())
}

/// Deletes the rows of missing and damaged photos, and starts a new log epoch in every space: devices then reconcile
/// and send every photo that they still have. Returns how many rows were deleted.
///
/// # Errors
/// [`StorageError`].
pub async fn forget_missing(storage: &Storage, found: &Verified) -> Result<usize, StorageError> {
    let gone = found.objects.clone();
    if gone.is_empty() {
        return Ok(0);
    }
    let forget = move |tx: &mut dyn Tx| {
        let mut count = 0;
        for (hash, object) in &gone {
            // A photo that a device has sent again since then has another object, and its row stays.
            count += usize::from(held_photos::forget_object(tx, *hash, object)?);
        }
        for space in spaces::list(tx)? {
            spaces::renew_log(tx, &space.id, LogEpoch(random()))?;
        }
        Ok(count)
    };
    storage.write(forget).await
}
