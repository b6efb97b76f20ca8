//! Encodes a photo as a JPEG without metadata: the working copy and the thumbnail.

use image::{DynamicImage, codecs::jpeg::JpegEncoder};

use super::decode::{InvalidPhoto, PhotoLimits};

pub(super) fn encode(photo: &DynamicImage, quality: u8) -> Result<Vec<u8>, InvalidPhoto> {
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    photo
        .to_rgb8()
        .write_with_encoder(encoder)
        .map_err(|e| InvalidPhoto::Damaged(e.into()))?;
    Ok(out)
}

/// A thumbnail within the limit of bytes: lowers the quality first, then the number of pixels.
pub(super) fn thumbnail(
    photo: &DynamicImage,
    limits: &PhotoLimits,
) -> Result<Vec<u8>, InvalidPhoto> {
    let mut edge = limits.thumb_edge;
    loop {
        let thumb = photo.thumbnail(edge, edge);
        for quality in [75, 60, 45, 30] {
            let bytes = encode(&thumb, quality)?;
            if bytes.len() <= limits.thumb_bytes || edge <= 16 {
                return Ok(bytes);
            }
        }
        edge = edge * 3 / 4;
    }
}
