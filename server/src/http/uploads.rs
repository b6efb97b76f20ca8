//! Routes for uploads of photos: tus 1.0 (core, creation, checksum, expiration, termination).

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sync_core::{record::DeviceId, wire::Code};

use super::{
    Components,
    extract::Seeing,
    tus::{announced, check, expires, name, number, resumable, stored, version},
};
use crate::{
    access::Reach,
    photos::{Created, MAX_PHOTO_BYTES, Received},
    refusal::Refusal,
};

fn device(reach: &Reach) -> Result<DeviceId, Refusal> {
    reach
        .device()
        .ok_or_else(|| Refusal::new(Code::OutOfScope, "only an enrolled device sends photos"))
}

/// Returns the tus version, the extensions, and the largest size of a photo that this server supports.
#[utoipa::path(options, path = "/v1/blobs", tag = "photos", responses((status = 204)))]
pub(super) async fn options() -> Response {
    let headers = [
        resumable(),
        (name("tus-version"), "1.0.0".to_owned()),
        (
            name("tus-extension"),
            "creation,checksum,expiration,termination".to_owned(),
        ),
        (name("tus-checksum-algorithm"), "sha256".to_owned()),
        (name("tus-max-size"), MAX_PHOTO_BYTES.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Creates an upload. If the server already has this photo from the calling device, the upload is complete at once and
/// the response contains the receipt.
#[utoipa::path(post, path = "/v1/blobs", tag = "photos", responses((status = 201, description = "Location is the upload")))]
pub(super) async fn create(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    version(&headers)?;
    let (hash, size) = (announced(&headers)?, number(&headers, "upload-length")?);
    match components
        .photos
        .create(device(&reach)?, hash, size)
        .await?
    {
        Created::Stored { size, receipt } => {
            let mut response = stored(StatusCode::CREATED, size, &receipt);
            if let Ok(location) = format!("/v1/blobs/{hash}").parse() {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        }
        Created::Upload(upload) => {
            let location = (header::LOCATION, format!("/v1/uploads/{}", upload.id));
            let offset = (name("upload-offset"), "0".to_owned());
            let headers = [resumable(), location, offset, expires(upload.expires_at)];
            Ok((StatusCode::CREATED, headers).into_response())
        }
    }
}

/// Returns the offset of an upload: the number of bytes that are stored.
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "photos", params(("id" = String, Path,)), responses((status = 200), (status = 410)))]
pub(super) async fn head(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let upload = components.photos.upload(device(&reach)?, &id).await?;
    let headers = [
        resumable(),
        (name("upload-offset"), upload.received.to_string()),
        (name("upload-length"), upload.size.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        expires(upload.expires_at),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

/// Appends a chunk at the upload's offset. The response to the last chunk contains the receipt.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "photos", params(("id" = String, Path,)), responses((status = 204), (status = 409), (status = 460)))]
pub(super) async fn append(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
    headers: HeaderMap,
    chunk: Bytes,
) -> Result<Response, Refusal> {
    version(&headers)?;
    let offset = number(&headers, "upload-offset")?;
    if let Some(sum) = headers.get("upload-checksum") {
        check(sum.to_str().unwrap_or_default(), &chunk)?;
    }
    let device = device(&reach)?;
    components.quota.chunk(device, chunk.len()).await?;
    match components
        .photos
        .append(device, &id, offset, chunk.to_vec())
        .await?
    {
        Received::Offset(offset) => {
            let headers = [resumable(), (name("upload-offset"), offset.to_string())];
            Ok((StatusCode::NO_CONTENT, headers).into_response())
        }
        Received::Stored { size, receipt } => {
            components.metrics.photo();
            components.quota.photo(device);
            Ok(stored(StatusCode::NO_CONTENT, size, &receipt))
        }
    }
}

/// Terminates an upload and discards its bytes.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "photos", params(("id" = String, Path,)), responses((status = 204)))]
pub(super) async fn end(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    components.photos.end(device(&reach)?, &id).await?;
    Ok((StatusCode::NO_CONTENT, [resumable()]).into_response())
}
