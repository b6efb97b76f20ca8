//! The client half of photo uploads: tus 1.0, in chunks, resumed where the server says.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Call, Method, Reply, Syncing, Waiting};
use crate::{
    device::{Device, DeviceError, PhotoTask},
    record::BlobHash,
    wire::Code,
};

/// Bytes of one chunk: a cut connection costs at most this.
const CHUNK: u64 = 256 * 1024;

/// What was asked about which photo.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    hash: BlobHash,
    size: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Create,
    Offset(String),
    Chunk(String),
}

fn call(method: Method, path: String) -> Call {
    Call {
        method,
        path,
        headers: vec![("tus-resumable", "1.0.0".to_owned())],
        body: Vec::new(),
    }
}

impl Syncing {
    pub(super) fn next_photo(&mut self, device: &mut Device) -> Result<Option<Call>, DeviceError> {
        let Some(task) = device.next_photo()? else {
            return Ok(None);
        };
        let known = self
            .photo
            .filter(|(hash, _)| *hash == task.hash)
            .map(|(_, offset)| offset);
        let (what, call) = match (&task.upload, known) {
            (None, _) => (What::Create, create(&task)),
            (Some(path), None) => (What::Offset(path.clone()), call(Method::Head, path.clone())),
            (Some(path), Some(offset)) => (
                What::Chunk(path.clone()),
                chunk(device, &task, path, offset)?,
            ),
        };
        self.asked = Some(Waiting::Photo(Asked {
            hash: task.hash,
            size: task.size,
            what,
        }));
        Ok(Some(call))
    }

    pub(super) fn photo_sent(
        &mut self,
        device: &mut Device,
        asked: &Asked,
        reply: &Reply,
    ) -> Result<bool, DeviceError> {
        if let Some(receipt) = reply.header("xuncha-receipt") {
            let Ok(receipt) = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(receipt)
            else {
                return Ok(false);
            };
            device.photo_stored(&asked.hash, &receipt)?;
            self.report.photos += 1;
            self.photo = None;
            return Ok(true);
        }
        let path = match &asked.what {
            What::Create => reply.header("location").map(path_of),
            What::Offset(path) | What::Chunk(path) => Some(path.clone()),
        };
        let offset = match (&asked.what, reply.header("upload-offset")) {
            (What::Create, None) => Some(0),
            (_, offset) => offset.and_then(|o| o.parse().ok()),
        };
        let (Some(path), Some(offset)) = (path, offset) else {
            return Ok(false);
        };
        device.photo_progress(&asked.hash, Some(&path), offset)?;
        self.photo = Some((asked.hash, offset));
        // Everything is there but no receipt came: open the upload anew, the server answers with the receipt.
        if offset >= asked.size {
            device.photo_progress(&asked.hash, None, 0)?;
            self.photo = None;
        }
        Ok(true)
    }

    pub(super) fn photo_refused(
        &mut self,
        device: &mut Device,
        asked: &Asked,
        code: Code,
    ) -> Result<(), DeviceError> {
        self.photo = None;
        match code {
            Code::UploadOffset | Code::ChecksumMismatch => self.retry_later(device, None),
            Code::UploadGone | Code::NotFound | Code::PhotoHashMismatch => {
                device.photo_progress(&asked.hash, None, 0)?;
                self.retry_later(device, None)
            }
            code => device.photo_refused(&asked.hash, code),
        }
    }
}

/// The path of an absolute or relative address.
fn path_of(location: &str) -> String {
    let after_scheme = location.split_once("://").map(|(_, rest)| rest);
    let path = after_scheme.map(|rest| rest.find('/').map_or("/", |at| &rest[at..]));
    path.unwrap_or(location).to_owned()
}

fn create(task: &PhotoTask) -> Call {
    let name = STANDARD.encode(task.hash.to_string());
    call(Method::Post, "/v1/blobs".to_owned())
        .with("upload-length", task.size.to_string())
        .with("upload-metadata", format!("sha256 {name}"))
}

fn chunk(device: &Device, task: &PhotoTask, path: &str, offset: u64) -> Result<Call, DeviceError> {
    let bytes = device.photo_bytes(&task.hash)?;
    let from = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let to = (from + usize::try_from(CHUNK).unwrap_or(usize::MAX)).min(bytes.len());
    let part = bytes[from..to].to_vec();
    let checksum = STANDARD.encode(Sha256::digest(&part));
    let mut call = call(Method::Patch, path.to_owned())
        .with("upload-offset", offset.to_string())
        .with("upload-checksum", format!("sha256 {checksum}"))
        .with("content-type", "application/offset+octet-stream".to_owned());
    call.body = part;
    Ok(call)
}
