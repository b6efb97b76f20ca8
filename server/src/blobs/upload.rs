//! The steps of an upload: create, append, end, expire; `finish` has a separate file.
//!
//! Each chunk is a separate object. It belongs to the upload once its row does; the row is written in the transaction
//! that advances the upload's offset from where the chunk begins. Of two requests with the same offset, in any
//! processes, one wins.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use sync_core::{
    record::{BlobHash, DeviceId, ServerTime},
    wire::Code,
};

use super::{Blobs, gone, part_key, upload_id};
use crate::{
    access::Refusal,
    storage::{
        StorageError, Tx,
        blobs::{self, Part, Upload},
        opened,
    },
};

/// Largest photo in bytes. A working copy has 150 to 400 KB; this leaves room for detail shots.
pub const MAX_BLOB_BYTES: u64 = 16 << 20;

/// Uploads that one device may have open. It sends one at a time, and a broken connection leaves one open.
const MAX_OPEN: i64 = 64;

/// Chunks of an upload at most: with 16 KB each this is the largest photo.
const MAX_PARTS: i64 = 1024;

/// The result of creating an upload.
#[derive(Debug)]
pub enum Created {
    /// The upload is open and expects the bytes.
    Upload(Upload),
    /// The server has the photo; nothing needs to be sent.
    Stored {
        /// Its size in bytes.
        size: u64,
        /// The receipt.
        receipt: Vec<u8>,
    },
}

/// The result of appending a chunk.
#[derive(Debug)]
pub enum Received {
    /// More bytes are missing; bytes up to this offset are durable.
    Offset(u64),
    /// The photo is stored.
    Stored {
        /// Its size in bytes.
        size: u64,
        /// The receipt.
        receipt: Vec<u8>,
    },
}

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

impl Blobs {
    /// Opens an upload of a photo of this hash and size.
    ///
    /// # Errors
    /// [`Code::TooLarge`]; [`Code::Busy`] if the device has too many uploads open.
    pub async fn create(
        &self,
        device: DeviceId,
        hash: BlobHash,
        size: u64,
    ) -> Result<Created, Refusal> {
        if size > MAX_BLOB_BYTES || size == 0 {
            return Err(Refusal::new(
                Code::TooLarge,
                format!("a photo has 1 to {MAX_BLOB_BYTES} bytes"),
            ));
        }
        let known = move |tx: &mut dyn Tx| {
            let found = blobs::find(tx, hash)?;
            Ok::<_, StorageError>((found, opened::is_sender(tx, hash, device)?))
        };
        if let (Some(found), sent) = self.storage.read(known).await? {
            // A receipt allows a device to remove its copy, and the row alone does not prove that the bytes exist.
            let kept = self.store.size(&found.object).await? == Some(found.size);
            // Only a device that sent the bytes learns that they are stored; others could test hashes that they merely
            // know.
            if kept && sent {
                return Ok(Created::Stored {
                    size: found.size,
                    receipt: found.receipt,
                });
            }
            if !kept {
                tracing::error!(photo = %hash, object = %found.object, "the bytes of a stored photo are lost; it is asked for again");
                let object = found.object;
                let forget = move |tx: &mut dyn Tx| blobs::forget_object(tx, hash, &object);
                self.storage.write(forget).await?;
            }
        }
        let expires_at = ServerTime((self.now)().0 + self.lifetimes.upload);
        let upload = Upload {
            id: upload_id(),
            hash,
            size,
            received: 0,
            device,
            expires_at,
        };
        let row = upload.clone();
        let opened = self
            .storage
            .write(move |tx| {
                let room = blobs::open_uploads(tx, device)? < MAX_OPEN;
                if room {
                    blobs::insert_upload(tx, &row)?;
                }
                Ok::<_, StorageError>(room)
            })
            .await?;
        if opened {
            Ok(Created::Upload(upload))
        } else {
            let detail = format!("{MAX_OPEN} uploads are open; finish or end one first");
            Err(Refusal::new(Code::Busy, detail))
        }
    }

    /// An open upload of this device.
    ///
    /// # Errors
    /// [`Code::UploadGone`] if there is none, if it has expired, or if it belongs to another device.
    pub async fn upload(&self, device: DeviceId, id: &str) -> Result<Upload, Refusal> {
        let (id, now) = (id.to_owned(), (self.now)());
        let found = self
            .storage
            .read(move |tx| blobs::find_upload(tx, &id))
            .await?;
        found
            .filter(|u| u.device == device && u.expires_at > now)
            .ok_or_else(gone)
    }

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
            return self.finish(upload, chunk).await;
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
            .read(move |tx| blobs::count_parts(tx, &key))
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
            .write(move |tx| blobs::advance_upload(tx, &part, now()))
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

    /// Ends an upload and removes its parts.
    ///
    /// # Errors
    /// [`Code::UploadGone`] if there is none.
    pub async fn end(&self, device: DeviceId, id: &str) -> Result<(), Refusal> {
        let upload = self.upload(device, id).await?;
        self.drop_upload(upload.id).await
    }

    /// Deletes an upload's rows, then removes its parts: a part that cannot be removed becomes an orphan.
    async fn drop_upload(&self, id: String) -> Result<(), Refusal> {
        let parts = self
            .storage
            .write(move |tx| blobs::delete_upload(tx, &id))
            .await?;
        for part in parts {
            self.store.remove(&part).await;
        }
        Ok(())
    }

    /// Removes uploads that have expired; returns how many. Finished photos are not affected.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn sweep(&self) -> Result<usize, Refusal> {
        let now = (self.now)();
        let expired = self
            .storage
            .read(move |tx| blobs::expired_uploads(tx, now))
            .await?;
        let count = expired.len();
        for id in expired {
            self.drop_upload(id).await?;
        }
        Ok(count)
    }
}
