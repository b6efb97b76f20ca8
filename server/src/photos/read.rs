//! Reading photos: only for callers who may read a document that names the photo.

use super::{Photos, names::thumb_key};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{opened, photos},
};
use axum::body::Bytes;
use sync_core::{record::PhotoHash, wire::Code};

/// The form of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Photo {
    /// The working copy, with the bytes that the device sent.
    Whole,
    /// At most 320 px and 25 KB.
    Thumbnail,
}

impl Photos {
    /// The bytes of a photo. A photo out of reach is reported as not found. A document gives access to a photo only if
    /// the device that named it there has sent its bytes: knowing a hash is no right to read a photo.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Refusal::Storage`] if the store cannot be read.
    pub async fn read(
        &self,
        reach: &Reach,
        hash: PhotoHash,
        form: Photo,
    ) -> Result<Bytes, Refusal> {
        let missing = || Refusal::new(Code::NotFound, hash.to_string());
        let device = reach.device();
        let found = self
            .storage
            .read(move |tx| {
                let own = match device {
                    Some(device) => opened::is_sender(tx, hash, device)?,
                    None => false,
                };
                let (paths, hidden) = opened::opened_by(tx, hash)?;
                Ok::<_, Refusal>((photos::find(tx, hash)?, own, paths, hidden))
            })
            .await?;
        let (Some(blob), own, paths, hidden) = found else {
            return Err(missing());
        };
        // A redacted photo is hidden from every caller, including the device that sent it.
        if hidden || !(own || paths.iter().any(|path| reach.covers(path))) {
            return Err(missing());
        }
        let key = match form {
            Photo::Whole => blob.object,
            Photo::Thumbnail => thumb_key(&blob.object),
        };
        self.store.get(&key).await?.ok_or_else(missing)
    }

    /// The receipt of a stored photo, if there is one.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn receipt(&self, hash: PhotoHash) -> Result<Option<(u64, Vec<u8>)>, Refusal> {
        let found = self.storage.read(move |tx| photos::find(tx, hash)).await?;
        Ok(found.map(|blob| (blob.size, blob.receipt)))
    }
}
