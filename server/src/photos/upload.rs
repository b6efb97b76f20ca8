//! The steps of an upload: create, end, expire. `append` and `finish` have files of their own.

use sync_core::{
    record::{DeviceId, PhotoHash, ServerTime},
    wire::Code,
};

use super::{Photos, names::upload_id};
use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx, held_photos, opened,
        photos::{self, Upload},
    },
};

/// Largest photo in bytes. A working copy has 150 to 400 KB; this leaves room for detail shots.
pub const MAX_PHOTO_BYTES: u64 = 16 << 20;

/// Uploads that one device may have open. It sends one at a time, and a broken connection leaves one open.
const MAX_OPEN: i64 = 64;

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

impl Photos {
    /// Opens an upload of a photo of this hash and size.
    ///
    /// # Errors
    /// [`Code::TooLarge`]; [`Code::Busy`] if the device has too many uploads open.
    pub async fn create(
        &self,
        device: DeviceId,
        hash: PhotoHash,
        size: u64,
    ) -> Result<Created, Refusal> {
        if size > MAX_PHOTO_BYTES || size == 0 {
            return Err(Refusal::new(
                Code::TooLarge,
                format!("a photo has 1 to {MAX_PHOTO_BYTES} bytes"),
            ));
        }
        let known = move |tx: &mut dyn Tx| {
            let found = photos::find(tx, hash)?;
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
                let forget = move |tx: &mut dyn Tx| held_photos::forget_object(tx, hash, &object);
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
                let room = photos::open_uploads(tx, device)? < MAX_OPEN;
                if room {
                    photos::insert_upload(tx, &row)?;
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
            .read(move |tx| photos::find_upload(tx, &id))
            .await?;
        found
            .filter(|u| u.device == device && u.expires_at > now)
            .ok_or_else(gone)
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
            .write(move |tx| photos::delete_upload(tx, &id))
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
            .read(move |tx| photos::expired_uploads(tx, now))
            .await?;
        let count = expired.len();
        for id in expired {
            self.drop_upload(id).await?;
        }
        Ok(count)
    }
}

/// The refusal for an upload that does not exist, or no longer.
pub(super) fn gone() -> Refusal {
    Refusal::new(Code::UploadGone, "create the upload again")
}
