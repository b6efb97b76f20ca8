//! The photo store: objects in a folder or a bucket, written once under a unique name, durable when a write returns.
//!
//! Rows in the database decide what an object means and when it may be removed; the store holds only bytes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::body::Bytes;
use futures_util::stream::BoxStream;
use object_store::{
    BackoffConfig, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3Builder, Checksum},
    local::LocalFileSystem,
    path::Path,
    prefix::PrefixStore,
};

use super::target::{Bucket, StoreError, Target};
use crate::{host::random, refusal::Refusal, storage::StorageError};
use sync_core::{identity::PublicKey, wire::Code};

/// Larger objects are sent to a bucket in parts of this size, the smallest that S3 accepts.
const PART: usize = 5 << 20;

/// Name of the object with the public key of the server that owns the store.
const OWNER: &str = "xuncha-owner";

/// Objects by name.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    shown: String,
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
        let unusable = |cause: String| StoreError::Unusable {
            target: shown.clone(),
            cause,
        };
        let objects: Arc<dyn ObjectStore> = match target {
            Target::Folder(folder) => {
                crate::folder::make(&folder.join("uploads"))
                    .and_then(|()| crate::folder::make(&folder.join("blobs")))
                    .map_err(|e| unusable(e.to_string()))?;
                let local = LocalFileSystem::new_with_prefix(folder);
                Arc::new(local.map_err(|e| unusable(said(&e)))?.with_fsync(true))
            }
            Target::Bucket(bucket) => {
                let s3 = builder(bucket).build().map_err(|e| unusable(said(&e)))?;
                Arc::new(PrefixStore::new(s3, bucket.prefix.as_str()))
            }
        };
        Ok(Self {
            objects,
            folder: target.folder().map(ToOwned::to_owned),
            shown,
        })
    }

    /// Writes, reads and deletes a small object, and checks that the store belongs to this owner: a server with another
    /// database would remove all photos in it as orphans.
    ///
    /// A store without an owner is claimed, unless the database lists photos (`listed`: objects of some of them) and the
    /// store has none of these: then it is another store, or its photos are lost.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with the error of the store, or that it is not the store of this database.
    pub async fn probe(&self, owner: &PublicKey, listed: &[String]) -> Result<(), StoreError> {
        let key = format!("uploads/probe.{}", hex::encode(random::<8>()));
        let path = Path::from(key);
        let tried = async {
            self.objects
                .put(&path, PutPayload::from_static(b"xuncha"))
                .await?;
            let read = self.objects.get(&path).await?.bytes().await?;
            self.objects.delete(&path).await?;
            Ok::<_, object_store::Error>(read)
        };
        let read = tried.await.map_err(|e| self.unusable(said(&e)))?;
        if read != b"xuncha".as_slice() {
            return Err(self.unusable("it gave back other bytes than it took".to_owned()));
        }
        if self.is_owned_by(owner).await? {
            return Ok(());
        }
        if !listed.is_empty() && !self.has_any(listed).await? {
            return Err(self.unusable(
                "数据库登记的照片这里一张也没有 / the database lists photos and none of those that were tried is here: is this the right store (--blobs)? If its photos are lost, run `xuncha admin verify --mend --store-lost`"
                    .to_owned(),
            ));
        }
        self.claim(owner).await
    }

    /// Whether the store belongs to this owner; `false` if it belongs to none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with the error of the store, or that another server owns it.
    pub async fn is_owned_by(&self, owner: &PublicKey) -> Result<bool, StoreError> {
        let found = match self.objects.get(&Path::from(OWNER)).await {
            Ok(found) => found.bytes().await,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => Err(error),
        };
        let found = found.map_err(|e| self.unusable(said(&e)))?;
        if found != hex::encode(owner.0).as_bytes() {
            return Err(self.unusable(format!(
                "it holds the photos of another server's database (see the object {OWNER}); choose another bucket, prefix or folder"
            )));
        }
        Ok(true)
    }

    /// Makes this server the owner of a store that has none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with the error of the store.
    pub async fn claim(&self, owner: &PublicKey) -> Result<(), StoreError> {
        let claim = PutPayload::from(hex::encode(owner.0).into_bytes());
        let put = self.objects.put(&Path::from(OWNER), claim).await;
        put.map(|_| ()).map_err(|e| self.unusable(said(&e)))
    }

    async fn has_any(&self, objects: &[String]) -> Result<bool, StoreError> {
        for object in objects {
            match self.objects.head(&Path::from(object.as_str())).await {
                Ok(_) => return Ok(true),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.unusable(said(&error))),
            }
        }
        Ok(false)
    }

    fn unusable(&self, cause: String) -> StoreError {
        StoreError::Unusable {
            target: self.shown.clone(),
            cause,
        }
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
        put.map_err(|e| refused(&e))
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
            Err(error) => Err(refused(&error)),
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
        let thumb = super::thumb_key(object);
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
            Err(error) => Err(refused(&error)),
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

fn builder(bucket: &Bucket) -> AmazonS3Builder {
    // TLS uses ring, as everywhere in this program. Only the first installation has an effect.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(30),
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&bucket.name)
        .with_checksum_algorithm(Checksum::SHA256)
        // One by one, because some compatible stores lack the request for many.
        .with_disable_bulk_delete(true)
        .with_retry(retry);
    if bucket.allow_http {
        builder = builder.with_allow_http(true);
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let Some((id, secret)) = &bucket.keys {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
    }
    builder
}

/// An error with its causes, without repeated texts.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}

fn refused(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut next = Some(error);
    while let Some(cause) = next {
        let kind = cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind);
        if let Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) = kind {
            return Refusal::new(Code::StorageFull, "the photo folder is full");
        }
        next = cause.source();
    }
    Refusal::Storage(StorageError::Engine(format!(
        "photo store: {}",
        said(error)
    )))
}
