//! Photos: upload with tus 1.0 (core, creation, checksum, expiration, termination), and reading.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};
use sync_core::{
    record::{BlobHash, DeviceId, ServerTime},
    wire::Code,
};

use super::{Rooms, extract::Seeing};
use crate::{
    access::{Reach, Refusal},
    blobs::{Created, MAX_BLOB_BYTES, Photo, Received},
};

const VERSION: (HeaderName, &str) = (HeaderName::from_static("tus-resumable"), "1.0.0");

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::Malformed, detail)
}

fn device(reach: &Reach) -> Result<DeviceId, Refusal> {
    reach
        .device()
        .ok_or_else(|| Refusal::new(Code::OutOfScope, "only an enrolled phone sends photos"))
}

/// Refuses a client of another tus version before anything is read (tus 1.0, section 5.2).
fn version(headers: &HeaderMap) -> Result<(), Refusal> {
    let asked = headers.get(&VERSION.0).and_then(|v| v.to_str().ok());
    if asked.is_none_or(|v| v == VERSION.1) {
        return Ok(());
    }
    Err(Refusal::new(Code::TusVersion, "Tus-Resumable: 1.0.0"))
}

fn number(headers: &HeaderMap, name: &str) -> Result<u64, Refusal> {
    let value = headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    value.ok_or_else(|| malformed(format!("header {name} must be a number")))
}

fn name(value: &'static str) -> HeaderName {
    HeaderName::from_static(value)
}

fn expires(at: ServerTime) -> (HeaderName, String) {
    let date = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    (
        name("upload-expires"),
        date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

fn stored(status: StatusCode, size: u64, receipt: &[u8]) -> Response {
    let headers = [
        VERSION.map_value(),
        (name("upload-offset"), size.to_string()),
        (name("upload-length"), size.to_string()),
        (name("xuncha-receipt"), URL_SAFE_NO_PAD.encode(receipt)),
    ];
    (status, headers).into_response()
}

trait MapValue {
    fn map_value(self) -> (HeaderName, String);
}
impl MapValue for (HeaderName, &'static str) {
    fn map_value(self) -> (HeaderName, String) {
        (self.0, self.1.to_owned())
    }
}

/// Returns the tus version, the extensions, and the largest size of a photo that this server supports.
#[utoipa::path(options, path = "/v1/blobs", tag = "photos", responses((status = 204)))]
pub(super) async fn options() -> Response {
    let headers = [
        VERSION.map_value(),
        (name("tus-version"), "1.0.0".to_owned()),
        (
            name("tus-extension"),
            "creation,checksum,expiration,termination".to_owned(),
        ),
        (name("tus-checksum-algorithm"), "sha256".to_owned()),
        (name("tus-max-size"), MAX_BLOB_BYTES.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Parses `sha256 <base64>` of the metadata: base64 of the hexadecimal digits, or of the 32 bytes.
fn announced(headers: &HeaderMap) -> Result<BlobHash, Refusal> {
    let metadata = headers
        .get("upload-metadata")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let value = metadata
        .split(',')
        .find_map(|pair| pair.trim().strip_prefix("sha256 "));
    let bytes = value
        .and_then(|v| STANDARD.decode(v.trim()).ok())
        .unwrap_or_default();
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    text.parse().or_else(|_| BlobHash::from_slice(&bytes)).map_err(|_| {
        malformed("Upload-Metadata must name sha256: base64 of its 64 hexadecimal digits or of its 32 bytes")
    })
}

/// Creates an upload. If the server already has this photo from the calling device, the upload is complete at once and
/// the response contains the receipt.
#[utoipa::path(post, path = "/v1/blobs", tag = "photos", responses((status = 201, description = "Location is the upload")))]
pub(super) async fn create(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    version(&headers)?;
    let (hash, size) = (announced(&headers)?, number(&headers, "upload-length")?);
    match rooms.blobs.create(device(&reach)?, hash, size).await? {
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
            let headers = [
                VERSION.map_value(),
                location,
                offset,
                expires(upload.expires_at),
            ];
            Ok((StatusCode::CREATED, headers).into_response())
        }
    }
}

/// Returns the offset of an upload: the number of bytes that are stored.
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "photos", params(("id" = String, Path,)), responses((status = 200), (status = 410)))]
pub(super) async fn head(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let upload = rooms.blobs.upload(device(&reach)?, &id).await?;
    let headers = [
        VERSION.map_value(),
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
    State(rooms): State<Rooms>,
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
    rooms.quota.chunk(device, chunk.len()).await?;
    match rooms
        .blobs
        .append(device, &id, offset, chunk.to_vec())
        .await?
    {
        Received::Offset(offset) => {
            let headers = [
                VERSION.map_value(),
                (name("upload-offset"), offset.to_string()),
            ];
            Ok((StatusCode::NO_CONTENT, headers).into_response())
        }
        Received::Stored { size, receipt } => {
            rooms.metrics.photo();
            rooms.quota.photo(device);
            rooms.projection.wake();
            Ok(stored(StatusCode::NO_CONTENT, size, &receipt))
        }
    }
}

fn check(announced: &str, chunk: &[u8]) -> Result<(), Refusal> {
    let sum = announced
        .strip_prefix("sha256 ")
        .and_then(|v| STANDARD.decode(v).ok())
        .ok_or_else(|| malformed("Upload-Checksum must be sha256 and its base64"))?;
    if sum == Sha256::digest(chunk).as_slice() {
        return Ok(());
    }
    Err(Refusal::new(
        Code::ChecksumMismatch,
        "nothing of this chunk was kept",
    ))
}

/// Terminates an upload and discards its bytes.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "photos", params(("id" = String, Path,)), responses((status = 204)))]
pub(super) async fn end(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    rooms.blobs.end(device(&reach)?, &id).await?;
    Ok((StatusCode::NO_CONTENT, [VERSION.map_value()]).into_response())
}

async fn give(rooms: &Rooms, reach: &Reach, hash: &str, form: Photo) -> Result<Response, Refusal> {
    let hash: BlobHash = hash
        .parse()
        .map_err(|_| Refusal::new(Code::NotFound, "no such photo"))?;
    let bytes = rooms.blobs.read(reach, hash, form).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable".to_owned(),
        ),
        (header::ETAG, format!("\"{hash}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// Returns a photo with exactly the bytes that were uploaded.
#[utoipa::path(get, path = "/v1/blobs/{hash}", tag = "photos", params(("hash" = String, Path,)), responses((status = 200, content_type = "image/jpeg"), (status = 404)))]
pub(super) async fn read(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    give(&rooms, &reach, &hash, Photo::Whole).await
}

/// Returns the thumbnail of a photo: at most 320 px and 25 KB.
#[utoipa::path(get, path = "/v1/blobs/{hash}/thumb", tag = "photos", params(("hash" = String, Path,)), responses((status = 200, content_type = "image/jpeg"), (status = 404)))]
pub(super) async fn thumb(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    give(&rooms, &reach, &hash, Photo::Thumbnail).await
}
