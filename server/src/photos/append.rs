//! Appending chunks to an upload.
//!
//! Each chunk is a separate object. It belongs to the upload once its row does; the row is written in the transaction that
//! advances the upload's offset from where the chunk begins. Of two requests with the same offset, in any processes, one
//! wins.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use sync_core::{record::DeviceId, wire::Code};

use super::{Photos, names::part_key, upload::Received};
use crate::{
    refusal::Refusal,
    storage::photos::{self, Part},
};

/// Chunks of an upload at most: with 16 KB each this is the largest photo.
const MAX_PARTS: i64 = 1024;

/// Held while a request writes to an upload; released when dropped.
struct Alone {
    id: String,
    writing: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

impl Photos {
    /// Appends a chunk; the last one finishes the photo.
    ///
    /// # Errors
    /// [`Code::UploadOffset`] if the chunk does not begin at the upload's offset; the codes of a refused photo.
    pub async fn append(
        &self,
        device: DeviceId,
        id: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Received, Refusal> {
        let _alone = self.alone(id)?;
        let upload = self.upload(device, id).await?;
        if offset != upload.received {
            let detail = format!(
                "the upload stands at {}, the chunk begins at {offset}",
                upload.received
            );
            return Err(Refusal::new(Code::UploadOffset, detail));
        }
        let end = offset + chunk.len() as u64;
        if end > upload.size {
            let detail = format!(
                "{end} bytes would be more than the announced {}",
                upload.size
            );
            return Err(Refusal::new(Code::TooLarge, detail));
        }
        if end == upload.size {
            let received = self.finish(upload, chunk).await?;
            self.wake.photo_stored();
            return Ok(received);
        }
        if chunk.is_empty() {
            return Ok(Received::Offset(offset));
        }
        self.keep_part(upload.id, offset, chunk).await
    }

    /// Writes a chunk, then its row, if the upload's offset is still where the chunk begins.
    async fn keep_part(&self, id: String, start: u64, chunk: Vec<u8>) -> Result<Received, Refusal> {
        let key = id.clone();
        let parts = self
            .storage
            .read(move |tx| photos::count_parts(tx, &key))
            .await?;
        if parts >= MAX_PARTS {
            let detail = format!(
                "the upload came in {MAX_PARTS} chunks already; end it and send larger chunks, 256 KB are good"
            );
            return Err(Refusal::new(Code::TooLarge, detail));
        }
        let size = chunk.len() as u64;
        let object = part_key(&id, start);
        // The object is durable before a row names it.
        self.store.put(&object, Bytes::from(chunk)).await?;
        let part = Part {
            upload: id,
            start,
            size,
            object: object.clone(),
        };
        let now = Arc::clone(&self.now);
        let moved = self
            .storage
            .write(move |tx| photos::advance_upload(tx, &part, now()))
            .await?;
        if moved {
            return Ok(Received::Offset(start + size));
        }
        self.store.remove(&object).await;
        Err(Refusal::new(
            Code::UploadOffset,
            "another request moved this upload",
        ))
    }

    /// Lets one request at a time write to an upload: a late duplicate would only write bytes that do not count.
    fn alone(&self, id: &str) -> Result<Alone, Refusal> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.insert(id.to_owned()) {
            return Ok(Alone {
                id: id.to_owned(),
                writing: Arc::clone(&self.writing),
            });
        }
        Err(Refusal::new(
            Code::Busy,
            "another request is writing to this upload",
        ))
    }
}
