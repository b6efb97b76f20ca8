//! The last chunk of an upload: all bytes are hashed again, decoded, written as an object and listed. Only then a
//! receipt is issued.
//!
//! Two processes may finish the same photo concurrently, from one upload or from two. Each writes its own objects. The
//! row that is committed first decides which objects are the photo's, and both return the receipt of that row.

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sync_core::{identity::PhotoReceipt, photo::Inspected, record::ServerTime, wire::Code};

use super::{
    Photos,
    inspect::checked,
    names::{photo_key, thumb_key},
    upload::{Received, gone},
};
use crate::{
    host::Now,
    refusal::Refusal,
    storage::{
        StorageError, Tx, opened,
        photos::{self, Part, PhotoRow, Upload},
    },
};

/// Parts that are read concurrently.
const READING: usize = 8;

impl Photos {
    /// Joins the parts and the last chunk, and stores the photo.
    pub(super) async fn finish(&self, upload: Upload, chunk: Vec<u8>) -> Result<Received, Refusal> {
        // A waiting request holds only its last chunk in memory; the photo is assembled when its turn comes.
        let turn = self.decoding.acquire().await;
        let id = upload.id.clone();
        let parts = self.storage.read(move |tx| photos::parts(tx, &id)).await?;
        let Some(bytes) = self.whole(&upload, &parts, chunk).await? else {
            // Another request has finished the upload and removed its parts; or bytes are lost, and the device sends
            // them again.
            if let Some((size, receipt)) = self.receipt(upload.hash).await? {
                return Ok(Received::Stored { size, receipt });
            }
            self.end(upload.device, &upload.id).await?;
            return Err(gone());
        };
        let (photo, thumbnail) = match checked(bytes.clone(), upload.hash).await {
            Ok(checked) => checked,
            Err(refusal) => {
                self.end(upload.device, &upload.id).await?;
                return Err(refusal);
            }
        };
        drop(turn);
        let object = photo_key(&upload.hash);
        let thumb = thumb_key(&object);
        tokio::try_join!(
            self.store.put(&thumb, thumbnail.into()),
            self.store.put(&object, bytes)
        )?;
        let stored = self.clock.signing().await?;
        let row = self.row(&upload, &photo, object, stored);
        let now = Arc::clone(&self.now);
        let listed = self
            .storage
            .write(move |tx| list(tx, &upload, &row, &now))
            .await?;
        for part in parts {
            self.store.remove(&part.object).await;
        }
        let (size, receipt) = (listed.size, listed.receipt);
        Ok(Received::Stored { size, receipt })
    }

    fn row(
        &self,
        upload: &Upload,
        photo: &Inspected,
        object: String,
        stored: ServerTime,
    ) -> PhotoRow {
        let (hash, size) = (upload.hash, upload.size);
        PhotoRow {
            hash,
            size,
            width: photo.width,
            height: photo.height,
            device: upload.device,
            stored_at: stored,
            receipt: PhotoReceipt { hash, size, stored }.seal(&self.key),
            object,
            perceptual_hash: Some(photo.perceptual_hash),
        }
    }

    /// All bytes of a photo; `None` if a part is missing or does not fit.
    async fn whole(
        &self,
        upload: &Upload,
        parts: &[Part],
        chunk: Vec<u8>,
    ) -> Result<Option<Bytes>, Refusal> {
        if parts.is_empty() && upload.received == 0 {
            return Ok(Some(chunk.into()));
        }
        let keys: Vec<String> = parts.iter().map(|part| part.object.clone()).collect();
        let reads = stream::iter(keys).map(|key| async move { self.store.get(&key).await });
        let read: Vec<Option<Bytes>> = reads.buffered(READING).try_collect().await?;
        let mut bytes = Vec::with_capacity(usize::try_from(upload.size).unwrap_or_default());
        for (part, read) in parts.iter().zip(read) {
            match read {
                Some(read)
                    if part.start == bytes.len() as u64 && part.size == read.len() as u64 =>
                {
                    bytes.extend_from_slice(&read);
                }
                _ => return Ok(None),
            }
        }
        if bytes.len() as u64 != upload.received {
            return Ok(None);
        }
        bytes.extend(chunk);
        Ok(Some(bytes.into()))
    }
}

/// Ends the upload and lists its photo, in one transaction; returns the row that was committed first.
///
/// The upload's offset must be where its last chunk begins, and the upload must not have expired. This bounds the time
/// between writing an object and naming it in a row, see `orphans`.
fn list(
    tx: &mut dyn Tx,
    upload: &Upload,
    photo: &PhotoRow,
    now: &Now,
) -> Result<PhotoRow, Refusal> {
    let ended = photos::finish_upload(tx, &upload.id, upload.received, now())?;
    if ended && photos::insert(tx, photo)? {
        photos::came(tx, upload.hash)?;
    }
    match photos::find(tx, upload.hash)? {
        Some(listed) => {
            if ended {
                opened::sent_by(tx, upload.hash, upload.device)?;
            }
            Ok(listed)
        }
        None if ended => {
            let missing = format!("photo {} has no row after its upload", upload.hash);
            Err(StorageError::Damaged(missing).into())
        }
        None if photos::find_upload(tx, &upload.id)?.is_some() => Err(Refusal::new(
            Code::UploadOffset,
            "another request moved this upload",
        )),
        None => Err(gone()),
    }
}
