//! The owner of a store: a server with another database would remove all photos in it as orphans.

use object_store::{ObjectStoreExt, PutPayload, path::Path};
use sync_core::{causes::Cause, identity::PublicKey};

use super::{store::Store, store_error::StoreError};
use crate::host::random;

/// Name of the object with the public key of the server that owns the store.
const OWNER: &str = "xuncha-owner";

impl Store {
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
        let read = tried.await.map_err(|e| self.unusable(e))?;
        if read != b"xuncha".as_slice() {
            return Err(self.unusable("it gave back other bytes than it took"));
        }
        if self.is_owned_by(owner).await? {
            return Ok(());
        }
        if !listed.is_empty() && !self.has_any(listed).await? {
            return Err(self.unusable(
                "数据库登记的照片这里一张也没有 / the database lists photos and none of those that were tried is here: is this the right store (--photos)? If its photos are lost, run `xuncha admin verify --mend --store-lost`",
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
        let found = found.map_err(|e| self.unusable(e))?;
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
        put.map(|_| ()).map_err(|e| self.unusable(e))
    }

    async fn has_any(&self, objects: &[String]) -> Result<bool, StoreError> {
        for object in objects {
            match self.objects.head(&Path::from(object.as_str())).await {
                Ok(_) => return Ok(true),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.unusable(error)),
            }
        }
        Ok(false)
    }

    fn unusable(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::unusable(&self.shown, cause)
    }
}
