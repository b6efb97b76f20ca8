//! The photos of a document.

use serde::Serialize;
use sync_core::{
    document::{DisplayedPhoto, Folded},
    record::PhotoHash,
};

use crate::{
    refusal::Refusal,
    storage::{Tx, photos},
};

/// A photo of a document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhotoView {
    /// SHA-256.
    pub hash: String,
    /// The event that names it.
    pub event: String,
    /// What it shows.
    pub role: String,
    /// How it was taken: in the app or from a file.
    pub source: String,
    /// `stored` or `pending`.
    pub state: &'static str,
    /// Address of the photo.
    pub url: String,
    /// Address of the thumbnail.
    pub thumb_url: String,
}

/// The photos of a document, without those that were redacted.
pub(super) fn photos(tx: &mut dyn Tx, folded: &Folded<'_>) -> Result<Vec<PhotoView>, Refusal> {
    let displayed = folded.photos();
    let hashes: Vec<PhotoHash> = displayed.iter().map(|d| d.photo.hash).collect();
    let stored = photos::stored(tx, &hashes)?;
    let view = |displayed: DisplayedPhoto<'_>| {
        let photo = displayed.photo;
        PhotoView {
            hash: photo.hash.to_string(),
            event: displayed.event.to_string(),
            role: photo.role.to_string(),
            source: photo.source.to_string(),
            state: if stored.contains(&photo.hash) {
                "stored"
            } else {
                "pending"
            },
            url: format!("/v1/blobs/{}", photo.hash),
            thumb_url: format!("/v1/blobs/{}/thumb", photo.hash),
        }
    };
    Ok(displayed.into_iter().map(view).collect())
}
