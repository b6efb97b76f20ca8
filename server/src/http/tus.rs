//! The headers of tus 1.0: core, creation, checksum, expiration.

use axum::{
    http::{HeaderMap, HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};
use sync_core::{
    record::{PhotoHash, ServerTime},
    wire::Code,
};

use crate::refusal::Refusal;

const VERSION: (HeaderName, &str) = (HeaderName::from_static("tus-resumable"), "1.0.0");

/// The header that names the version of tus.
pub(super) fn resumable() -> (HeaderName, String) {
    (VERSION.0, VERSION.1.to_owned())
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::Malformed, detail)
}

/// Refuses a client of another tus version before anything is read (tus 1.0, section 5.2).
pub(super) fn version(headers: &HeaderMap) -> Result<(), Refusal> {
    let asked = headers.get(&VERSION.0).and_then(|v| v.to_str().ok());
    if asked.is_none_or(|v| v == VERSION.1) {
        return Ok(());
    }
    Err(Refusal::new(Code::TusVersion, "Tus-Resumable: 1.0.0"))
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<u64, Refusal> {
    let value = headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    value.ok_or_else(|| malformed(format!("header {name} must be a number")))
}

/// The name of a header.
pub(super) fn name(value: &'static str) -> HeaderName {
    HeaderName::from_static(value)
}

/// The header that states when an upload expires.
pub(super) fn expires(at: ServerTime) -> (HeaderName, String) {
    let date = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    (
        name("upload-expires"),
        date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

/// The response for a stored photo: with its receipt.
pub(super) fn stored(status: StatusCode, size: u64, receipt: &[u8]) -> Response {
    let headers = [
        resumable(),
        (name("upload-offset"), size.to_string()),
        (name("upload-length"), size.to_string()),
        (name("xuncha-receipt"), URL_SAFE_NO_PAD.encode(receipt)),
    ];
    (status, headers).into_response()
}

/// Parses `sha256 <base64>` of the metadata: base64 of the hexadecimal digits, or of the 32 bytes.
pub(super) fn announced(headers: &HeaderMap) -> Result<PhotoHash, Refusal> {
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
    text.parse().or_else(|_| PhotoHash::from_slice(&bytes)).map_err(|_| {
        malformed("Upload-Metadata must name sha256: base64 of its 64 hexadecimal digits or of its 32 bytes")
    })
}

/// Checks the checksum of a chunk.
pub(super) fn check(announced: &str, chunk: &[u8]) -> Result<(), Refusal> {
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
