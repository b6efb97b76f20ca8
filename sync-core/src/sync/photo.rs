//! The client's part of photo uploads: tus 1.0, in chunks, resumed at the server's offset.
//!
//! The file is compared with its event before each call. A photo without progress is left for the next sync after a
//! few tries, so that it blocks no other photo.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    asked::{Asked, AskedPhoto, Heard, PhotoCall},
    call::{Call, Method, Reply},
    photo_progress::Tried,
    syncing::Syncing,
    tus,
};
use crate::{
    device::{Device, DeviceError},
    wire::Code,
};

/// Bytes of a chunk at least: the largest photo then needs no more chunks than the server allows.
const MIN_CHUNK: u64 = 16 * 1024;
/// Tries of one photo without progress before it is left for the next sync.
const MAX_TRIES: u32 = 3;

impl Syncing {
    pub(super) fn next_photo(&mut self, device: &mut Device) -> Result<Option<Call>, DeviceError> {
        let (task, bytes) = loop {
            let Some(task) = device.next_photo(&self.photos.aside)? else {
                return Ok(None);
            };
            match device.checked_photo(&task)? {
                Some(bytes) => break (task, bytes),
                // Marked and shown; checked again in the next sync.
                None => self.photos.aside.insert(task.hash),
            };
        };
        let known = self
            .photos
            .current
            .filter(|(hash, _)| *hash == task.hash)
            .map(|(_, offset)| offset);
        let (kind, call) = match (&task.upload, known) {
            (None, _) => (PhotoCall::Create, tus::create(&task)),
            (Some(path), None) => (
                PhotoCall::Offset(path.clone()),
                tus::call(Method::Head, path.clone()),
            ),
            (Some(path), Some(offset)) => {
                let (call, length) = tus::chunk(&bytes, path, offset, self.photos.chunk);
                (PhotoCall::Chunk(path.clone(), offset, length), call)
            }
        };
        self.asked = Some(Asked::Photo(AskedPhoto {
            hash: task.hash,
            size: task.size,
            call: kind,
        }));
        Ok(Some(call))
    }

    pub(super) fn photo_answered(
        &mut self,
        device: &mut Device,
        asked: &AskedPhoto,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        if let Some(receipt) = reply.header("xuncha-receipt") {
            let Ok(receipt) = URL_SAFE_NO_PAD.decode(receipt) else {
                return Ok(Heard::Nothing(reply.unusable()));
            };
            device.photo_stored(&asked.hash, &receipt)?;
            self.report.photos += 1;
            self.photos.current = None;
            return Ok(Heard::Progress);
        }
        let path = match &asked.call {
            // Only a path of this server is accepted: an intermediary may have replaced the reply and removed other
            // headers.
            PhotoCall::Create => reply
                .header("location")
                .map(tus::path_of)
                .filter(|path| path.starts_with("/v1/uploads/")),
            PhotoCall::Offset(path) | PhotoCall::Chunk(path, ..) => Some(path.clone()),
        };
        let offset: Option<u64> = reply.header("upload-offset").and_then(|o| o.parse().ok());
        let (Some(path), Some(offset), 200..=299) = (path, offset, reply.status) else {
            return Ok(Heard::Nothing(reply.unusable()));
        };
        let possible = match &asked.call {
            PhotoCall::Create => offset == 0,
            PhotoCall::Offset(_) => offset < asked.size,
            PhotoCall::Chunk(_, from, length) => offset == from + length && offset < asked.size,
        };
        if !possible {
            // The upload is complete but no receipt came, or the offset is impossible. A new upload starts: the server
            // answers it with the receipt or with offset 0.
            device.photo_progress(&asked.hash, None, 0)?;
            let why = "续传位置不符 / the upload stands where it cannot; it is opened again";
            return Ok(Heard::Nothing(why.to_owned()));
        }
        device.photo_progress(&asked.hash, Some(&path), offset)?;
        self.photos.current = Some((asked.hash, offset));
        let tried = self.photos.tried.entry(asked.hash).or_default();
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
        asked: &AskedPhoto,
    ) -> Result<(), DeviceError> {
        let tried = self.photos.tried.entry(asked.hash).or_default();
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
        asked: &AskedPhoto,
    ) -> Result<(), DeviceError> {
        self.photo_lost(device, asked)?;
        let tried = self.photos.tried.entry(asked.hash).or_default();
        tried.stuck += 1;
        if tried.stuck >= MAX_TRIES && self.photos.aside.insert(asked.hash) {
            self.report.aside += 1;
        }
        Ok(())
    }

    /// Halves the chunks if the call was one: an intermediary may accept less than the server. `false` if it cannot.
    pub(super) fn smaller_chunk(&mut self, asked: &AskedPhoto) -> bool {
        let PhotoCall::Chunk(_, _, length) = &asked.call else {
            return false;
        };
        let half = (length / 2).max(MIN_CHUNK);
        let less = half < self.photos.chunk.min(*length);
        if less {
            self.photos.chunk = half;
        }
        less
    }

    /// Applies the server's refusal of a call for a photo. `None`: the refusal is about the device, not about the
    /// photo.
    pub(super) fn photo_refused(
        &mut self,
        device: &mut Device,
        asked: &AskedPhoto,
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
                self.photos.current = None;
                return Ok(Some(Heard::Understood));
            }
            Code::UploadOffset | Code::ChecksumMismatch => return Ok(Some(again())),
            Code::TooLarge if matches!(asked.call, PhotoCall::Create) => {}
            Code::UploadGone | Code::NotFound | Code::PhotoHashMismatch | Code::TooLarge => {
                device.photo_progress(&asked.hash, None, 0)?;
                return Ok(Some(again()));
            }
            _ => {}
        }
        self.photos.current = None;
        device.photo_refused(&asked.hash, code)?;
        Ok(Some(Heard::Progress))
    }
}
