//! Checks the bytes of a photo: their hash, their markers, and that they can be decoded.

use axum::body::Bytes;
use sync_core::{
    causes::with_causes,
    photo::{self as photos, InvalidPhoto, PhotoLimits},
    record::PhotoHash,
    wire::Code,
};

use super::jpeg::{self, Unfit};
use crate::refusal::Refusal;

/// Longest edge of a working copy, in pixels.
const MAX_EDGE: u16 = 2_048;

/// Bytes of memory that decoding one photo may use.
const MAX_DECODE: u64 = 64 << 20;

/// The properties of a decoded photo, and its thumbnail.
pub(super) type Checked = (photos::Inspected, Vec<u8>);

/// Hashes and decodes on a blocking thread.
pub(super) async fn checked(bytes: Bytes, hash: PhotoHash) -> Result<Checked, Refusal> {
    let joined = tokio::task::spawn_blocking(move || check(&bytes, &hash)).await;
    joined.unwrap_or_else(|_| {
        Err(Refusal::new(
            Code::PhotoUnreadable,
            "the photo could not be decoded",
        ))
    })
}

fn check(bytes: &[u8], hash: &PhotoHash) -> Result<Checked, Refusal> {
    if PhotoHash::of(bytes) != *hash {
        return Err(Refusal::new(
            Code::PhotoHashMismatch,
            "send the photo again from its start",
        ));
    }
    jpeg::check(bytes, MAX_EDGE).map_err(|e| {
        let code = match e {
            Unfit::Damaged(_) => Code::PhotoUnreadable,
            Unfit::TooWide { .. } | Unfit::TooManyScans => Code::PhotoTooLarge,
        };
        Refusal::new(code, with_causes(&e))
    })?;
    // Devices use looser limits, because they decode camera files one at a time.
    let limits = PhotoLimits {
        max_edge: u32::from(MAX_EDGE),
        max_alloc: MAX_DECODE,
        ..PhotoLimits::default()
    };
    photos::inspect(bytes, &limits).map_err(|e| {
        let code = match e {
            InvalidPhoto::TooManyPixels { .. } | InvalidPhoto::TooLarge { .. } => {
                Code::PhotoTooLarge
            }
            _ => Code::PhotoUnreadable,
        };
        Refusal::new(code, with_causes(&e))
    })
}
