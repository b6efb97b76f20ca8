//! Routes for reading photos.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use sync_core::{record::PhotoHash, wire::Code};

use super::{Components, extract::Seeing};
use crate::{access::Reach, photos::Photo, refusal::Refusal};

async fn give(
    components: &Components,
    reach: &Reach,
    hash: &str,
    form: Photo,
) -> Result<Response, Refusal> {
    let hash: PhotoHash = hash
        .parse()
        .map_err(|_| Refusal::new(Code::NotFound, "no such photo"))?;
    let bytes = components.photos.read(reach, hash, form).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (
            header::CACHE_CONTROL,
            // A photo that is taken out of view must not stay in the cache of a browser.
            "private, no-store".to_owned(),
        ),
        (header::ETAG, format!("\"{hash}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// Returns a photo with exactly the bytes that were uploaded.
#[utoipa::path(get, path = "/v1/blobs/{hash}", tag = "photos", params(("hash" = String, Path,)), responses((status = 200, content_type = "image/jpeg"), (status = 404)))]
pub(super) async fn read(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    give(&components, &reach, &hash, Photo::Whole).await
}

/// Returns the thumbnail of a photo: at most 320 px and 25 KB.
#[utoipa::path(get, path = "/v1/blobs/{hash}/thumb", tag = "photos", params(("hash" = String, Path,)), responses((status = 200, content_type = "image/jpeg"), (status = 404)))]
pub(super) async fn thumb(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    give(&components, &reach, &hash, Photo::Thumbnail).await
}
