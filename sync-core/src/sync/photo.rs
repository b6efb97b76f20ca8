//! The client's part of photo uploads: tus 1.0, in chunks, resumed at the server's offset.
//!
//! The file is compared with its event before each call. A photo without progress is left for the next sync after a
//! few tries, so that it blocks no other photo.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Call, Heard, Method, Reply, Syncing, Waiting};
use crate::{
    device::{Device, DeviceError, PhotoTask},
    record::BlobHash,
    wire::Code,
};

/// Bytes of one chunk: a broken connection costs at most this.
pub(super) const CHUNK: u64 = 256 * 1024;
/// Bytes of a chunk at least: the largest photo then needs no more chunks than the server allows.
const MIN_CHUNK: u64 = 16 * 1024;
/// Tries of one photo without progress before it is left for the next sync.
const MAX_TRIES: u32 = 3;

/// The photo of the current call, and the kind of the call.
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
    /// A chunk: path of the upload, first byte, length in bytes.
    Chunk(String, u64, u64),
}

/// The progress of one photo in this sync.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tried {
    /// The highest offset that the server confirmed.
    reached: u64,
    /// Calls in a row without progress.
    tries: u32,
    /// Of these, the answered ones: a lost call is no fault of the photo.
    stuck: u32,
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
        let (task, bytes) = loop {
            let Some(task) = device.next_photo(&self.photos_aside)? else {
                return Ok(None);
            };
            match device.checked_photo(&task)? {
                Some(bytes) => break (task, bytes),
                // Marked and shown; checked again in the next sync.
                None => self.photos_aside.insert(task.hash),
            };
        };
        let known = self
            .photo
            .filter(|(hash, _)| *hash == task.hash)
            .map(|(_, offset)| offset);
        let (what, call) = match (&task.upload, known) {
            (None, _) => (What::Create, create(&task)),
            (Some(path), None) => (What::Offset(path.clone()), call(Method::Head, path.clone())),
            (Some(path), Some(offset)) => {
                let (call, length) = chunk(&bytes, path, offset, self.chunk);
                (What::Chunk(path.clone(), offset, length), call)
            }
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
    ) -> Result<Heard, DeviceError> {
        if let Some(receipt) = reply.header("xuncha-receipt") {
            let Ok(receipt) = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(receipt)
            else {
                return Ok(Heard::Nothing(reply.unusable()));
            };
            device.photo_stored(&asked.hash, &receipt)?;
            self.report.photos += 1;
            self.photo = None;
            return Ok(Heard::Progress);
        }
        let path = match &asked.what {
            // Only a path of this server is accepted: an intermediary may have replaced the reply and removed other
            // headers.
            What::Create => reply
                .header("location")
                .map(path_of)
                .filter(|path| path.starts_with("/v1/uploads/")),
            What::Offset(path) | What::Chunk(path, ..) => Some(path.clone()),
        };
        let offset: Option<u64> = reply.header("upload-offset").and_then(|o| o.parse().ok());
        let (Some(path), Some(offset), 200..=299) = (path, offset, reply.status) else {
            return Ok(Heard::Nothing(reply.unusable()));
        };
        let possible = match &asked.what {
            What::Create => offset == 0,
            What::Offset(_) => offset < asked.size,
            What::Chunk(_, from, length) => offset == from + length && offset < asked.size,
        };
        if !possible {
            // The upload is complete but no receipt came, or the offset is impossible. A new upload starts: the server
            // answers it with the receipt or with offset 0.
            device.photo_progress(&asked.hash, None, 0)?;
            let why = "续传位置不符 / the upload stands where it cannot; it is opened again";
            return Ok(Heard::Nothing(why.to_owned()));
        }
        device.photo_progress(&asked.hash, Some(&path), offset)?;
        self.photo = Some((asked.hash, offset));
        let tried = self.tried.entry(asked.hash).or_default();
        if offset > tried.reached {
            *tried = Tried {
                reached: offset,
                tries: 0,
                stuck: 0,
            };
            return Ok(Heard::Progress);
        }
        Ok(Heard::Understood)
    }

    /// A call for a photo was lost, or the server is busy. From the second time on, other photos come first.
    pub(super) fn photo_lost(
        &mut self,
        device: &mut Device,
        asked: &Asked,
    ) -> Result<(), DeviceError> {
        let tried = self.tried.entry(asked.hash).or_default();
        tried.tries += 1;
        if tried.tries > 1 {
            device.photo_failed(&asked.hash)?;
        }
        Ok(())
    }

    /// A call for a photo brought no progress. After a few tries the photo is left for the next sync.
    pub(super) fn photo_stuck(
        &mut self,
        device: &mut Device,
        asked: &Asked,
    ) -> Result<(), DeviceError> {
        self.photo_lost(device, asked)?;
        let tried = self.tried.entry(asked.hash).or_default();
        tried.stuck += 1;
        if tried.stuck >= MAX_TRIES && self.photos_aside.insert(asked.hash) {
            self.report.aside += 1;
        }
        Ok(())
    }

    /// Halves the chunks if the call was one: an intermediary may accept less than the server. `false` if it cannot.
    pub(super) fn smaller_chunk(&mut self, asked: &Asked) -> bool {
        let What::Chunk(_, _, length) = &asked.what else {
            return false;
        };
        let half = (length / 2).max(MIN_CHUNK);
        let less = half < self.chunk.min(*length);
        if less {
            self.chunk = half;
        }
        less
    }

    /// Applies the server's refusal of a call for a photo. `None`: the refusal is about the device, not about the
    /// photo.
    pub(super) fn photo_refused(
        &mut self,
        device: &mut Device,
        asked: &Asked,
        code: Code,
        detail: &str,
    ) -> Result<Option<Heard>, DeviceError> {
        let again = || Heard::Nothing(format!("{code}: {detail}"));
        match code {
            Code::DeviceUnknown
            | Code::DeviceRevoked
            | Code::UpgradeNeeded
            | Code::TusVersion
            | Code::SessionExpired => return Ok(None),
            Code::TooLarge if self.smaller_chunk(asked) => {
                self.photo = None;
                return Ok(Some(Heard::Understood));
            }
            Code::UploadOffset | Code::ChecksumMismatch => return Ok(Some(again())),
            Code::TooLarge if matches!(asked.what, What::Create) => {}
            Code::UploadGone | Code::NotFound | Code::PhotoHashMismatch | Code::TooLarge => {
                device.photo_progress(&asked.hash, None, 0)?;
                return Ok(Some(again()));
            }
            _ => {}
        }
        self.photo = None;
        device.photo_refused(&asked.hash, code)?;
        Ok(Some(Heard::Progress))
    }
}

/// The path of an absolute or relative URL.
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

/// The call that sends the chunk of a photo at `offset`, and its length.
fn chunk(bytes: &[u8], path: &str, offset: u64, most: u64) -> (Call, u64) {
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
