//! The photo store: objects in a folder or a bucket, written once under a unique name, durable when a write returns.
//!
//! Rows in the database decide what an object means and when it may be removed; the store holds only bytes.

use std::{path::PathBuf, sync::Arc};

use axum::body::Bytes;
use futures_util::stream::BoxStream;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use sync_core::causes::Cause;

use super::{
    bucket_client::builder, failure::refused, names::thumb_key, store_error::StoreError,
    target::Target,
};
use crate::{folder, refusal::Refusal};

/// Larger objects are sent to a bucket in parts of this size, the smallest that S3 accepts.
const PART: usize = 5 << 20;

/// Objects by name.
#[derive(Clone)]
pub struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) shown: String,
    /// The folder, if the store is a folder.
    folder: Option<PathBuf>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Store {
    /// Opens a store; a missing folder is created. No object is accessed yet, see [`Self::probe`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(target: &Target) -> Result<Self, StoreError> {
        let shown = target.to_string();
        let unusable = |cause: Cause| StoreError::unusable(&shown, cause);
        let objects: Arc<dyn ObjectStore> = match target {
            Target::Folder(path) => {
                folder::make(&path.join("uploads"))
                    .and_then(|()| folder::make(&path.join("blobs")))
                    .map_err(|e| unusable(e.into()))?;
                let local = LocalFileSystem::new_with_prefix(path);
                Arc::new(local.map_err(|e| unusable(e.into()))?.with_fsync(true))
            }
            Target::Bucket(bucket) => {
                let s3 = builder(bucket).build().map_err(|e| unusable(e.into()))?;
                Arc::new(PrefixStore::new(s3, bucket.prefix.as_str()))
            }
        };
        Ok(Self {
            objects,
            folder: target.folder().map(ToOwned::to_owned),
            shown,
        })
    }

    /// Writes an object under a new name; durable when this returns.
    ///
    /// # Errors
    /// [`Code::StorageFull`], [`Refusal::Storage`].
    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Refusal> {
        let path = Path::from(key);
        let put = if self.folder.is_some() || bytes.len() <= PART {
            let put = self.objects.put(&path, PutPayload::from_bytes(bytes));
            put.await.map(|_| ())
        } else {
            self.put_in_parts(&path, bytes).await
        };
        put.map_err(refused)
    }

    async fn put_in_parts(&self, path: &Path, bytes: Bytes) -> object_store::Result<()> {
        let mut upload = self.objects.put_multipart(path).await?;
        let mut rest = bytes;
        let sent = loop {
            let part = rest.split_to(PART.min(rest.len()));
            if part.is_empty() {
                break upload.complete().await.map(|_| ());
            }
            let put = upload.put_part(PutPayload::from_bytes(part)).await;
            if put.is_err() {
                break put;
            }
        };
        if sent.is_err() {
            let _ = upload.abort().await;
        }
        sent
    }

    /// Reads an object; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, Refusal> {
        let got = async { self.objects.get(&Path::from(key)).await?.bytes().await };
        match got.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    /// Copies a photo with its thumbnail to another store, under the same names; `false` if it does not exist. A lost
    /// thumbnail does not make the photo lost.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub(crate) async fn copy_photo(&self, to: &Self, object: &str) -> Result<bool, Refusal> {
        let Some(photo) = self.get(object).await? else {
            return Ok(false);
        };
        let thumb = thumb_key(object);
        if let Some(bytes) = self.get(&thumb).await? {
            to.put(&thumb, bytes).await?;
        }
        to.put(object, photo).await?;
        Ok(true)
    }

    /// The bytes of a photo; `None` if they do not exist.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub(crate) async fn photo(&self, object: &str) -> Result<Option<Bytes>, Refusal> {
        self.get(object).await
    }

    /// The size of an object in bytes; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Refusal::Storage`] if the store cannot be read.
    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, Refusal> {
        match self.objects.head(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    /// Removes an object; `false` if that failed, or it did not exist.
    pub(super) async fn remove(&self, key: &str) -> bool {
        let removed = self.objects.delete(&Path::from(key)).await.is_ok();
        // Removes the folder of an upload after its last part; `remove_dir` fails while the folder is not empty.
        if let (Some(root), Some((folder, _))) = (&self.folder, key.rsplit_once('/'))
            && folder.starts_with("uploads/")
        {
            let _ = tokio::fs::remove_dir(root.join(folder)).await;
        }
        removed
    }

    /// All objects below a folder of the store, listed page by page.
    pub(super) fn list(
        &self,
        folder: &str,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.objects.list(Some(&Path::from(folder)))
    }

    /// The folder, if the store is a folder.
    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }
}
