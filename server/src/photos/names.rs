//! Names of objects and uploads. Each attempt to write bytes has a name of its own.

use sync_core::record::{DeviceId, PhotoHash};

use crate::host::random;

/// A unique name for the bytes of a photo.
pub(super) fn photo_key(hash: &PhotoHash) -> String {
    let name = hash.to_string();
    format!("blobs/{}/{name}.{}", &name[..2], hex::encode(random::<4>()))
}

/// The name of an object's thumbnail.
pub(super) fn thumb_key(object: &str) -> String {
    format!("{object}.thumb")
}

/// A unique name for a chunk.
pub(super) fn part_key(upload: &str, start: u64) -> String {
    format!("uploads/{upload}/{start:09}.{}", hex::encode(random::<8>()))
}

/// A new id for an upload.
pub(super) fn upload_id() -> String {
    DeviceId(random()).to_string()
}
