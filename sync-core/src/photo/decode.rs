//! Decodes a photo within limits, upright.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::causes::Cause;

/// Limits of every decode.
#[derive(Debug, Clone, Copy)]
pub struct PhotoLimits {
    /// Bytes of the file at most.
    pub max_bytes: usize,
    /// Pixels of one edge at most.
    pub max_edge: u32,
    /// Bytes that the decoder may allocate.
    pub max_alloc: u64,
    /// Long edge of the working copy in pixels.
    pub working_edge: u32,
    /// Long edge of the thumbnail in pixels.
    pub thumb_edge: u32,
    /// Bytes of the thumbnail at most.
    pub thumb_bytes: usize,
}

impl Default for PhotoLimits {
    /// 32 MiB, 20,000 px, 512 MiB; working copy 2048 px, thumbnail 320 px and 25 KB.
    fn default() -> Self {
        Self {
            max_bytes: 32 << 20,
            max_edge: 20_000,
            max_alloc: 512 << 20,
            working_edge: 2048,
            thumb_edge: 320,
            thumb_bytes: 25_000,
        }
    }
}

/// Bytes from which no photo can be made. A retry with the same bytes fails too.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPhoto {
    /// The file is too large.
    #[error("the file has {size} bytes, at most {limit} are taken; choose a smaller photo")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not a JPEG or PNG.
    #[error("the file is neither a JPEG nor a PNG photo; choose a photo")]
    NotAPhoto,
    /// Too many pixels.
    #[error(
        "the photo is too wide, too high or needs too much memory (at most {limit} pixels an edge); make it smaller"
    )]
    TooManyPixels {
        /// Pixels allowed for an edge.
        limit: u32,
    },
    /// Truncated or damaged.
    #[error("the photo is damaged or incomplete; take it again")]
    Damaged(#[source] Cause),
}

/// Decodes a photo and turns it upright.
pub(super) fn decode(
    bytes: &[u8],
    limits: &PhotoLimits,
    only_jpeg: bool,
) -> Result<DynamicImage, InvalidPhoto> {
    if bytes.len() > limits.max_bytes {
        return Err(InvalidPhoto::TooLarge {
            size: bytes.len(),
            limit: limits.max_bytes,
        });
    }
    let mut bounds = Limits::no_limits();
    bounds.max_image_width = Some(limits.max_edge);
    bounds.max_image_height = Some(limits.max_edge);
    bounds.max_alloc = Some(limits.max_alloc);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| InvalidPhoto::Damaged(e.into()))?;
    match reader.format() {
        Some(ImageFormat::Jpeg) => {}
        Some(ImageFormat::Png) if !only_jpeg => {}
        _ => return Err(InvalidPhoto::NotAPhoto),
    }
    // zune-jpeg fills the missing part of a truncated file with grey; a whole JPEG ends with its end marker.
    if reader.format() == Some(ImageFormat::Jpeg) && !ends_whole(bytes) {
        return Err(InvalidPhoto::Damaged("the end is missing".into()));
    }
    reader.limits(bounds);
    let failed = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => InvalidPhoto::TooManyPixels {
            limit: limits.max_edge,
        },
        other => InvalidPhoto::Damaged(other.into()),
    };
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.max_edge || decoder.total_bytes() > limits.max_alloc {
        return Err(InvalidPhoto::TooManyPixels {
            limit: limits.max_edge,
        });
    }
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut photo = DynamicImage::from_decoder(decoder).map_err(failed)?;
    photo.apply_orientation(orientation);
    Ok(photo)
}

/// Whether a JPEG has its end marker (cameras may add padding or a preview after it).
fn ends_whole(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(64 * 1024)..];
    tail.windows(2).any(|pair| pair == [0xff, 0xd9])
}
