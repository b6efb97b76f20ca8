//! Uploads, step by step: create, append, finish, end, expire.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use sync_core::{
    identity::BlobReceipt,
    picture::{self, PictureError, PictureLimits},
    record::{BlobHash, DeviceId},
    wire::Code,
};

use super::{Blobs, files};
use crate::{
    access::Refusal,
    storage::{
        StorageError,
        blobs::{self, Blob, Upload},
    },
};

/// A working copy has 150 to 400 KB; this leaves room for detail shots.
pub const MAX_BLOB_BYTES: u64 = 16 << 20;

/// Uploads one phone may have open: it sends one at a time, and a cut leaves one behind.
const MAX_OPEN: i64 = 64;

/// What opening an upload gave.
#[derive(Debug)]
pub enum Created {
    /// Send the bytes here.
    Upload(Upload),
    /// The server has the photo: nothing need be sent.
    Stored {
        /// Its size.
        size: u64,
        /// The receipt.
        receipt: Vec<u8>,
    },
}

/// What a chunk did.
#[derive(Debug)]
pub enum Received {
    /// More is missing; bytes up to here are durable.
    Offset(u64),
    /// The photo is stored.
    Stored {
        /// Its size.
        size: u64,
        /// The receipt.
        receipt: Vec<u8>,
    },
}

/// Held while a request writes to an upload.
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

fn disk(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Refusal::new(Code::StorageFull, "the photo folder is full")
        }
        _ => Refusal::Storage(StorageError::Engine(format!("photo folder: {error}"))),
    }
}

fn gone() -> Refusal {
    Refusal::new(Code::UploadGone, "create the upload again")
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined
        .map_err(|_| Refusal::Storage(StorageError::Closed))?
        .map_err(|e| disk(&e))
}

impl Blobs {
    fn upload_path(&self, id: &str) -> PathBuf {
        self.root.join("uploads").join(id)
    }

    pub(super) fn blob_path(&self, hash: &BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.root.join("blobs").join(&name[..2]).join(name)
    }

    pub(super) fn thumb_path(&self, hash: &BlobHash) -> PathBuf {
        self.blob_path(hash).with_extension("thumb")
    }

    /// Opens an upload of a photo of this hash and size.
    ///
    /// # Errors
    /// [`Code::TooLarge`]; [`Code::Busy`] if the phone has too many open.
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
        if let Some(found) = self.storage.read(move |tx| blobs::find(tx, hash)).await? {
            return Ok(Created::Stored {
                size: found.size,
                receipt: found.receipt,
            });
        }
        let id = DeviceId(crate::access::random()).to_string();
        let expires_at = (self.now)().0 + self.upload_ms;
        let upload = Upload {
            id,
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
    /// [`Code::UploadGone`] if there is none, it has expired, or it is another's.
    pub async fn upload(&self, device: DeviceId, id: &str) -> Result<Upload, Refusal> {
        let (id, now) = (id.to_owned(), (self.now)().0);
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
    /// [`Code::UploadOffset`] if the chunk does not begin where the upload stands; the codes of a refused photo.
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
        let path = self.upload_path(&upload.id);
        if end == upload.size {
            return self.finish(upload, path, offset, chunk).await;
        }
        blocking(move || files::write_at(&path, offset, &chunk)).await?;
        let key = upload.id.clone();
        let moved = self
            .storage
            .write(move |tx| blobs::advance_upload(tx, &key, offset, end))
            .await?;
        if moved {
            Ok(Received::Offset(end))
        } else {
            Err(Refusal::new(
                Code::UploadOffset,
                "another request moved this upload",
            ))
        }
    }

    /// One request at a time writes to an upload: a late double must not cut off what came after it.
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

    /// Whole: hashed again, decoded, durable, listed; only then a receipt.
    async fn finish(
        &self,
        upload: Upload,
        path: PathBuf,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Received, Refusal> {
        let part = path.clone();
        let bytes = blocking(move || {
            let mut bytes = if offset > 0 {
                std::fs::read(&part)?
            } else {
                Vec::new()
            };
            bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
            bytes.extend(chunk);
            Ok(bytes)
        })
        .await?;
        let (hash, size) = (upload.hash, upload.size);
        let (target, thumb) = (self.blob_path(&hash), self.thumb_path(&hash));
        let checked =
            tokio::task::spawn_blocking(move || check(&bytes, &hash).map(|found| (found, bytes)))
                .await
                .map_err(|_| {
                    Refusal::new(Code::PhotoUnreadable, "the photo could not be decoded")
                })?;
        let ((found, thumbnail), bytes) = match checked {
            Ok(checked) => checked,
            Err(refusal) => {
                self.end(upload.device, &upload.id).await?;
                return Err(refusal);
            }
        };
        blocking(move || {
            files::write_whole(&thumb, &thumbnail)?;
            files::write_whole(&target, &bytes)
        })
        .await?;
        let stored = (self.now)();
        let receipt = BlobReceipt { hash, size, stored }.seal(&self.key);
        let blob = Blob {
            size,
            width: i64::from(found.width),
            height: i64::from(found.height),
            device: upload.device,
            stored_at: stored.0,
            receipt: receipt.clone(),
        };
        self.storage
            .write(move |tx| {
                blobs::insert(tx, hash, &blob)?;
                blobs::came(tx, hash)?;
                blobs::delete_upload(tx, &upload.id)
            })
            .await?;
        let _ = tokio::fs::remove_file(path).await;
        Ok(Received::Stored { size, receipt })
    }

    /// Ends an upload and removes what came of it.
    ///
    /// # Errors
    /// [`Code::UploadGone`] if there is none.
    pub async fn end(&self, device: DeviceId, id: &str) -> Result<(), Refusal> {
        let upload = self.upload(device, id).await?;
        let path = self.upload_path(&upload.id);
        self.storage
            .write(move |tx| blobs::delete_upload(tx, &upload.id))
            .await?;
        let _ = tokio::fs::remove_file(path).await;
        Ok(())
    }

    /// Removes uploads that have expired; returns how many. Finished photos are never touched.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn sweep(&self) -> Result<usize, Refusal> {
        let now = (self.now)().0;
        let expired = self
            .storage
            .read(move |tx| blobs::expired_uploads(tx, now))
            .await?;
        let count = expired.len();
        for id in expired {
            let path = self.upload_path(&id);
            self.storage
                .write(move |tx| blobs::delete_upload(tx, &id))
                .await?;
            let _ = tokio::fs::remove_file(path).await;
        }
        Ok(count)
    }
}

fn check(bytes: &[u8], hash: &BlobHash) -> Result<(picture::Inspected, Vec<u8>), Refusal> {
    if BlobHash::of(bytes) != *hash {
        return Err(Refusal::new(
            Code::PhotoHashMismatch,
            "send the photo again from its start",
        ));
    }
    picture::inspect(bytes, &PictureLimits::default()).map_err(|e| {
        let code = match e {
            PictureError::TooManyPixels { .. } | PictureError::TooLarge { .. } => {
                Code::PhotoTooLarge
            }
            _ => Code::PhotoUnreadable,
        };
        Refusal::new(code, e.to_string())
    })
}
