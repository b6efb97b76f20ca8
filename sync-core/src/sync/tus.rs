//! The calls of tus 1.0, the protocol of uploads.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::call::{Call, Method};
use crate::device::PhotoTask;

/// A call without a body.
pub(super) fn call(method: Method, path: String) -> Call {
    Call {
        method,
        path,
        headers: vec![("tus-resumable", "1.0.0".to_owned())],
        body: Vec::new(),
    }
}

/// The path of an absolute or relative URL.
pub(super) fn path_of(location: &str) -> String {
    let after_scheme = location.split_once("://").map(|(_, rest)| rest);
    let path = after_scheme.map(|rest| rest.find('/').map_or("/", |at| &rest[at..]));
    path.unwrap_or(location).to_owned()
}

/// The call that creates the upload of a photo.
pub(super) fn create(task: &PhotoTask) -> Call {
    let name = STANDARD.encode(task.hash.to_string());
    call(Method::Post, "/v1/blobs".to_owned())
        .with("upload-length", task.size.to_string())
        .with("upload-metadata", format!("sha256 {name}"))
}

/// The call that sends the chunk of a photo at `offset`, and its length.
pub(super) fn chunk(bytes: &[u8], path: &str, offset: u64, most: u64) -> (Call, u64) {
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
    let part = bytes[index(offset)..index(offset.saturating_add(most))].to_vec();
    let length = part.len() as u64;
    let checksum = STANDARD.encode(Sha256::digest(&part));
    let mut call = call(Method::Patch, path.to_owned())
        .with("upload-offset", offset.to_string())
        .with("upload-checksum", format!("sha256 {checksum}"))
        .with("content-type", "application/offset+octet-stream".to_owned());
    call.body = part;
    (call, length)
}
